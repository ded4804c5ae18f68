"""Evidence for issues: failures of a window with their history, and the runs around them.

Pure values and keys. A run that the infrastructure broke says nothing about a test. A run in which
many tests failed together is one incident, not many failing tests.
"""

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind, shown_id
from ci_stat.result import failure_key

INCIDENT = "incident"
MOST_KEY = 300  # characters
MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})
# Failures of a test or of the code under test. The other kinds belong to a whole run.
TESTS = frozenset({FailureKind.CASE, FailureKind.PANIC, FailureKind.RACE, FailureKind.LEAK})
_SUBTEST = re.compile(r"^([\w.*()]*\bTest\w*)/.+")


class Cause(StrEnum):
    """Why a failure in one run says nothing about the test itself."""

    MACHINES = "machines"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class RunRef:
    """A finished run.

    - `number`: as stored, so that it differs between attempts.
    - `started`: aware, UTC.
    - `shows`: its tests ran, so a failing test is visible in it.
    """

    job: str
    number: int
    started: datetime
    link: str
    branch: str
    commit: str
    succeeded: bool
    shows: bool = True

    @property
    def build(self) -> str:
        """The number for people: `7`, or `7.2` for a second attempt."""
        return shown_id(self.number)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One failure in one run.

    `cause`: why it is not evidence about the test; None if it is.
    """

    run: RunRef
    failure: CaseFailure
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same failure in another job: how many runs, and a link to the last one."""

    job: str
    branch: str
    runs: int
    link: str


@dataclass(frozen=True)
class FailureHistory:
    """A failing test or an incident, with its occurrences, oldest first.

    - `members`: names of an incident's tests by key.
    - `elsewhere`: occurrences in other jobs.
    - `package`: of its test, if tests of other packages with this name fail too; else "".
    - `aliases`: keys that the failure had or has when it is known with, or without, its package.
    - `name_key`: the key of its name in any package.
    """

    key: str
    kind: str
    name: str
    occurrences: tuple[Occurrence, ...]
    members: Mapping[str, str] = field(default_factory=dict)
    elsewhere: tuple[Elsewhere, ...] = ()
    package: str = ""
    aliases: tuple[str, ...] = ()
    name_key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key, and its aliases."""
        return (self.key, *self.aliases)

    @property
    def mute_keys(self) -> tuple[str, ...]:
        """The keys whose mute holds for it: a mute of a name holds in each package."""
        return (*self.keys, self.name_key)

    @property
    def own(self) -> tuple[Occurrence, ...]:
        """The occurrences that are evidence: without outages and incidents."""
        return tuple(occurrence for occurrence in self.occurrences if occurrence.cause is None)

    @property
    def newest(self) -> CaseFailure:
        return self.occurrences[-1].failure


@dataclass(frozen=True)
class Evidence:
    """The failures of the window [begin, end), and all runs from `since` to `until`. Times: UTC.

    - `histories`: all failures from `since` to `until`, by key.
    - `incidents`: tests that failed together.
    - `runs`: all finished runs from `since` to `until`, oldest first.
    - `unread`: failed runs of the window without a known failure: state of the log, and count.
    - `zone`: the time zone that days are counted in.
    - `later`: end of the known runs, if they reach beyond the window.
    """

    begin: datetime
    end: datetime
    since: datetime
    zone: ZoneInfo
    jobs: tuple[str, ...]
    histories: Mapping[str, FailureHistory]
    incidents: tuple[FailureHistory, ...]
    runs: tuple[RunRef, ...]
    unread: tuple[tuple[str, int], ...] = ()
    later: datetime | None = None

    def of_key(self, key: str) -> FailureHistory | None:
        """The history with this key, or with this alias."""
        history = self.histories.get(key)
        if history is not None:
            return history
        return next((one for one in self.histories.values() if key in one.aliases), None)

    @property
    def until(self) -> datetime:
        """End of the known runs: at or after the window's end."""
        return max(self.end, self.later or self.end)

    def before_end(self, occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
        return tuple(occurrence for occurrence in occurrences if occurrence.run.started < self.end)

    @property
    def at_end(self) -> "Evidence":
        """The evidence as of the window's end.

        Issues are written from it, so a second run on the same day writes the same text.
        """
        if self.until == self.end:
            return self

        histories = self._cut(self.histories.values())
        return replace(
            self,
            histories={history.key: history for history in histories},
            incidents=self._cut(self.incidents),
            runs=tuple(run for run in self.runs if run.started < self.end),
            later=None,
        )

    def _cut(self, histories: Iterable[FailureHistory]) -> tuple[FailureHistory, ...]:
        """The histories without occurrences after the window; empty ones are left out."""
        cut = (
            replace(history, occurrences=self.before_end(history.occurrences))
            for history in histories
        )
        return tuple(history for history in cut if history.occurrences)

    def in_window(self, occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
        return tuple(
            occurrence
            for occurrence in occurrences
            if self.begin <= occurrence.run.started < self.end
        )

    def runs_since(self, first: datetime) -> int:
        """Count the finished runs that started at `first` or later."""
        return len(self.runs) - bisect_left(self.runs, first, key=_started)

    def day(self, moment: datetime) -> str:
        """The ISO date of a moment in `zone`."""
        return moment.astimezone(self.zone).date().isoformat()


def run_keys(occurrences: Iterable[Occurrence]) -> set[tuple[str, int]]:
    """Job and number of the failed runs, without duplicates."""
    return {(occurrence.run.job, occurrence.run.number) for occurrence in occurrences}


def issue_key(failure: CaseFailure, ambiguous: Container[str] = frozenset()) -> tuple[str, str]:
    """Return key and name of the failure that one issue is about.

    Subtests belong to their test. A failure without a case name is keyed by its fingerprint.
    `ambiguous`: keys of names that tests of several packages have; their keys name the package.
    """
    kind, name = failure_key(failure)
    name = _without_surrogates(name)

    if kind == FailureKind.CASE and not failure.guess:
        test = _SUBTEST.sub(r"\1", name)
        key, package = _bounded(f"case:{test}"), package_of(failure)
        return (key_in(key, package), test) if package and key in ambiguous else (key, test)

    return _bounded(f"{kind}:{name}"), _without_surrogates(case_key(failure.name))


def package_of(failure: CaseFailure) -> str:
    """Where the test is: its package, or its suite; "" if the log names neither."""
    return _without_surrogates(failure.package or failure.suite)


def key_in(key: str, package: str) -> str:
    """The key of a test of this package, if the name alone is ambiguous."""
    return _bounded(f"{key} in {package}")


def _without_surrogates(text: str) -> str:
    """Escape lone surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-8", "backslashreplace").decode()


def _bounded(key: str) -> str:
    """Limit the key to MOST_KEY characters; a longer one ends with a hash of all of it.

    Names have no length limit, and an issue's text contains the key.
    """
    if len(key) <= MOST_KEY:
        return key

    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[: MOST_KEY - 17]}~{digest[:16]}"


def key_of_case(case: str) -> str:
    """Return the key of a case as a person types it, in any spelling, or of a typed key."""
    kind = case.partition(":")[0]
    is_fingerprint = kind in set(FailureKind) and ":v1:" in case

    if kind in (INCIDENT, FailureKind.CASE) or is_fingerprint:
        return case
    return issue_key(CaseFailure(FailureKind.CASE.value, case))[0]


def _started(run: RunRef) -> datetime:
    return run.started
