"""The one comment of a pull request: a section for each job and matrix entry.

Two jobs write into one comment. Each replaces its own section, which it finds by hidden lines. The
hidden line of a section holds what the head of the comment needs to know of it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ci_stat.rendering.format import plural
from ci_stat.test_results.publishing.model import Publication, Standing
from ci_stat.test_results.publishing.text.markdown import Writer
from ci_stat.test_results.publishing.text.section import LIMIT, section_text
from ci_stat.test_results.publishing.text.words import fresh, run_name

MARKER = "<!-- ci_stat:tests:v1 -->"
MAX_BODY = 65_000  # characters; GitHub takes 65,536
MAX_SECTION = 40_000
MAX_SECTIONS = 100
_END = "<!-- ci_stat:section:end -->"
_SECTION = re.compile(
    r"<!-- ci_stat:section:v1 (\{[^<>\r\n]{0,6000}\}) -->\n(.*?)\n?" + re.escape(_END), re.DOTALL
)
_LIVE = re.compile("[-<>&@#`]")


class SectionInfo(msgspec.Struct, frozen=True):
    """What the hidden line of a section says.

    - `key`: of the job and its labels. `name`: for people, as Markdown.
    - `run`, `attempt`: which run; a newer one replaces it. `commit`: cut.
    - `state`: passed, failed or unknown. `fresh`: failures that history does not excuse.
    - `broken`: those of them that are new. `failed`, `tests`: counts.
    """

    key: str
    name: str
    run: int | None
    attempt: int
    commit: str
    state: str
    fresh: int
    broken: int
    failed: int
    tests: int


@dataclass(frozen=True, slots=True)
class CommentSection:
    """A section with its text."""

    info: SectionInfo
    text: str


def section_of(publication: Publication, writer: Writer) -> CommentSection:
    """The section of a run. Lists are shortened until it fits."""
    run = publication.run
    key = hashlib.sha256(json.dumps([1, run.job, run.label_text]).encode()).hexdigest()[:16]
    info = SectionInfo(
        key=key,
        name=writer.code(run_name(run)),
        run=run.number,
        attempt=run.attempt,
        commit=run.commit[:40],
        state=publication.state,
        fresh=len(fresh(publication)),
        broken=len(publication.of(Standing.BROKEN)),
        failed=len(publication.failures),
        tests=publication.counts.tests,
    )
    limit = LIMIT
    text = section_text(publication, writer, limit)
    while len(text) > MAX_SECTION and limit:
        limit //= 2
        text = section_text(publication, writer, limit)
    return CommentSection(info, text)


def merged(
    sections: Iterable[CommentSection], new: CommentSection | None = None
) -> dict[str, CommentSection]:
    """The newest section of each key."""
    newest: dict[str, CommentSection] = {}
    for section in (*sections, *((new,) if new else ())):
        known = newest.get(section.info.key)
        if known is None or not is_older(section.info, known.info):
            newest[section.info.key] = section
    return newest


def is_older(one: SectionInfo, other: SectionInfo) -> bool:
    """Whether `one` is of an earlier run, or of an earlier attempt of the same run."""
    if one.run is None or other.run is None:
        return False
    return (one.run, one.attempt) < (other.run, other.attempt)


def composed(sections: Mapping[str, CommentSection], commit: str) -> str:
    """The whole comment. `commit`: the newest one; sections of others are marked.

    Sections that do not fit lose their text, the longest first; their line in the head stays.
    """
    ordered = sorted(sections.values(), key=_order)[:MAX_SECTIONS]
    texts = {section.info.key: section.text for section in ordered}
    while True:
        body = _body(ordered, texts, commit, len(sections) - len(ordered))
        if len(body) <= MAX_BODY:
            return body
        longest = max(texts, key=lambda key: len(texts[key]))
        if not texts[longest]:
            ordered = ordered[:-1]
            texts = {section.info.key: texts[section.info.key] for section in ordered}
        else:
            texts[longest] = ""


def _order(section: CommentSection) -> tuple[bool, int, int, str]:
    info = section.info
    return (info.state == "passed", -info.fresh, -info.failed, info.name)


def _body(
    ordered: Sequence[CommentSection], texts: Mapping[str, str], commit: str, more: int
) -> str:
    infos = [section.info for section in ordered]
    parts = [MARKER, f"## {title(infos)}"]
    if len(infos) > 1:
        lines = [_line(info, commit) for info in infos]
        parts.append("\n".join(lines + ([f"- … and {plural(more, 'more job')}"] if more else [])))
    for info in infos:
        text = texts[info.key].rstrip("\n") or _without_text(info)
        parts.append(f"{_hidden(info)}\n{text}\n{_END}")
    return "\n\n".join(parts) + "\n"


def title(infos: Sequence[SectionInfo]) -> str:
    """What all jobs say together."""
    broken = sum(info.broken for info in infos if info.fresh)
    fresh = sum(info.fresh for info in infos)
    failed = sum(info.failed for info in infos)
    if broken and broken == fresh:
        return f"❌ This change breaks {plural(broken, 'test')}"
    if fresh:
        return f"❌ {plural(fresh, 'test')} {'fails' if fresh == 1 else 'fail'}"
    if any(info.state == "unknown" for info in infos):
        return "⚠️ Cannot tell whether all tests passed"
    if failed:
        return f"⚠️ No test is broken by this change; {plural(failed, 'test')} fail otherwise"
    return f"✅ {plural(sum(info.tests for info in infos), 'test')} passed or skipped"


def _line(info: SectionInfo, commit: str) -> str:
    mark = "❌" if info.fresh else "✅" if info.state == "passed" else "⚠️"
    failures = f"{info.failed:,} failed of " if info.failed else ""
    old = "" if info.commit == commit or not info.commit else f", of commit `{info.commit[:12]}`"
    return f"- {mark} {info.name}: {failures}{plural(info.tests, 'test')}{old}"


def _without_text(info: SectionInfo) -> str:
    return (
        f"### {info.name}\n\nThe details do not fit into this comment: see the summary of the run."
    )


def _hidden(info: SectionInfo) -> str:
    text = json.dumps(msgspec.to_builtins(info), separators=(",", ":"))
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"', _escaped, text)
    return f"<!-- ci_stat:section:v1 {quoted} -->"


def _escaped(quoted: re.Match[str]) -> str:
    return _LIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted[0])


def sections_in(body: str) -> list[CommentSection]:
    """The sections of a comment of ours; what is not valid is left out."""
    sections = []
    for match in _SECTION.finditer(body.replace("\r\n", "\n")):
        try:
            info = msgspec.convert(json.loads(match[1]), SectionInfo)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            continue
        sections.append(CommentSection(info, match[2] + "\n"))
    return sections[:MAX_SECTIONS]


def is_ours(body: str) -> bool:
    """Whether a text begins as our comments do."""
    return body.lstrip().startswith(MARKER)
