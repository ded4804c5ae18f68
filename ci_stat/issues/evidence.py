"""What speaks for an issue: failures of a window with their history, and the runs beside them. Pure values, and keys.

A run that the machines broke speaks for no test. A run in which many tests failed together is one incident, not many
failing tests.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind
from ci_stat.result import failure_key

INCIDENT = "incident"
MOST_KEY = 300  # characters
MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})
# What the code of a test, or what it tests, did. The others belong to a whole run.
TESTS = frozenset({FailureKind.CASE, FailureKind.PANIC, FailureKind.RACE, FailureKind.LEAK})
_SUBTEST = re.compile(r"^([\w.*()]*\bTest\w*)/.+")


class Cause(StrEnum):
    """Why a failure in one run says nothing about the test by itself."""

    MACHINES = "machines"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class RunRef:
    """A finished run. `started`: aware, UTC. `shows`: its tests ran, so that one which fails would be seen."""

    job: str
    number: int
    started: datetime
    link: str
    branch: str
    commit: str
    succeeded: bool
    shows: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One failure in one run, and what it said there."""

    run: RunRef
    said: CaseFailure
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same failure in other jobs of the window, or on other branches."""

    job: str
    branch: str
    runs: int
    link: str


@dataclass(frozen=True)
class Failing:
    """A failing test, or an incident, with its runs, oldest first.

    `members`: the keys of an incident's tests, and their names. `elsewhere`: by other jobs.
    """

    key: str
    kind: str
    name: str
    hits: tuple[Hit, ...]
    members: Mapping[str, str] = field(default_factory=dict)
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def own(self) -> tuple[Hit, ...]:
        """The failures that speak about it: not those of machines or of incidents."""
        return tuple(hit for hit in self.hits if hit.cause is None)

    @property
    def newest(self) -> CaseFailure:
        return self.hits[-1].said


@dataclass(frozen=True)
class Evidence:
    """The failures of the window [begin, end), with all that is known from `since` to `until`; all aware, UTC.

    - `failing`: everything that failed in that time. `incidents`: what failed together.
    - `runs`: all finished runs from `since` to `until`, oldest first.
    - `unread`: failed runs of the window of which no failure is known, by what became of their logs.
    - `zone`: whose days are counted.
    """

    begin: datetime
    end: datetime
    since: datetime
    zone: ZoneInfo
    jobs: tuple[str, ...]
    failing: Mapping[str, Failing]
    incidents: tuple[Failing, ...]
    runs: tuple[RunRef, ...]
    unread: tuple[tuple[str, int], ...] = ()
    later: datetime | None = None

    @property
    def until(self) -> datetime:
        """Up to when failures are known: a window of the past is not the end of the story."""
        return max(self.end, self.later or self.end)

    def before_end(self, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        return tuple(hit for hit in hits if hit.run.started < self.end)

    @property
    def at_end(self) -> "Evidence":
        """As it was known at the window's end: what issues say, so that a second run of the day says nothing else."""
        if self.until == self.end:
            return self
        cut = (
            (key, replace(each, hits=self.before_end(each.hits)))
            for key, each in self.failing.items()
        )
        groups = (replace(each, hits=self.before_end(each.hits)) for each in self.incidents)
        return replace(
            self, failing={key: each for key, each in cut if each.hits}, later=None,
            incidents=tuple(each for each in groups if each.hits),
            runs=tuple(run for run in self.runs if run.started < self.end),
        )  # fmt: skip

    def in_window(self, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        return tuple(hit for hit in hits if self.begin <= hit.run.started < self.end)

    def runs_since(self, first: datetime) -> int:
        """Finished runs that started then or later."""
        return len(self.runs) - bisect_left(self.runs, first, key=_started)

    def day(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).date().isoformat()


def issue_key(failure: CaseFailure) -> tuple[str, str]:
    """What one issue is about: key and name. Subtests go to their test; what has no name goes by its fingerprint."""
    kind, name = failure_key(failure)
    name = name.encode(
        "utf-8", "backslashreplace"
    ).decode()  # half a pair has no place in any text of ours
    if kind == FailureKind.CASE and not failure.guess:
        test = _SUBTEST.sub(r"\1", name)
        return _bounded(f"case:{test}"), test
    return _bounded(f"{kind}:{name}"), case_key(failure.name).encode(
        "utf-8", "backslashreplace"
    ).decode()


def _bounded(key: str) -> str:
    """Names have no limit, and a key stands in every issue's text: a long one ends with a hash of the whole."""
    if len(key) <= MOST_KEY:
        return key
    return f"{key[: MOST_KEY - 17]}~{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def key_of_case(case: str) -> str:
    """The key of a case as a person types it, in whichever spelling; a key itself stays as it is."""
    kind = case.partition(":")[0]
    if kind in (INCIDENT, FailureKind.CASE) or (kind in set(FailureKind) and ":v1:" in case):
        return case
    return issue_key(CaseFailure(FailureKind.CASE.value, case))[0]


def _started(ref: RunRef) -> datetime:
    return ref.started
