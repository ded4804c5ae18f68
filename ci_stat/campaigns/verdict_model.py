"""Values of a verdict: what the results of a campaign prove.

Rates are failure rates, 0 to 1. A run is one expected job of one probe. For the whole campaign a
run is one probe: it passed if all expected jobs passed, and failed if one of them failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.campaigns.model import OPEN_STATES, JobState
from ci_stat.statistics.intervals import Interval
from ci_stat.statistics.sequential import Answer

OVERALL = ""
"""Stands for the whole campaign where a job is named."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs by state. `absent`: probes that were not opened, or that have no such job."""

    states: Mapping[JobState, int] = field(default_factory=dict)
    absent: int = 0

    def of(self, state: JobState) -> int:
        return self.states.get(state, 0)

    @property
    def passed(self) -> int:
        return self.of(JobState.PASSED)

    @property
    def failed(self) -> int:
        return self.of(JobState.FAILED)

    @property
    def runs(self) -> int:
        """The runs that count: passed and failed."""
        return self.passed + self.failed

    @property
    def open(self) -> int:
        return sum(self.of(state) for state in OPEN_STATES)

    @property
    def total(self) -> int:
        return sum(self.states.values()) + self.absent


@dataclass(frozen=True, slots=True)
class Baseline:
    """Runs of the same branch before the campaign. `source`: for people."""

    passed: int
    failed: int
    source: str = "history"

    @property
    def runs(self) -> int:
        return self.passed + self.failed


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the failure rate is below the target, decided while runs arrive.

    `runs`: after which the answer came, in the order of probes; without an answer, all so far.
    """

    answer: Answer
    runs: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What the counted runs prove about the failure rate.

    - `interval`: two-sided, 95 %. `upper`, `lower`: one-sided, 95 %. If the campaign may end early,
      they hold after all runs at once.
    - `flake`: a failure rate; `flake_chance`: with which so many runs show it at least once.
    - `needed`: the runs after which the target is ruled out if no further run fails; None without a
      target.
    - `decision`: None unless the campaign ends when it is decided.
    """

    failed: int
    runs: int
    interval: Interval
    upper: float
    lower: float
    flake: float
    flake_chance: float
    needed: int | None = None
    decision: Decision | None = None

    @property
    def is_sequential(self) -> bool:
        return self.decision is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The counted runs against a baseline (Fisher, one-sided).

    `required`: the fewest passed runs that are not significantly worse. `p_value`: that so many
    failures are chance.
    """

    baseline: Baseline
    required: int
    p_value: float
    is_worse: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Campaigns of the last `days`, this one among them, and of as many days before.

    `p_value`: that both have one rate (exact, mid-p, two-sided).
    """

    days: int
    recent: Baseline
    before: Baseline
    p_value: float

    @property
    def is_significant(self) -> bool:
        return self.p_value <= 0.05


@dataclass(frozen=True, slots=True)
class JobVerdict:
    """A job, or the whole campaign (`OVERALL`)."""

    job: str
    tally: Tally
    proof: Proof
    comparison: Comparison | None = None
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class TestVerdict:
    """A failing test, or another failure of a log.

    `probes`: in how many it failed; `of`: in how many at least one of its jobs passed or failed.
    `known`, `url`: as in `model.Failure`.
    """

    __test__ = False  # for pytest

    name: str
    jobs: tuple[str, ...]
    probes: int
    of: int
    message: str = ""
    known: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a campaign proves.

    - `until`: its end, or the time of the question. `is_final`: nothing can be added.
    - `planned`, `opened`: probes. `opened` have a pull request.
    - `unread`: failed runs of whose log nothing is known, by reason.
    - `left_out`: earlier campaigns that were not compared as a whole: their jobs are others.
    - `notes`: why a baseline is missing.
    """

    campaign: str
    repo: str
    branch: str
    begin: datetime
    until: datetime
    is_final: bool
    reason: str
    target: float
    planned: int
    opened: int
    overall: JobVerdict
    jobs: tuple[JobVerdict, ...] = ()
    tests: tuple[TestVerdict, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0
    notes: tuple[str, ...] = ()
