"""How right flaky tests are: histories with known truth, against plain rules."""

from collections import Counter
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.flaky_histories import RATES, History, draw, read_rates
from benchmarks.measure import Figures, console
from ci_stat.statistics.intervals import wilson
from ci_stat.test_results.flakiness.counting import count_places
from ci_stat.test_results.flakiness.exclusions import find_exclusions
from ci_stat.test_results.flakiness.model import LEAST_FAILED, LEAST_RUNS
from ci_stat.test_results.flakiness.run_columns import RunColumns

THRESHOLD = 0.02  # failed runs of all: the plain rule
RATE = 0.01  # lower bound of the interval: our rule
OFTEN = 0.05  # flaky tests that a rule of rates is to find
HALF = 0.3  # four failures in a row are common from here on
Flags = NDArray[np.bool_]


@dataclass
class Score:
    """Tests that a rule names, of those that are flaky."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, named: Flags, flaky: Flags, seen: Flags) -> None:
        """`seen`: flaky tests that the rule could see."""
        self.right += int((named & flaky).sum())
        self.wrong += int((named & ~flaky).sum())
        self.missed += int((~named & seen).sum())

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def words(self) -> str:
        shares = f"precision {self.precision:.3f}, recall {self.recall:.3f}"
        return f"{shares} ({self.right:,} right, {self.wrong:,} wrong, {self.missed:,} missed)"


@dataclass
class Scores:
    """Sums over histories. `intervals`: of rates, and how many hold the true rate, by kind."""

    rules: dict[str, Score] = field(default_factory=dict)
    intervals: Counter[str] = field(default_factory=Counter)
    holding: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, rule: str) -> Score:
        return self.rules.setdefault(rule, Score())


def bench(figures: Figures, seeds: int) -> None:
    """Score the suite of each project, `seeds` histories each."""
    if not RATES.exists():
        console.print(f"  skipped: the rates of FlakeFlagger are not here ({RATES.name})")
        return
    scores = Scores()
    for seed in range(seeds):
        for number, rates in enumerate(read_rates().values()):
            history = draw(rates, 1000 * seed + number)
            _score_ours(history, scores)
            _score_plain(history, scores)
    _show(figures, scores)


def _flaky(history: History) -> Flags:
    return (history.rates > 0) & (history.rates < 1)


def _score_ours(history: History, scores: Scores) -> None:
    runs, ends, count = history.runs, history.ends, len(history.rates)
    exclusions = find_exclusions(runs, ends, history.incomplete)
    on_default = np.array([run.info.attempt == 1 for run in runs], np.bool_)
    places = count_places(RunColumns.of(runs), ends, exclusions, on_default)
    case = places.case - 1
    mixed, failed, finished = (
        np.bincount(case, column, count)
        for column in (places.mixed, places.failed, places.finished)
    )
    flaky = _flaky(history)
    scores.of("proven: ci_stat").add(mixed > 0, flaky, history.own_mixed)

    intervals = [wilson(*pair) for pair in zip(failed, finished, strict=True)]
    is_listed = (finished >= LEAST_RUNS) & (failed >= LEAST_FAILED)
    is_high = is_listed & np.array([interval.low >= RATE for interval in intervals])
    scores.of("rate: ci_stat").add(is_high, flaky, flaky & (history.rates >= OFTEN))
    for test in np.flatnonzero(flaky & (finished >= LEAST_RUNS)):
        rate, interval = history.rates[test], intervals[test]
        kind = "below" if rate < HALF else "from"
        scores.intervals[kind] += 1
        scores.holding[kind] += interval.low <= rate <= interval.high
    scores.left_out.update(asdict(exclusions.left_out))


def _score_plain(history: History, scores: Scores) -> None:
    ends, count, flaky = history.ends, len(history.rates), _flaky(history)
    tests = ends.case - 1
    failed = np.bincount(tests[ends.failed], minlength=count)
    runs = np.bincount(tests, minlength=count)
    both = (failed > 0) & (failed < runs)
    scores.of("proven: passed and failed in the window").add(both, flaky, history.own_mixed)
    mixed = _mixed(history)
    scores.of("proven: any mixed commit").add(mixed, flaky, history.own_mixed)
    is_often = both & (failed >= THRESHOLD * runs)
    often = flaky & (history.rates >= OFTEN)
    scores.of(f"rate: failed in {THRESHOLD:.0%} of the runs").add(is_often, flaky, often)


def _mixed(history: History) -> Flags:
    """Whether each test has both outcomes on one commit, with nothing left out."""
    ends, count = history.ends, len(history.rates)
    commit = RunColumns.of(history.runs).commit[ends.run]
    keys, key = np.unique(commit * count + ends.case - 1, return_inverse=True)
    failed = np.bincount(key[ends.failed], minlength=len(keys))
    is_mixed = (failed > 0) & (failed < np.bincount(key))
    return np.bincount(keys[is_mixed] % count, minlength=count) > 0


def _show(figures: Figures, scores: Scores) -> None:
    targets = {"proven: ci_stat": 0.9, "rate: ci_stat": 0.9}
    for rule, score in sorted(scores.rules.items()):
        least = targets.get(rule)
        reached = None if least is None else min(score.precision, score.recall) >= least
        target = f"at least {least} each" if least else ""
        figures.add(f"flaky tests, {rule}", score.words, "known truth", target, reached)
    for kind, words in (("below", "below"), ("from", "of at least")):
        held = scores.holding[kind] / max(1, scores.intervals[kind])
        figures.add(
            f"95 % intervals that hold the true rate, rates {words} {HALF:.0%}",
            f"{held:.1%} of {scores.intervals[kind]:,}",
            "known truth",
            "95 % if nothing were planted",
            None,
        )
    console.print(f"  left out: {dict(scores.left_out)}")
