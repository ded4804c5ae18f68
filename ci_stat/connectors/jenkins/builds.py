"""Builds as Jenkins reports them, and as rows of `ci_data`. Pure values."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from ci_stat.errors import BadRecord, SourceError
from ci_stat.escape import visible
from ci_stat.records import HALF_PAIR, Extraction, RunRow, named_by_kind

FIELDS = "number,result,building,timestamp"
FIELDS_WITH_PARAMETERS = (
    f"{FIELDS},duration,actions[parameters[name,value],remoteUrls,lastBuiltRevision[SHA1]]"
)

# Build parameters with a column of their own; of several for one column, the first that is not
# empty.
COLUMNS = {
    "commit": ("ghprbActualCommit",),
    "branch": ("ghprbTargetBranch", "release_test__release_branch"),
    "comment": ("ghprbCommentBody",),
    "repo": ("ghprbGhRepository",),
}


class Build(msgspec.Struct, frozen=True):
    """One build.

    `result`: Jenkins' word, None if there is none (yet); `timestamp`: its start in milliseconds
    since 1970; `duration`: milliseconds, None if not requested or unknown; `checkouts`: address and
    commit of each repository that it checked out.
    """

    number: int
    result: str | None
    building: bool
    timestamp: int
    duration: int | None = None
    parameters: dict[str, str] = {}
    checkouts: tuple[tuple[str, str], ...] = ()


class OddBuild(msgspec.Struct, frozen=True):
    """A build that Jenkins describes in a way that cannot be stored.

    `number`: None if that is what is odd. `reason`: "because its timestamp is 0".
    """

    number: int | None
    reason: str


class Page(msgspec.Struct, frozen=True):
    """Builds, newest first, and the number of the job's oldest kept build (None for a job without
    builds).
    """

    items: list[Build | OddBuild]
    first: int | None

    @property
    def builds(self) -> list[Build]:
        """The builds that can be read."""
        return [item for item in self.items if isinstance(item, Build)]

    @property
    def odd(self) -> list[OddBuild]:
        """The others."""
        return [item for item in self.items if isinstance(item, OddBuild)]

    @property
    def numbers(self) -> set[int]:
        """The numbers of all builds, as far as they have one."""
        return {item.number for item in self.items if item.number is not None}

    def places(self, start: int) -> Iterator[tuple[int, Build]]:
        """Each build with its place in the list of Jenkins; `start`: that of the first item."""
        for place, item in enumerate(self.items, start):
            if isinstance(item, Build):
                yield place, item


def is_number(value: object) -> TypeGuard[int]:
    """Whether it can be a build number."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


_GOOD: dict[str, Callable[[object], bool]] = {
    "number": is_number,
    "timestamp": is_number,
    "building": lambda value: isinstance(value, bool),
    "result": lambda value: value is None or isinstance(value, str),
}


def page_of(value: dict[str, Any], where: str) -> Page:
    """The builds of a response. Raises SourceError if it has none, or is malformed."""
    builds = value.get("allBuilds")
    if not isinstance(builds, list):
        raise SourceError(
            f"{where} lists no builds.",
            "Is it a folder or a multibranch project? --job NAME/** reads the jobs in it.",
        )
    oldest = value.get("firstBuild")
    first = oldest.get("number") if isinstance(oldest, dict) else None
    page = Page([build_of(build) for build in builds], first if is_number(first) else None)
    if page.items and not page.numbers:
        raise SourceError(
            f"{where} lists builds without numbers.",
            "Is this a Jenkins server? A proxy may be changing its responses.",
        )
    return page


def build_of(value: Any) -> Build | OddBuild:
    """One build; an OddBuild that names the missing or malformed field."""
    if not isinstance(value, dict):
        return OddBuild(None, f"because it is {_kind(value)}, not an object")
    number = value.get("number")
    for name, good in _GOOD.items():
        if not good(value.get(name)):
            reason = f"because its {name} is {_kind(value.get(name))}"
            return OddBuild(number if is_number(number) else None, reason)
    result, parameters = value.get("result"), dict(_parameters(value.get("actions")))
    return Build(
        value["number"],
        result and _text(result),
        value["building"],
        value["timestamp"],
        _length(value.get("duration")),
        parameters,
        tuple(_checkouts(value.get("actions"))),
    )


def _kind(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return visible(repr(value), 20)
    return f"a {type(value).__name__}"


def _checkouts(actions: Any) -> Iterator[tuple[str, str]]:
    """(address, commit) of the build data of Git; "" for an unknown commit."""
    for action in filter(_is_object, _items(actions)):
        commit = _built_commit(action)
        for url in _items(action.get("remoteUrls")):
            if isinstance(url, str):
                yield _text(url), commit


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _built_commit(action: dict[str, Any]) -> str:
    revision = action.get("lastBuiltRevision")
    commit = revision.get("SHA1") if isinstance(revision, dict) else None
    return _text(commit) if isinstance(commit, str) else ""


def _length(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 2**63 else None


def _parameters(actions: Any) -> Iterator[tuple[str, str]]:
    """(name, value as text); the first value of a repeated name.

    A secret parameter has no value.
    """
    seen = set()
    for action in actions if isinstance(actions, list) else ():
        for name, value in _pairs(action):
            if name not in seen:
                seen.add(name)
                yield _text(name), _value_text(value)


def _pairs(action: Any) -> Iterator[tuple[str, object]]:
    parameters = action.get("parameters") if isinstance(action, dict) else None
    for parameter in parameters if isinstance(parameters, list) else ():
        if not isinstance(parameter, dict):
            continue
        name, value = parameter.get("name"), parameter.get("value")
        if isinstance(name, str) and value is not None:
            yield name, value


def _value_text(value: object) -> str:
    """The original writer stores all values as texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _text(value: str) -> str:
    """Without lone surrogates, which no database driver can send."""
    return HALF_PAIR.sub("\ufffd", value)


def row_of(
    job: str,
    build: Build,
    parameters: Mapping[str, str],
    zone: ZoneInfo,
    analysis: dict[str, Any] | None,
) -> RunRow:
    """The build as a row: promoted parameters in their columns, all others in `description`.

    Raises BadRecord for a start after the year 9999, which no table can store.
    """
    start = wall_clock(build.timestamp, zone)
    if start is None:
        raise BadRecord("its start is not a time that a table can store")
    left = dict(parameters)
    columns: dict[str, str | None] = {}
    for column, names in COLUMNS.items():
        taken = next((name for name in names if left.get(name)), None)
        columns[column] = left.pop(taken) if taken else None
        for name in names:  # an empty parameter has no information
            if not left.get(name, "-"):
                del left[name]
    return RunRow(
        job,
        build.number,
        build.result or "",
        start,
        build.duration,
        description=left,
        analysis_res=analysis,
        **columns,
    )


def wall_clock(milliseconds: int, zone: ZoneInfo) -> datetime | None:
    """A time of Jenkins as the table has it; None if no table can store it."""
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.replace(tzinfo=None, fold=0)


def analysis_of(extraction: Extraction) -> dict[str, Any]:
    """`analysis_res` of a log's failures: names by key, each once, in the order of the log; {} for
    none. Unknown kinds and guesses have no key.
    """
    certain = (failure for failure in extraction.failures if not failure.guess)
    return named_by_kind((failure.kind, _text(failure.name)) for failure in certain)
