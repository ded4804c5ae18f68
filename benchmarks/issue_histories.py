"""Nightly histories with known truth: what was broken from when to when is drawn first, then which runs failed by it.

Failure rates of flaky tests are those of real ones, where the set is there, and so is which of them fail together. Only
failures are drawn, never passes.
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
SAID = ("values differ", "context deadline exceeded", "connection refused")
OFTEN = (0.7, 0.2, 0.1)  # how often a flaky test says each of them


class Sort(StrEnum):
    """What makes tests fail."""

    FLAKY = "flaky"
    REGRESSION = "regression"
    BUILD = "build"  # a broken one: many tests fail together


@dataclass(frozen=True, eq=False)
class Trouble:
    """One cause, with the tests that fail by it.

    `end`: when it was mended; None if never. `failed`: when the runs started that failed by it, oldest first. Runs that
    the machines broke do not count. `burst`: a flaky test that fails on some days only.
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
    """What a history is made of.

    - `flaky`: so many tests of the rates given, drawn by chance; 0: all of them. `stable`: tests that never fail.
    - `groups`: whether tests that really failed together do so here, or each by itself.
    - `before`: days of history before the first window; `days`: windows.
    - `fixed`: which part of the flaky tests is mended some day; `back`: of the regressions that come back.
    - `env`: which part of the runs the machines break; three times ten in `env_days` days.
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
    """A history and its truth. `begin`, `end`: of all windows."""

    shape: Shape
    runs: tuple[Run, ...]
    troubles: tuple[Trouble, ...]
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
    """What makes tests flaky, and whether real ones were asked.

    Tests of a project that failed equally often, for the first time in the same run, have one cause.
    """
    if not source.exists():
        rates = 10 ** np.random.default_rng(811).uniform(-4, -0.2, 811)
        return tuple(Flaky("drawn", 1, float(rate)) for rate in rates), False
    with gzip.open(source, "rt") as lines:
        found = [row for row in csv.DictReader(lines) if row["IsFlaky"] == "1"]
    groups = Counter(
        (
            row["Project"],
            int(row["NumFailingRuns"]),
            int(row["NumPassingRuns"]),
            row["FirstFailingRunID"],
        )
        for row in found
    )
    return tuple(
        Flaky(key[0], tests, key[1] / (key[1] + key[2])) for key, tests in sorted(groups.items())
    ), True


def apart(causes: Iterable[Flaky]) -> tuple[Flaky, ...]:
    """The same tests, each failing by itself."""
    return tuple(replace(each, tests=1) for each in causes for _ in range(each.tests))


def draw(shape: Shape, seed: int, causes: Sequence[Flaky] = ()) -> Drawn:
    """The same for the same arguments. `causes`: of flaky tests; by default the real ones, alone or together."""
    known = causes or flaky_causes()[0]
    made = _Draw(shape, np.random.default_rng(seed))
    made.flaky(known if shape.groups else apart(known))
    for _ in range(shape.bursts):
        made.burst()
    for _ in range(shape.regressions):
        made.regression()
    for _ in range(shape.builds):
        made.build()
    begin = _aware(shape.before)
    return Drawn(shape, tuple(made.runs()), tuple(made.troubles), begin, begin + DAY * shape.days)


_Mask = NDArray[np.bool_]


@dataclass
class _Draw:
    shape: Shape
    rng: np.random.Generator
    troubles: list[Trouble] = field(default_factory=list)
    failed: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    said: dict[tuple[str, int], CaseFailure] = field(default_factory=dict)

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
        """Causes drawn by chance until there are tests enough."""
        wanted, left = self.shape.flaky or sum(each.tests for each in causes), list(causes)
        while wanted > 0 and left:
            each = left.pop(int(self.rng.integers(len(left))))
            wanted -= each.tests
            end = self._some_day(5) if self.rng.random() < self.shape.fixed else None
            self._fails(
                Sort.FLAKY, [self._flaky_name() for _ in range(each.tests)], each.rate, 0.0, end
            )

    def burst(self) -> None:
        """A flaky test that fails on one day in a week to three, and then often."""
        days = self.shape.before + self.shape.days
        on = self.rng.random(days) < self.rng.uniform(1 / 20, 1 / 7)
        hit: _Mask = on[self.at.astype(int)] & (
            self.rng.random(self.total) < self.rng.uniform(0.05, 0.3)
        )
        self._trouble(
            Sort.FLAKY, [self._flaky_name()], float(hit.mean()), 0.0, None, hit, burst=True
        )

    def regression(self) -> None:
        """A stable test that fails from a day on until it is fixed; some come back."""
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
        """One to five runs in a row in which 8 to 40 tests fail."""
        first = int(self._some_day(1) * self.shape.a_day)
        runs = slice(first, first + int(self.rng.integers(1, 6)))
        hit = np.zeros(self.total, dtype=np.bool_)
        hit[runs] = True
        names = [
            str(name)
            for name in self.rng.choice(self.stable, int(self.rng.integers(8, 41)), replace=False)
        ]
        self._trouble(
            Sort.BUILD, names, 1.0, self.at[runs][0] - 1e-6, self.at[runs][-1] + 1e-6, hit
        )

    def runs(self) -> Iterator[Run]:
        for number in range(self.total):
            innocent = int(self.rng.integers(0, 7)) if self.env[number] else 0
            names = (
                [str(name) for name in self.rng.choice(self.stable, innocent)] if innocent else []
            )
            failures = [self._said(name) for name in sorted(self.failed.get(number, ())) or names]
            if self.env[number]:
                failures.insert(0, _env())
            yield _run(number, float(self.at[number]), tuple(failures))

    def _fails(
        self, sort: Sort, names: Sequence[str], rate: float, begin: float, end: float | None
    ) -> None:
        self._trouble(sort, names, rate, begin, end, self.rng.random(self.total) < rate)

    def _trouble(
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
        self.troubles.append(
            Trouble(sort, frozenset(names), _aware(begin), fixed, rate, failed, burst)
        )

    def _some_day(self, margin: float) -> float:
        """A moment among the windows, not in the last days."""
        return float(
            self.rng.uniform(self.shape.before, self.shape.before + self.shape.days - margin)
        )

    def _flaky_name(self) -> str:
        name = self.unused.pop()
        self.flaky_names.add(name)
        return name

    def _said(self, name: str) -> CaseFailure:
        which = int(self.rng.choice(len(SAID), p=OFTEN)) if name in self.flaky_names else 0
        if (name, which) not in self.said:
            message = f"{SAID[which]} in {name}"
            self.said[name, which] = CaseFailure(
                FailureKind.CASE,
                name,
                message,
                "log",
                fingerprint=fingerprint(FailureKind.CASE, name, message),
            )
        return self.said[name, which]


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
    """Of each failed run: when it started, and the tests that failed in it, whatever the reason."""
    for run in runs:
        names = frozenset(each.name for each in run.failures if each.kind == FailureKind.CASE)
        if names and run.started:
            yield run.started.astimezone(UTC), names
