"""How we recognise what a campaign created: names, hidden comments, and contents. Pure."""

import re
from dataclasses import dataclass

from ci_stat.campaigns.model import Campaign, FileMode, Probe, Spec
from ci_stat.records.forge import NewFile

BRANCHES = "ci-stat/campaign/"  # with which all our branches begin

_BODY = re.compile(r"<!-- ci_stat campaign v1 ([0-9a-f]{12}) (\d{1,4}) ([0-9a-f]{16}) -->")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which probe something belongs to."""

    campaign: str
    position: int
    nonce: str


def branch_of(campaign: str, position: int, nonce: str) -> str:
    """The branch of a probe; no other probe of any campaign has the name."""
    return f"{BRANCHES}{campaign}/{position}-{nonce}"


def mark_of(campaign: Campaign, probe: Probe) -> str:
    """The hidden comment of a probe's pull request."""
    return f"<!-- ci_stat campaign v1 {campaign.id} {probe.position} {probe.nonce} -->"


def comment_mark(campaign: Campaign, probe: Probe, part: str) -> str:
    """The hidden comment of one comment. `part`: e.g. `commands 1`, `result`."""
    return f"<!-- ci_stat campaign v1 {campaign.id} {probe.position} {probe.nonce} {part} -->"


def read_mark(body: str) -> Mark | None:
    """The mark in the body of a pull request; None if it has none, or several different ones."""
    marks = set(_BODY.findall(body))
    if len(marks) != 1:
        return None
    campaign, position, nonce = marks.pop()
    return Mark(campaign, int(position), nonce)


def is_of(body: str, campaign: Campaign, probe: Probe) -> bool:
    """Whether the body of a pull request has the mark of this probe, and no other one."""
    return read_mark(body) == Mark(campaign.id, probe.position, probe.nonce)


def title_of(spec: Spec, probe: Probe) -> str:
    """The title of a pull request. Prow reads parameters after ` | `, so it has none."""
    title = " ".join(spec.title.split()).replace("|", "/")
    return f"{title} - {probe.due:%Y-%m-%d %H:%M} #{probe.position}"


def body_of(campaign: Campaign, probe: Probe) -> str:
    """The body of a pull request."""
    spec = campaign.spec
    words = (
        f"This pull request changes nothing. It is one of {spec.count} that measure how stable the"
        f" tests of `{spec.branch}` are. Do not merge it or push to it: it is closed by itself."
    )
    parts = (words, spec.body.strip(), mark_of(campaign, probe))
    return "\n\n".join(filter(None, parts)) + "\n"


def message_of(campaign: Campaign, probe: Probe) -> str:
    """The commit message. The nonce keeps commits of equal content distinct."""
    return f"{campaign.spec.title}: measure stability\n\nci_stat: {campaign.id} {probe.nonce}\n"


def path_of(spec: Spec, probe: Probe) -> str:
    """The file that a probe's commit adds or changes."""
    if spec.file_mode is FileMode.LINE:
        return spec.file
    folder = spec.file.strip("/")
    name = f"ci-stat-stability-{probe.nonce}.txt"
    return f"{folder}/{name}" if folder else name


def file_of(campaign: Campaign, probe: Probe, content: str) -> NewFile:
    """The file of a probe's commit. `content`: of the existing file, for `FileMode.LINE`."""
    path = path_of(campaign.spec, probe)
    line = f"ci_stat stability {campaign.id} {probe.position} {probe.nonce}\n"
    if campaign.spec.file_mode is FileMode.NEW:
        return NewFile(path, line)
    separator = "" if not content or content.endswith("\n") else "\n"
    return NewFile(path, f"{content}{separator}# {line}")
