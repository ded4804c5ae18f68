"""Quality of `tests regressions` on histories with a known truth, against two plain rules; speed.

python -m benchmarks --only regressions        about 5 minutes
python -m benchmarks.regressions --json        the same figures for a program
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measure import Figures, console
from benchmarks.regression_histories import (
    BEGIN,
    DAY,
    Change,
    Drawn,
    draw,
    ends_of,
    even_rates,
    flaky_rates,
    make_runs,
    real_rates,
)
from ci_stat.statistics.outcome_changes import History, outcome_changes
from ci_stat.statistics.shifts import shifts
from ci_stat.test_results.regressions.durations import duration_shifts
from ci_stat.test_results.regressions.judge import judge
from ci_stat.test_results.regressions.series import series_table
from ci_stat.test_results.regressions.thresholds import THRESHOLDS
from ci_stat.test_results.regressions.window_counts import Periods, WindowCounts

WINDOW, BASELINE = timedelta(days=7), timedelta(days=28)
QUIET_DAYS = 64  # of history, before the days that are watched
WATCHED_DAYS = 14
PLANTED_DAYS = 4  # changes begin on the first of the watched days
CHANGES = (
    Change(0.1),
    Change(0.3),
    Change(1.0),
    Change(0.3, days=7),
    Change(1.0, days=7),
)
BASES = (0.0, 0.01, 0.05, 0.15, 0.3)
EACH = 40  # tests of each base rate and change
COVERAGE = 0.97

Bools = NDArray[np.bool_]
RULES = ("ours", "pass rate below 95%", "3 failures")


@dataclass
class Watched:
    """Whether each test is called a regression on each watched day: a row a day."""

    ours: Bools
    threshold: Bools
    failures: Bools

    def by_name(self) -> dict[str, Bools]:
        return dict(zip(RULES, (self.ours, self.threshold, self.failures), strict=True))


def watch(drawn: Drawn) -> Watched:
    """Ask on each watched day, as a report of that day would."""
    ends = ends_of(drawn.failed)
    table = series_table(drawn.runs, ends, np.ones(len(ends), np.bool_))
    first = BEGIN + DAY * (QUIET_DAYS + 1)
    days = [Periods(first + DAY * day, WINDOW, BASELINE) for day in range(WATCHED_DAYS)]
    replayed = {day: day.replayed() for day in days}
    counts = WindowCounts(
        drawn.runs, ends, table, sorted({p for ps in replayed.values() for p in ps}, key=_end)
    )
    ours, threshold, failures = [], [], []
    for day in days:
        steps = [(counts.sample(one), counts.basis(one)) for one in replayed[day]]
        ours.append(judge(steps).is_open)
        sample = counts.sample(day)
        threshold.append((sample.rate > 0.05) & (sample.runs >= THRESHOLDS.new_runs))
        failures.append(sample.failed >= 3)
    return Watched(np.array(ours), np.array(threshold), np.array(failures))


def _end(periods: Periods) -> float:
    return periods.end.timestamp()


# False regressions


@dataclass
class FalseRow:
    """Nothing changed. Tests called regressions a day, of 1,000; days on which one newly opened."""

    suite: str
    rule: str
    tests: int
    per_thousand: float
    days_with_new: float


def false_regressions(seeds: int) -> Iterator[FalseRow]:
    """Suites in which nothing changes."""
    suites: dict[str, tuple[Callable[[int, int], NDArray[np.float64]], int, int]] = {
        "real rates, 10 runs a day": (real_rates, 4_000, 10),
        "real rates, 2 runs a day": (real_rates, 4_000, 2),
        "all tests flaky, 0-30%, 10 runs a day": (even_rates, 1_000, 10),
        "all tests flaky, 0-30%, 2 runs a day": (even_rates, 1_000, 2),
    }
    for name, (rates, tests, a_day) in suites.items():
        runs = make_runs(QUIET_DAYS + WATCHED_DAYS + 1, a_day)
        days: dict[str, list[Bools]] = {rule: [] for rule in RULES}
        for seed in range(seeds):
            none = np.full(tests, -1)
            drawn = draw(rates(tests, seed), (), none, runs, (1, 2), 1_000 + seed)
            for rule, called in watch(drawn).by_name().items():
                days[rule].append(called)
        for rule, all_days in days.items():
            called = np.array(all_days)  # seed, day, test
            opened = called[:, 1:] & ~called[:, :-1]
            yield FalseRow(
                name, rule, tests, float(called.mean()) * 1_000, float(opened.any(axis=2).mean())
            )


# Planted regressions


@dataclass
class FoundRow:
    """Planted changes of one kind: the share that is found in 7 and 14 days, and the delay."""

    change: str
    base: float
    tests: int
    found_7: float
    found_14: float
    delay_days: float
    delay_runs: float


@dataclass
class PlantedResult:
    rows: list[FoundRow]
    false_share: dict[str, float]
    found: dict[str, float]
    covered: int
    positions: int
    width: float


def planted(seeds: int, a_day: int = 10) -> PlantedResult:
    """Changes of all kinds, among tests of a real suite and flaky ones that do not change."""
    watched_all: list[tuple[Drawn, Watched]] = []
    runs = make_runs(QUIET_DAYS + WATCHED_DAYS + 1, a_day)
    kinds = [(base, number) for base in BASES for number in range(len(CHANGES))]
    for seed in range(seeds):
        quiet = np.concatenate((real_rates(3_000, seed), even_rates(500, seed)))
        rates = np.concatenate((np.repeat([base for base, _ in kinds], EACH), quiet))
        change = np.concatenate(
            (np.repeat([number for _, number in kinds], EACH), np.full(len(quiet), -1))
        )
        between = (QUIET_DAYS * a_day, (QUIET_DAYS + PLANTED_DAYS) * a_day)
        drawn = draw(rates, CHANGES, change, runs, between, 2_000 + seed)
        watched_all.append((drawn, watch(drawn)))

    rows = [_found(kind, watched_all, a_day) for kind in kinds]
    false_share, found = {}, {}
    for rule in RULES:
        pairs = [(drawn, watched.by_name()[rule]) for drawn, watched in watched_all]
        false = sum(int(called[:, drawn.change < 0].sum()) for drawn, called in pairs)
        false_share[rule] = false / max(1, sum(int(called.sum()) for _, called in pairs))
        found[rule] = float(
            np.mean([called[-1, drawn.change >= 0].mean() for drawn, called in pairs])
        )
    covered, positions, widths = _positions(watched_all)
    return PlantedResult(rows, false_share, found, covered, positions, float(np.median(widths)))


def _found(
    kind: tuple[float, int], watched_all: Sequence[tuple[Drawn, Watched]], a_day: int
) -> FoundRow:
    base, number = kind
    delays = []
    for drawn, watched in watched_all:
        is_kind = (drawn.change == number) & (drawn.rates == base)
        for test in np.flatnonzero(is_kind).tolist():
            begin = drawn.begin[test] / a_day  # days
            ends = QUIET_DAYS + 1 + np.arange(WATCHED_DAYS)
            opened = ends[watched.ours[:, test] & (ends > begin)]
            delays.append(opened[0] - begin if len(opened) else np.inf)
    values = np.array(delays)
    known = values[np.isfinite(values)]
    delay = float(np.median(known)) if len(known) else float("nan")
    return FoundRow(
        CHANGES[number].name,
        base,
        len(values),
        float((values <= 7).mean()),
        float((values <= 14).mean()),
        delay,
        delay * a_day,
    )


def _positions(
    watched_all: Sequence[tuple[Drawn, Watched]],
) -> tuple[int, int, list[int]]:
    """Of open regressions with a planted step: how often the interval has its first run."""
    covered = positions = 0
    widths = []
    steps = [number for number, change in enumerate(CHANGES) if not change.days]
    for drawn, watched in watched_all:
        is_step = np.isin(drawn.change, steps) & watched.ours[-1]
        for test in np.flatnonzero(is_step).tolist():
            changes = outcome_changes(History.of(drawn.failed[test]))
            if not changes:
                continue
            truth = int(drawn.begin[test])
            nearest = min(changes, key=lambda change: abs(change.position - truth))
            covered += nearest.earliest <= truth <= nearest.latest
            positions += 1
            widths.append(nearest.latest - nearest.earliest)
    return covered, positions, widths


# Durations


@dataclass
class DurationRow:
    """Shifts of one size in series with a relative noise; nothing changes in most series."""

    noise: str
    change: float
    found: float
    off_runs: float
    false_share: float
    plain_found: float
    plain_false_share: float


NOISES = {"5%": (0.05, 0.0), "20%": (0.2, 0.0), "20%, 2% of runs 10 times as slow": (0.2, 0.02)}
DURATION_CHANGES = (0.1, 0.2, 0.5, 1.0)


def durations(seeds: int, a_day: int = 10) -> Iterator[DurationRow]:
    """Each in 500 tests, of which 50 became slower in the window. The level is a second."""
    runs = make_runs(QUIET_DAYS, a_day)
    begin = runs[-1].started - WINDOW
    for noise, (spread, outliers) in NOISES.items():
        for change in DURATION_CHANGES:
            tallies = [
                _duration_tally(seed, runs, spread, outliers, change, begin)
                for seed in range(seeds)
            ]
            found, false, plain, plain_false, planted_ones = np.sum(
                [tally[0] for tally in tallies], axis=0
            )
            off = [place for tally in tallies for place in tally[1]]
            yield DurationRow(
                noise,
                change,
                found / planted_ones,
                float(np.median(off)) if off else float("nan"),
                false / max(1, found + false),
                plain / planted_ones,
                plain_false / max(1, plain + plain_false),
            )


def _duration_tally(
    seed: int, runs: Any, spread: float, outliers: float, change: float, begin: Any
) -> tuple[list[int], list[int]]:
    tests, changed = 500, 50
    random = np.random.default_rng(3_000 + seed)
    first = len(runs) - random.integers(20, 60, tests)
    levels = np.where(
        (np.arange(tests) < changed)[:, None] & (np.arange(len(runs)) >= first[:, None]),
        1 + change,
        1.0,
    )
    seconds = levels * np.exp(random.normal(0, spread, levels.shape))
    seconds[random.random(levels.shape) < outliers] *= 10
    ends = ends_of(np.zeros(levels.shape, np.bool_), seconds.astype(np.float32))
    table = series_table(runs, ends, np.ones(len(ends), np.bool_))
    found = duration_shifts(runs, ends, table, begin).shifts
    hits = {one.series: one for one in found if one.series < changed and one.shift.change > 0}
    in_window = np.array([run.started >= begin for run in runs])
    plain = seconds[:, in_window].mean(axis=1) > 1.1 * seconds[:, ~in_window].mean(axis=1)
    counts = [
        len(hits),
        len(found) - len(hits),
        int(plain[:changed].sum()),
        int(plain[changed:].sum()),
        changed,
    ]
    return counts, [abs(one.since.first.id - 1 - int(first[s])) for s, one in hits.items()]


# Speed


def speed() -> tuple[float, float, float]:
    """Seconds for 8,000 tests and 600 runs: outcomes, durations, and judging all days."""
    random = np.random.default_rng(9)
    runs = make_runs(60, 10)
    rates = real_rates(8_000, 9)
    rates[:4_000] = even_rates(4_000, 9)  # far more flaky tests than there are
    failed = random.random((8_000, 600)) < rates[:, None]
    failed[0, 550:] = True
    seconds = np.exp(random.normal(0, 0.2, failed.shape))
    seconds[0, 550:] *= 2

    started = time.process_time()
    changes = [outcome_changes(History.of(row)) for row in failed]
    for_outcomes = time.process_time() - started
    assert any(change.earliest <= 550 <= change.latest for change in changes[0])

    started = time.process_time()
    found = shifts(list(seconds))
    for_durations = time.process_time() - started
    assert any(abs(shift.position - 550) <= 3 for shift in found[0])

    ends = ends_of(failed, seconds.astype(np.float32))
    started = time.process_time()
    table = series_table(runs, ends, np.ones(len(ends), np.bool_))
    days = Periods(BEGIN + DAY * 60, WINDOW, timedelta(days=14)).replayed()
    counts = WindowCounts(runs, ends, table, days)
    judged = judge((counts.sample(day), counts.basis(day)) for day in days)
    assert bool(judged.is_open[0])
    return for_outcomes, for_durations, time.process_time() - started


# Report


def bench(figures: Figures, seeds: int = 4) -> None:
    """Measure all, show the tables, and add the figures that have a target."""
    false, found, slow = measured(seeds)
    show(false, found, slow)
    for row in (row for row in false if row.rule == "ours"):
        plain = next(r for r in false if r.suite == row.suite and r.rule == "3 failures")
        figures.add(
            f"false regressions, {row.suite}",
            f"{row.per_thousand:.2f} of 1,000 tests a day; new on {row.days_with_new:.1%} of days",
            f"3 failures: {plain.per_thousand:.1f} of 1,000",
            "new on at most 10% of days",
            row.days_with_new <= 0.10,
        )
    figures.add(
        "regressions: share of chance",
        f"{found.false_share['ours']:.2%}, {found.found['ours']:.1%} found",
        ", ".join(f"{rule}: {found.false_share[rule]:.0%}" for rule in RULES[1:]),
        "at most 10%",
        found.false_share["ours"] <= 0.10,
    )
    covered = found.covered / found.positions
    figures.add(
        "99% interval of the position",
        f"has the truth in {covered:.2%} of {found.positions:,}; median width {found.width:.0f}",
        "planted steps",
        f"at least {COVERAGE:.0%}",
        covered >= COVERAGE,
    )
    worst = max(slow, key=lambda row: row.false_share)
    figures.add(
        "changes of durations: share of chance",
        f"at most {worst.false_share:.1%}",
        f"mean above 110%: {max(row.plain_false_share for row in slow):.0%}",
        "at most 10%",
        worst.false_share <= 0.10,
    )
    _speed(figures)


def _speed(figures: Figures) -> None:
    names = ("change points of outcomes", "change points of durations", "judging, 15 days replayed")
    for name, seconds in zip(names, speed(), strict=True):
        figures.add(
            f"{name}, 8,000 tests, 600 runs",
            f"{seconds:.1f} s of CPU",
            "",
            "at most 30 s",
            seconds <= 30,
        )


def measured(seeds: int) -> tuple[list[FalseRow], PlantedResult, list[DurationRow]]:
    return list(false_regressions(seeds)), planted(max(1, seeds // 2)), list(durations(2))


def show(false: Sequence[FalseRow], found: PlantedResult, slow: Sequence[DurationRow]) -> None:
    if not flaky_rates()[2]:
        console.print("The FlakeFlagger rates are not here: assumed ones", style="yellow")
    table = Table("suite in which nothing changes", "rule", "false of 1,000 a day", "days with new")
    for row in false:
        table.add_row(row.suite, row.rule, f"{row.per_thousand:.2f}", f"{row.days_with_new:.1%}")
    console.print(table)
    table = Table(
        "planted change", "base rate", "found in 7 d", "in 14 d", "delay (days)", "(runs)"
    )
    for one in found.rows:
        table.add_row(
            one.change,
            f"{one.base:.0%}",
            f"{one.found_7:.0%}",
            f"{one.found_14:.0%}",
            f"{one.delay_days:.1f}",
            f"{one.delay_runs:.0f}",
        )
    console.print(table)
    table = Table("rule", "share of chance", "planted changes found on the last day")
    for rule in RULES:
        table.add_row(rule, f"{found.false_share[rule]:.1%}", f"{found.found[rule]:.1%}")
    console.print(table)
    table = Table("noise", "slower by", "found", "off (runs)", "chance", "plain found", "chance")
    for shift in slow:
        table.add_row(
            shift.noise,
            f"{shift.change:.0%}",
            f"{shift.found:.0%}",
            f"{shift.off_runs:.0f}",
            f"{shift.false_share:.1%}",
            f"{shift.plain_found:.0%}",
            f"{shift.plain_false_share:.0%}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regressions", description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="drawn histories of each kind [4]")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    if not arguments.json:
        bench(Figures(), arguments.seeds)
        return
    false, found, slow = measured(arguments.seeds)
    rows = {"false": list(map(asdict, false)), "durations": list(map(asdict, slow))}
    print(json.dumps(rows | {"planted": asdict(found)}, indent=2))


if __name__ == "__main__":
    main()
