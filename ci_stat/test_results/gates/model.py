"""Values of gates: the results that are judged, their history, and the verdict."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from ci_stat.failures.case_identity import display_name, dotted, full_name, identity_key
from ci_stat.records.case_results import Outcome
from ci_stat.test_results.model import FileReport

Labels = tuple[tuple[str, str], ...]
"""Labels of a matrix entry, sorted."""

_MARKER_KEYS = {"marker", "markers", "mark", "marks", "tag", "tags", "category", "categories"}


def labels_key(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


class GateCase(msgspec.Struct, frozen=True, gc=False):
    """How a test ended in a matrix entry. `outcome`: of its last attempt.

    `is_flaky`: another attempt failed although the last one passed.
    """

    suite: str
    class_name: str
    name: str
    parameters: str
    file: str
    outcome: Outcome
    labels: Labels = ()
    is_flaky: bool = False
    attempts: int = 1
    seconds: float = 0.0
    message: str = ""
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def is_failed(self) -> bool:
        return self.outcome is Outcome.FAILED or self.outcome is Outcome.ERROR

    @property
    def is_finished(self) -> bool:
        return self.outcome is not Outcome.SKIPPED

    @property
    def shown(self) -> str:
        """The name for people: place, name, parameters, and the matrix entry."""
        place = self.class_name or self.file or self.suite
        name = display_name(place, self.name + self.parameters)
        labels = ", ".join(f"{key}={value}" for key, value in self.labels)
        return f"{name} ({labels})" if labels else name

    @property
    def dotted_name(self) -> str:
        """Place and name with points, without parameters."""
        return full_name(dotted(self.class_name) or dotted(self.file), self.name)

    @property
    def identity(self) -> str:
        """Equal for the same test in all runs and matrix entries."""
        return identity_key(self.suite, self.class_name, self.name, self.parameters, self.file)

    @property
    def markers(self) -> frozenset[str]:
        """Values of properties such as `marker` and `tags`; commas and spaces separate them."""
        texts = [value for key, value in self.properties if key.lower() in _MARKER_KEYS]
        words = " ".join(texts).replace(",", " ").split()
        return frozenset(word.removeprefix("@") for word in words)


class GateResults(msgspec.Struct, frozen=True):
    """The results that a gate judges: each test once for each matrix entry.

    `files`: what was read; one that is not whole leaves the verdict open. `left_out`: other files
    in folders, which are no results. `name`: for people.
    """

    cases: tuple[GateCase, ...]
    files: tuple[FileReport, ...] = ()
    name: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if not file.is_whole)


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Tests that passed, of those that finished."""

    passed: int = 0
    finished: int = 0


CaseKey = tuple[str, Labels]
"""A test (its `identity`) in a matrix entry."""


class PastRun(msgspec.Struct, frozen=True):
    """What the policy needs of an earlier run.

    - `started`: aware.
    - `ends`: outcomes of the tests that an entry covers; skipped ones are missing.
    - `clean`: of these, those that passed without a failed attempt.
    - `tallies`: for each step of the ramp, the tests that join with it.
    """

    started: datetime
    ends: dict[CaseKey, Outcome] = {}
    clean: frozenset[CaseKey] = frozenset()
    tallies: tuple[Tally, ...] = ()


History = tuple[PastRun, ...]
"""Earlier runs of the job, the newest first."""


class Level(StrEnum):
    """What a failure of a test means. RAMP: its category is judged by its pass rate."""

    MUST_PASS = "must pass"  # noqa: S105  # not a password
    MAY_FAIL = "may fail"
    QUARANTINED = "quarantined"
    RAMP = "ramp"
    LATER = "joins the ramp later"


class Decision(StrEnum):
    """The answer of a gate."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


EXIT_CODES = {Decision.PASS: 0, Decision.FAIL: 11, Decision.CANNOT_TELL: 12}


class Rule(StrEnum):
    """The kind of a reason. The values are published in JSON."""

    NOT_WHOLE = "file not whole"
    NO_RESULTS = "no results"
    MISSING_ENTRY = "missing matrix entry"
    FAILED = "failed tests"
    FLAKY = "flaky tests"
    SKIPPED = "skipped tests"
    CAP = "cap exceeded"
    EXPIRED = "expired"
    UNMATCHED = "entry without a test"
    AMBIGUOUS = "ambiguous entry"
    MINIMUM = "too few tests"
    DURATION = "too slow"
    RAMP = "pass rate too low"
    RAMP_EMPTY = "no results for the ramp"


OPEN_RULES = {Rule.NOT_WHOLE, Rule.NO_RESULTS, Rule.MISSING_ENTRY, Rule.RAMP_EMPTY}
"""Rules that leave the verdict open; all others fail the gate."""


class Reason(msgspec.Struct, frozen=True):
    """Why the gate does not pass. `names`: all tests, files or matrix entries that it is about."""

    rule: Rule
    text: str
    names: tuple[str, ...] = ()

    @property
    def decision(self) -> Decision:
        return Decision.CANNOT_TELL if self.rule in OPEN_RULES else Decision.FAIL


class LevelCounts(msgspec.Struct, frozen=True):
    """The tests of a level by outcome."""

    level: Level
    tests: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    flaky: int = 0


class EntryUse(msgspec.Struct, frozen=True):
    """What an entry of `may_fail` or `quarantine` was good for.

    - `key`: table and place, e.g. "may_fail #1". `selects`: what it selects, for people.
    - `matched`: tests. `failed`: failures that it excuses. `passed`: names that passed.
    - `clean_runs`: newest runs in a row in which all its tests passed, this one included.
    - `proposes_removal`: whether these are enough.
    """

    key: str
    selects: str
    reason: str
    owner: str
    issue: str
    expires: str
    matched: int = 0
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    clean_runs: int = 0
    proposes_removal: bool = False


class RampState(msgspec.Struct, frozen=True):
    """How the ramp was judged. Steps count from 1; 0 is before the start.

    - `by_calendar`, `proven`: the step of today, and the best one ever proven.
    - `judged`: the step whose rate counts. `waived`: whether a waiver lowers it.
    - `passed`, `finished`: results of the joined categories over `runs` runs; of this run,
      `newest_finished`.
    - `low`, `high`: 95 % interval of their pass rate.
    - `newly_proven`: the best step that these results prove, if it is above `proven`, else 0.
    """

    by_calendar: int
    proven: int
    judged: int
    rate: float
    runs: int
    newest_finished: int = 0
    passed: int = 0
    finished: int = 0
    low: float = 0.0
    high: float = 1.0
    waived: bool = False
    newly_proven: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a gate, with all reasons.

    - `failed`: must-pass tests that failed. `excused`: failures that a level excuses.
    - `unexpected`: passed tests of `may_fail` entries.
    - `notes`: what a person should know although it changes nothing.
    """

    decision: Decision
    reasons: tuple[Reason, ...]
    counts: tuple[LevelCounts, ...]
    failed: tuple[GateCase, ...] = ()
    excused: tuple[GateCase, ...] = ()
    unexpected: tuple[GateCase, ...] = ()
    entries: tuple[EntryUse, ...] = ()
    ramp: RampState | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    name: str = ""
    files: tuple[FileReport, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 for pass, 11 for fail, 12 for cannot tell."""
        return EXIT_CODES[self.decision]

    @property
    def tests(self) -> int:
        return sum(counts.tests for counts in self.counts)
