"""Values of a search: commits, observations, rules, and what a search concludes.

Probabilities, rates and levels are shares from 0 to 1. Durations are seconds. Times are aware, UTC.
A place is the position of a commit: 0 is the good one, 1..n are the suspects, n is the bad one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from ci_stat.errors import UsageError

MAX_BUDGET = 10_000
MAX_PARALLEL = 64


class Answer(StrEnum):
    """What a run says about its commit."""

    PASSED = "passed"
    FAILED = "failed"
    UNUSABLE = "unusable"  # it does not build, or the test cannot run on it
    ERROR = "error"  # the infrastructure failed: nothing about the commit


class Source(StrEnum):
    """Where an observation comes from."""

    RUN = "run"  # a run of this search
    CACHE = "cache"  # an earlier commit test of the same tree
    CI_DATA = "ci_data"  # the CI database
    RESULTS = "results"  # test results
    HAND = "hand"  # added by a person


class Direction(StrEnum):
    """How the failure rate changed. As in `ci_stat.statistics`, which commands load late."""

    WORSE = "worse"
    BETTER = "better"
    ANY = "any"


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit of the range.

    - `paths`: files that differ from its first parent; `more_paths`: how many were left out.
    """

    sha: str
    parents: tuple[str, ...] = ()
    tree: str = ""
    subject: str = ""
    author: str = ""
    date: str = ""
    paths: tuple[str, ...] = ()
    more_paths: int = 0

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


class CommitRange(msgspec.Struct, frozen=True, kw_only=True):
    """The commits of a search, oldest first.

    - `base`: the last commit before the suspects, at place 0.
    - `notes`: what is unusual about the range, for the reader of the result.
    """

    base: Commit
    suspects: tuple[Commit, ...]
    notes: tuple[str, ...] = ()

    def at(self, place: int) -> Commit:
        return self.suspects[place - 1] if place else self.base

    def places(self) -> dict[str, int]:
        """The place of each commit, by its SHA."""
        commits = (self.base, *self.suspects)
        return {commit.sha: place for place, commit in enumerate(commits)}


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one commit.

    - `number`: unique in a search, rising with the begin of the runs.
    - `confirms`: the SHA of the suspect that the run confirms; empty for a run that searches.
    - `reference`: names the run in its source: a build, an import, a cached result.
    - `detail`: why there is no answer, or a remark.
    """

    number: int
    commit: str
    answer: Answer
    at: datetime
    seconds: float = 0.0
    source: Source = Source.RUN
    confirms: str = ""
    reference: str = ""
    detail: str = ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a search runs, and when it ends.

    - `confidence`: the belief at which it ends, and the level of the confirmation.
    - `budget`: runs that it may start; `parallel`: at once.
    - `no_culprit`: the belief in "no culprit" before the first run.
    - `confirms`: whether suspect and parent are run until they differ at the level.
    - `first_parent`: whether a merge is an answer; else the search goes on inside.
    """

    confidence: float = 0.99
    budget: int = 300
    parallel: int = 1
    no_culprit: float = 0.2
    direction: Direction = Direction.WORSE
    confirms: bool = True
    first_parent: bool = False

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1:
            raise UsageError("The confidence must lie between 0.5 and 1.", "Leave it out for 0.99.")
        if not 0 <= self.no_culprit < 1:
            raise UsageError("The belief in no culprit must lie between 0 and 1.", "Try 0.2.")
        if not 1 <= self.budget <= MAX_BUDGET:
            raise UsageError(f"The budget must be 1 to {MAX_BUDGET:,} runs.", "Try 300.")
        if not 1 <= self.parallel <= MAX_PARALLEL:
            raise UsageError(f"Between 1 and {MAX_PARALLEL} runs can run at once.", "Try 4.")


class RateHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of commits older and newer than the range, as they count (`source` says how many were).

    The two runs that chose the range are no part of it: each flaky test has such a pair.
    """

    failed_before: float = 0.0
    passed_before: float = 0.0
    failed_after: float = 0.0
    passed_after: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run to start: the place of its commit, and the suspect that it confirms."""

    place: int
    confirms: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What the function that runs a commit returns."""

    answer: Answer
    seconds: float = 0.0
    detail: str = ""
    reference: str = ""


# Runs a commit by its SHA, anew each time: a kept answer would be counted again as if it were
# another one. Whatever goes wrong is an Answer, not an exception.
RunCommit = Callable[[str], Awaitable[Ran]]


class Kind(StrEnum):
    """What a search concludes."""

    CULPRIT = "culprit"
    NO_CULPRIT = "no_culprit"
    UNSURE = "unsure"


class End(StrEnum):
    """Why a search ended."""

    SURE = "sure"
    BUDGET = "budget"
    INFRASTRUCTURE = "infrastructure"
    NOTHING_TO_RUN = "nothing_to_run"
    INTERRUPTED = "interrupted"


class Form(StrEnum):
    """Why there is no culprit."""

    FAILS_BEFORE = "fails_before"  # the rate was as bad at the good commit
    FLAKY = "flaky"  # one rate everywhere
    NOT_REPRODUCED = "not_reproduced"  # the rate is as good at the bad commit


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Failed and passed runs of one side, and the failure rate that is expected of it."""

    failed: int
    passed: int
    rate: float

    @property
    def runs(self) -> int:
        return self.failed + self.passed


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """The belief in one suspect.

    - `prior`: before the first run. `times`: as suspicious as a commit without clues; `touched`:
      its files that are clues, by the kind of clue.
    - `failed`, `passed`: its runs. `unusable`: whether it cannot be run.
    """

    commit: Commit
    probability: float
    prior: float
    times: float = 1.0
    touched: dict[str, str] = {}
    failed: int = 0
    passed: int = 0
    unusable: bool = False


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of runs of the suspect and its parent, since it was suspected.

    `level`: 1 minus the probability that commits with one rate ever look so different.
    """

    parent: str
    suspect: str
    pairs: int = 0
    failed_parent: int = 0
    failed_suspect: int = 0
    level: float = 0.0
    is_reached: bool = False


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What a search concludes.

    - `named`: the culprit; several where those between do not build; if unsure, the shortest range
      that holds it with the confidence, provided that there is one.
    - `probability`: of the named commits together, or of no culprit.
    - `no_culprit`: its probability; `form`: the likeliest reason.
    - `before`, `after`: the runs on both sides of the first named commit; with no culprit, those of
      the good commit, and all of them.
    - `suspicions`: every suspect, oldest first.
    - `inside`: the search inside of a merge that is named; `notes`: what a reader should know.
    """

    kind: Kind
    end: End
    named: tuple[Commit, ...]
    probability: float
    no_culprit: float
    form: Form
    before: Counts
    after: Counts
    suspicions: tuple[Suspicion, ...]
    runs: int
    confirmation: Confirmation | None = None
    inside: "Conclusion | None" = None
    notes: tuple[str, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        return self.confirmation is not None and self.confirmation.is_reached

    @property
    def innermost(self) -> "Conclusion":
        """The conclusion inside of the last merge."""
        return self.inside.innermost if self.inside else self
