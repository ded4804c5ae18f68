"""Random nightly histories with a known truth: first the defects, then the runs that they break.

If the FlakeFlagger data set is present, the flaky tests have its failure rates, and the same ones
fail together. Only failures are drawn, not passes.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ci_stat.failures.fingerprint import fingerprint
from ci_stat.records import CaseFailure, FailureKind, LogState, Origin, Run, Status

REAL = (
    Path(__file__).resolve().parents[2] / "shared" / "real" / "flakeflagger" / "test_results.csv.gz"
)
ZONE = ZoneInfo("Asia/Shanghai")
ORIGIN = Origin(ZONE, "https://ci.example.com/{job}/{number}")
JOB = "nightly"
FIRST = datetime(2021, 1, 1)  # wall clock
DAY = timedelta(days=1)
MESSAGES = ("values differ", "context deadline exceeded", "connection refused")
MESSAGE_SHARES = (0.7, 0.2, 0.1)  # how often a flaky test says each of them


class Sort(StrEnum):
    """The sort of a defect."""

    FLAKY = "flaky"
    REGRESSION = "regression"
    BUILD = "build"  # a broken one: many tests fail together


@dataclass(frozen=True, eq=False)
class Defect:
    """One defect, with the tests that it breaks.

    `end`: the time of the fix, or None. `failed`: the start times of the runs that it broke, oldest
    first, without runs that a machine broke. `burst`: a flaky test that fails only on some days.
    """

    sort: Sort
    tests: frozenset[str]
    begin: datetime
    end: datetime | None
    rate: float
    failed: tuple[datetime, ...]
    burst: bool = False

    def alive(self, moment: datetime) -> bool:
        return self.begin <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True)
class Shape:
    """The parameters of a history.

    - `flaky`: number of flaky tests, drawn at random; 0: all. `stable`: tests that never fail.
    - `groups`: whether tests of one cause fail together, or each by itself.
    - `before`: days of history before the first window; `days`: windows.
    - `fixed`: share of flaky tests that are fixed; `back`: share of regressions that come back.
    - `env`: share of runs that machines break; 15 times as many on `env_days` days.
    """

    flaky: int = 40
    stable: int = 1_000
    groups: bool = False
    a_day: int = 60
    before: int = 30
    days: int = 90
    regressions: int = 8
    builds: int = 9
    bursts: int = 3
    fixed: float = 0.25
    back: float = 0.3
    env: float = 0.02
    env_days: int = 4


@dataclass(frozen=True)
class Drawn:
    """A history and its truth. `begin`, `end`: the span of all windows."""

    shape: Shape
    runs: tuple[Run, ...]
    defects: tuple[Defect, ...]
    begin: datetime
    end: datetime

    @property
    def windows(self) -> list[tuple[datetime, datetime]]:
        return [(self.begin + DAY * n, self.begin + DAY * (n + 1)) for n in range(self.shape.days)]


@dataclass(frozen=True, slots=True)
class Flaky:
    """Tests of a project that fail by one cause: `tests` of them together, with `rate` in a run."""

    project: str
    tests: int
    rate: float


@cache
def flaky_causes(source: Path = REAL) -> tuple[tuple[Flaky, ...], bool]:
    """Return the causes of flaky tests, and whether they come from the real data set.

    Tests of a project that failed equally often, and first in the same run, have one cause.
    """
    if not source.exists():
        rates = 10 ** np.random.default_rng(811).uniform(-4, -0.2, 811)
        return tuple(Flaky("drawn", 1, float(rate)) for rate in rates), False
    with gzip.open(source, "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["IsFlaky"] == "1"]
    groups = Counter(
        (
            row["Project"],
            int(row["NumFailingRuns"]),
            int(row["NumPassingRuns"]),
            row["FirstFailingRunID"],
        )
        for row in rows
    )
    return tuple(
        Flaky(key[0], tests, key[1] / (key[1] + key[2])) for key, tests in sorted(groups.items())
    ), True


def apart(causes: Iterable[Flaky]) -> tuple[Flaky, ...]:
    """Return the same tests, each with a cause of its own."""
    return tuple(replace(cause, tests=1) for cause in causes for _ in range(cause.tests))


def draw(shape: Shape, seed: int, causes: Sequence[Flaky] = ()) -> Drawn:
    """Draw a history, always the same for equal arguments. `causes`: default `flaky_causes()`."""
    known = causes or flaky_causes()[0]
    drawing = _Draw(shape, np.random.default_rng(seed))
    drawing.flaky(known if shape.groups else apart(known))
    for _ in range(shape.bursts):
        drawing.burst()
    for _ in range(shape.regressions):
        drawing.regression()
    for _ in range(shape.builds):
        drawing.build()
    begin = _aware(shape.before)
    return Drawn(
        shape, tuple(drawing.runs()), tuple(drawing.defects), begin, begin + DAY * shape.days
    )


_Mask = NDArray[np.bool_]


@dataclass
class _Draw:
    shape: Shape
    rng: np.random.Generator
    defects: list[Defect] = field(default_factory=list)
    failed: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    failures: dict[tuple[str, int], CaseFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.shape
        self.total = (shape.before + shape.days) * shape.a_day
        # Days since the first, one run in each slot.
        self.at = (np.arange(self.total) + self.rng.random(self.total)) / shape.a_day
        self.unused = [_name(number) for number in self.rng.permutation(shape.stable + 2_000)]
        self.stable = [self.unused.pop() for _ in range(shape.stable)]
        self.flaky_names: set[str] = set()
        bad = self.rng.choice(shape.before + shape.days, shape.env_days, replace=False)
        rate = np.where(np.isin(self.at.astype(int), bad), 15 * shape.env, shape.env)
        self.env: _Mask = self.rng.random(self.total) < rate

    def flaky(self, causes: Sequence[Flaky]) -> None:
        """Draw causes until there are enough tests."""
        wanted, left = self.shape.flaky or sum(cause.tests for cause in causes), list(causes)
        while wanted > 0 and left:
            cause = left.pop(int(self.rng.integers(len(left))))
            wanted -= cause.tests
            end = self._some_day(5) if self.rng.random() < self.shape.fixed else None
            self._fails(
                Sort.FLAKY, [self._flaky_name() for _ in range(cause.tests)], cause.rate, 0.0, end
            )

    def burst(self) -> None:
        """Add a flaky test that fails often, but only on one day in one to three weeks."""
        days = self.shape.before + self.shape.days
        on = self.rng.random(days) < self.rng.uniform(1 / 20, 1 / 7)
        hit: _Mask = on[self.at.astype(int)] & (
            self.rng.random(self.total) < self.rng.uniform(0.05, 0.3)
        )
        self._defect(
            Sort.FLAKY, [self._flaky_name()], float(hit.mean()), 0.0, None, hit, burst=True
        )

    def regression(self) -> None:
        """Add a stable test that fails from one day on until it is fixed. Some fail again."""
        name = self.stable.pop()
        rate, begin = float(self.rng.uniform(0.3, 1.0)), self._some_day(5)
        end = begin + float(np.exp(self.rng.uniform(np.log(0.5), np.log(20))))
        self._fails(Sort.REGRESSION, [name], rate, begin, end)
        if self.rng.random() < self.shape.back:
            again = end + float(self.rng.uniform(3, 30))
            self._fails(
                Sort.REGRESSION, [name], rate, again, again + float(self.rng.uniform(1, 10))
            )

    def build(self) -> None:
        """Add one to five consecutive runs in which 8 to 40 tests fail."""
        first = int(self._some_day(1) * self.shape.a_day)
        runs = slice(first, first + int(self.rng.integers(1, 6)))
        hit = np.zeros(self.total, dtype=np.bool_)
        hit[runs] = True
        names = [
            str(name)
            for name in self.rng.choice(self.stable, int(self.rng.integers(8, 41)), replace=False)
        ]
        self._defect(Sort.BUILD, names, 1.0, self.at[runs][0] - 1e-6, self.at[runs][-1] + 1e-6, hit)

    def runs(self) -> Iterator[Run]:
        for number in range(self.total):
            innocent = int(self.rng.integers(0, 7)) if self.env[number] else 0
            names = (
                [str(name) for name in self.rng.choice(self.stable, innocent)] if innocent else []
            )
            failures = [
                self._failure(name) for name in sorted(self.failed.get(number, ())) or names
            ]
            if self.env[number]:
                failures.insert(0, _env())
            yield _run(number, float(self.at[number]), tuple(failures))

    def _fails(
        self, sort: Sort, names: Sequence[str], rate: float, begin: float, end: float | None
    ) -> None:
        self._defect(sort, names, rate, begin, end, self.rng.random(self.total) < rate)

    def _defect(
        self,
        sort: Sort,
        names: Sequence[str],
        rate: float,
        begin: float,
        end: float | None,
        hit: _Mask,
        burst: bool = False,
    ) -> None:
        inside = hit & ~self.env & (self.at >= begin) & (self.at < (np.inf if end is None else end))
        numbers = np.flatnonzero(inside)
        for number in numbers:
            self.failed[int(number)].update(names)
        failed = tuple(_aware(float(self.at[number])) for number in numbers)
        fixed = None if end is None else _aware(end)
        self.defects.append(
            Defect(sort, frozenset(names), _aware(begin), fixed, rate, failed, burst)
        )

    def _some_day(self, margin: float) -> float:
        """A time within the windows, not in the last `margin` days."""
        return float(
            self.rng.uniform(self.shape.before, self.shape.before + self.shape.days - margin)
        )

    def _flaky_name(self) -> str:
        name = self.unused.pop()
        self.flaky_names.add(name)
        return name

    def _failure(self, name: str) -> CaseFailure:
        which = (
            int(self.rng.choice(len(MESSAGES), p=MESSAGE_SHARES)) if name in self.flaky_names else 0
        )
        if (name, which) not in self.failures:
            message = f"{MESSAGES[which]} in {name}"
            self.failures[name, which] = CaseFailure(
                FailureKind.CASE,
                name,
                message,
                "log",
                fingerprint=fingerprint(FailureKind.CASE, name, message),
            )
        return self.failures[name, which]


@cache
def _env() -> CaseFailure:
    name = "No space left on device"
    return CaseFailure(
        FailureKind.ENV, name, name, "log", fingerprint=fingerprint(FailureKind.ENV, name, name)
    )


def _run(number: int, day: float, failures: tuple[CaseFailure, ...]) -> Run:
    status = Status.FAILURE if failures else Status.SUCCESS
    return Run(
        JOB,
        number + 1,
        status,
        FIRST + DAY * day,
        1000,
        None,
        "master",
        None,
        None,
        0,
        None,
        None,
        None,
        failures,
        ORIGIN,
        LogState.READ,
    )


def _name(number: int) -> str:
    return f"suite{number % 37}.TestCase{number}"


def _aware(day: float) -> datetime:
    return (FIRST + DAY * day).replace(tzinfo=ZONE).astimezone(UTC)


def failing_tests(runs: Iterable[Run]) -> Iterator[tuple[datetime, frozenset[str]]]:
    """Yield the start time and the failed tests of each failed run."""
    for run in runs:
        names = frozenset(
            failure.name for failure in run.failures if failure.kind == FailureKind.CASE
        )
        if names and run.started:
            yield run.started.astimezone(UTC), names
