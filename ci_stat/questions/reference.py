"""What people type for a pull request or a run: a number, `repo#number`, or a link. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ci_stat.errors import UsageError
from ci_stat.escape import visible

_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_OF_REPO = re.compile(r"([^\s#]{1,200})#([1-9][0-9]{0,17})", re.ASCII)
_PULL_PATH = re.compile(
    r"/(.{1,200}?)/(?:-/)?(?:pull|pulls|pull-requests|merge_requests)/([1-9][0-9]{0,17})(?:/.*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class PullReference:
    """A pull request as a person names it. `repo`: `owner/name`, a name alone, or "" for any."""

    repo: str
    number: int

    def matches(self, repo: str) -> bool:
        """Whether this repository is meant; names of repositories ignore case."""
        wanted, given = self.repo.casefold(), repo.casefold()
        return not wanted or given == wanted or given.rpartition("/")[2] == wanted

    def __str__(self) -> str:
        return f"{self.repo}#{self.number}"


def pull_reference(text: str) -> PullReference:
    """Parse `25036`, `#25036`, `owner/name#25036`, `name#25036` or a link. Raises UsageError."""
    words = text.strip()
    number = _NUMBER.fullmatch(words)
    if number:
        return PullReference("", int(number[1]))
    link = _path(words)
    match = _PULL_PATH.fullmatch(link) if link else _OF_REPO.fullmatch(words)
    if not match:
        raise UsageError(
            f"{visible(words, 200)!r} is not a pull request.",
            "Write its number, owner/name#number, or its link.",
        )
    return PullReference(match[1], int(match[2]))


def _path(text: str) -> str:
    """The path of an http(s) link; "" for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    is_link = parts.scheme in ("http", "https") and bool(parts.hostname)
    return unquote(parts.path).rstrip("/") if is_link else ""
