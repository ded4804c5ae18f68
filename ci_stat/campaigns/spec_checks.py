"""Rejects campaigns that could not work, before anything is written."""

import re
from collections.abc import Iterator, Sequence
from datetime import time
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ci_stat.campaigns.model import FileMode, Spec
from ci_stat.campaigns.presets import TICDC, CampaignFile, right_name
from ci_stat.formats.strict_toml import InvalidValue

CHANNELS = ("feishu", "mail", "slack")
MAX_COUNT = 1_000
LEAST_TARGET = 0.0001  # it takes 29,956 runs to rule out
_MAX_LINE = 200  # characters of a title, a label, a command or a job
_MAX_BODY = 60_000  # characters; GitHub takes 65,536, and ours come on top
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_BRANCH = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|@\{|/\.))[^\x00-\x20\x7f~^:?*\[\\]{1,200}(?<![/.])")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def check_keys(campaign: CampaignFile) -> None:
    """Raises InvalidValue."""
    spec = campaign.spec
    _check_places(spec)
    _check_numbers(spec)
    _check_texts(spec)
    _check_lists(spec)
    _check_names(spec)
    _check_file(spec)
    for channel in campaign.channels:
        if channel not in CHANNELS:
            hint = f"Known channels: {', '.join(CHANNELS)}."
            raise InvalidValue(("report", "channels"), f"unknown channel {channel[:80]!r}", hint)


def time_of(text: str) -> time:
    """The time of day of `HH:MM`. Raises InvalidValue."""
    match = _TIME.fullmatch(text)
    if not match:
        reason = f"{text[:40]!r} is not a time of day"
        raise InvalidValue(("schedule", "at"), reason, "Write HH:MM, such as 12:00.")
    return time(int(match[1]), int(match[2]))


def zone_of(name: str) -> ZoneInfo:
    """The time zone. Raises InvalidValue."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Use a name like Asia/Shanghai."
    raise InvalidValue(("schedule", "zone"), f"unknown time zone {name[:80]!r}", hint)


def _check_places(spec: Spec) -> None:
    for key, repo in (("repo", spec.repo), ("fork", spec.fork)):
        is_absent = key == "fork" and not repo
        if not is_absent and not _REPO.fullmatch(repo):
            raise InvalidValue((key,), f"{repo[:80]!r} is not a repository", "Write owner/name.")
    if not _BRANCH.fullmatch(spec.branch) or spec.branch.endswith(".lock"):
        raise InvalidValue(("branch",), f"{spec.branch[:80]!r} is not the name of a branch")


def _check_numbers(spec: Spec) -> None:
    limits: tuple[tuple[tuple[str, ...], float, float, float], ...] = (
        (("count",), spec.count, 1, MAX_COUNT),
        (("kept_limit",), spec.kept_limit, 0, MAX_COUNT),
        (("budget", "pull_requests"), spec.budget.pull_requests, 0, MAX_COUNT),
        (("budget", "comments"), spec.budget.comments, 0, 1_000_000),
        (("budget", "hours"), spec.budget.hours, 0, 100_000),
    )
    for path, value, least, most in limits:
        if not least <= value <= most:
            reason = f"`{path[-1]}` is {value:g}, not a number from {least:g} to {most:g}"
            raise InvalidValue(path, reason)
    if not spec.deadline:
        raise InvalidValue(("deadline_hours",), "`deadline_hours` is 0: every job would time out")
    if spec.target_rate and not LEAST_TARGET <= spec.target_rate < 1:
        hint = "Write a share: 0.05 for 5 %. 0: no target."
        reason = f"`target_rate` is {spec.target_rate:g}, not from {LEAST_TARGET:g} to below 1"
        raise InvalidValue(("target_rate",), reason, hint)
    if spec.until_decided and not spec.target_rate:
        reason = "`until_decided` needs a `target_rate`"
        raise InvalidValue(("until_decided",), reason, "Add target_rate = 0.05, for example.")


def _check_texts(spec: Spec) -> None:
    _check_line(("title",), spec.title)
    if " | " in spec.title:
        reason = "`title` contains ' | '"
        hint = "Some CIs read what follows it as parameters of the build. Use another separator."
        raise InvalidValue(("title",), reason, hint)
    if len(spec.body) > _MAX_BODY:
        raise InvalidValue(("body",), f"`body` has more than {_MAX_BODY:,} characters")


def _check_lists(spec: Spec) -> None:
    lists = (("labels", spec.labels), ("commands", spec.commands), ("contexts", spec.contexts))
    for key, lines in lists:
        for line in lines:
            _check_line((key,), line)
        if len(set(lines)) < len(lines):
            raise InvalidValue((key,), f"`{key}` has an entry twice: {_double(lines)!r}")


def _double(lines: Sequence[str]) -> str:
    return next(line for line in lines if lines.count(line) > 1)


def _check_line(path: tuple[str, ...], line: str) -> None:
    is_valid = line.strip() == line and line.isprintable() and 0 < len(line) <= _MAX_LINE
    if not is_valid:
        reason = f"`{path[0]}` has {line[:40]!r}: it is empty, too long, or no plain line"
        raise InvalidValue(path, reason)


def _check_names(spec: Spec) -> None:
    """A job that is spelled like its Jenkins path starts nothing."""
    for key, name in _job_names(spec):
        right = right_name(spec.repo, name)
        if right != name:
            reason = f"{name!r} triggers nothing: the names of the jobs have hyphens"
            raise InvalidValue((key,), reason, f"Write {right!r}.")
    for command in spec.commands:
        if spec.repo.lower() == TICDC and "," in command:
            reason = f"{command[:80]!r} has a comma, and a name before a comma triggers nothing"
            raise InvalidValue(("commands",), reason, "Separate the names by spaces.")


def _job_names(spec: Spec) -> Iterator[tuple[str, str]]:
    for name in spec.contexts:
        yield "contexts", name
    for command in spec.commands:
        for word in command.replace(",", " ").split()[1:]:
            yield "commands", word


def _check_file(spec: Spec) -> None:
    parts = spec.file.split("/")
    is_inside = all(part not in ("", ".", "..", ".git") for part in parts) and "\\" not in spec.file
    if spec.file and not (is_inside and spec.file.isprintable()):
        reason = f"{spec.file[:80]!r} is not a path inside the repository"
        raise InvalidValue(("file", "path"), reason)
    if spec.file_mode is FileMode.LINE and not spec.file:
        raise InvalidValue(("file", "mode"), "mode 'line' needs the `path` of an existing file")
