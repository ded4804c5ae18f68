"""What people type for a pull request or a run: a number, `repo#number`, or a link. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.records import Run
from ci_stat.records.attempts import build_id

_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_OF_REPO = re.compile(r"([^\s#]{1,200})#([1-9][0-9]{0,17})", re.ASCII)
_VIEW = re.compile(r"/view/[^/]{1,200}/(?=(?:view|job)/)")
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


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run as a person names it: job and number, or the address of its page."""

    job: str
    number: int
    link: str = ""

    def candidates(self, jobs: Collection[str]) -> Iterator[tuple[str, int]]:
        """The job and number that may be meant, the most likely first. `jobs`: of the table."""
        if not self.link:
            yield self.job, self.number
            return
        path = _path(self.link)
        numbers = [int(part) for part in path.split("/") if _NUMBER.fullmatch(part)][::-1]
        spelled = _without_keywords(path)
        named = [job for job in jobs if f"/{job}/" in f"{path}/" or f"/{job}/" in f"{spelled}/"]
        for job in sorted(named, key=len, reverse=True):
            yield from ((job, number) for number in numbers)
        # The page of a GitHub job has its number only.
        yield from ((job, number) for job in sorted(jobs) for number in numbers[:1])

    def accepts(self, run: Run) -> bool:
        """Whether a run is the one that is meant: a link without the job's name must be its own."""
        spelled = f"{_without_keywords(_path(self.link))}/"
        if not self.link or f"/{run.job_name}/" in spelled:
            return True
        return _path(run.link) == _path(self.link)


def _without_keywords(path: str) -> str:
    """The path of a Jenkins page with the names of folders and jobs only, without views."""
    return _VIEW.sub("/", path).replace("/job/", "/")


def run_reference(job: str, number: str | None) -> RunReference:
    """Parse a job and a number (`7`, `#7`, `7.2`), or a link alone. Raises UsageError."""
    if number is None:
        if not _path(job):
            raise UsageError(
                f"{visible(job, 200)!r} is not the link of a run.",
                "Write a job and a number, or the link of a run.",
            )
        return RunReference(job, 0, job)
    build = build_id(number)
    if build is None:
        raise UsageError(
            f"{visible(number, 100)!r} is not a build number.", "Write 7, #7, or 7.2 for attempt 2."
        )
    return RunReference(job, build)
