"""Names of Jenkins jobs: full names, safe URL paths, and patterns over folders."""

import unicodedata
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from urllib.parse import quote, unquote

from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

ANY_DEPTH = "**"
_MAX_LENGTH = 1_000  # characters of a full name; servers refuse longer paths, too
Segments = tuple[str, ...]


def segments_of(job: str) -> Segments:
    """The folders of a full name `a/b/c`, and the job itself.

    Raises NoLog (REFUSED) for an invalid name.
    """
    segments = tuple(job.split("/"))
    for segment in segments:
        problem = _problem(segment)
        if problem:
            raise NoLog(
                LogState.REFUSED, f"{visible(repr(job), 200)} is not the name of a job: {problem}."
            )
    if len(job) > _MAX_LENGTH:
        raise NoLog(
            LogState.REFUSED, f"{visible(repr(job), 200)} is not the name of a job: it is too long."
        )
    return segments


def below(folder: Segments, name: str) -> Segments:
    """The item `name` in a folder, as Jenkins lists it.

    Raises NoLog (REFUSED) for an invalid name.
    """
    if len(segments_of(name)) > 1:
        raise NoLog(
            LogState.REFUSED,
            f"{visible(repr(name), 200)} is not the name of a job: it contains a slash.",
        )
    return (*folder, name)


def _problem(segment: str) -> str:
    """Why a folder or a job cannot have this name; "" if it can."""
    if not segment:
        return "a part of it is empty"
    if segment.strip(".") == "":
        return "a part of it consists of dots"
    # A proxy may treat a backslash as a slash.
    if "\\" in segment:
        return "it contains a backslash"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in segment):
        return "it contains a control character or a lone surrogate"
    return ""


def spellings(job: str) -> list[Segments]:
    """The possible meanings of a name, likeliest first.

    Tables also contain jobs in folders as `a%2Fb`, the spelling of URLs. Jenkins itself forbids %
    in names, but calls the branch `a/b` of a multibranch project `a%2Fb`. So without a slash,
    folders come first; with one, a branch. Raises NoLog (REFUSED), before any request, if one of
    the meanings is an invalid name.
    """
    literal = segments_of(job)
    if "%2f" not in job.lower():
        return [literal]
    folders = segments_of(unquote(job))
    return [literal, folders] if "/" in job else [folders, literal]


def path_of(segments: Segments) -> str:
    """`/job/a/job/b`, each part quoted, so that no character of a name has a meaning in the URL."""
    return "".join(f"/job/{quote(segment, safe='')}" for segment in segments)


def full_name(segments: Segments) -> str:
    return "/".join(segments)


def is_pattern(text: str) -> bool:
    """Whether `text` is a pattern. Jenkins forbids * ? [ in names, so no name looks like one."""
    return any(character in text for character in "*?[")


def step(patterns: Iterable[Segments], name: str) -> set[Segments]:
    """The rests of the patterns below an item `name`; () means that the item itself matches.

    In a pattern `a/*/c`, `*` stands for one part; `**` stands for any number of parts, at least
    one at the end.
    """
    return {rest for pattern in patterns if pattern for rest in _step(pattern, name)}


def _step(pattern: Segments, name: str) -> Iterator[Segments]:
    head, rest = pattern[0], pattern[1:]
    if head != ANY_DEPTH:
        if fnmatchcase(name, head):
            yield rest
        return
    yield pattern
    if rest:
        yield from _step(rest, name)
    else:
        yield ()


def matches(pattern: str, segments: Segments) -> bool:
    """Whether a pattern matches a whole name."""
    left: set[Segments] = {tuple(pattern.split("/"))}
    for segment in segments:
        left = step(left, segment)
    return () in left
