"""How right a search for a culprit is, and what it costs: simulated breakages, known truth.

Each contender sees the same outcome of the n-th run of a commit. A round is a run of each slot.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import product

from benchmarks.culprit_contenders import (
    CONFIDENCE,
    INSTALL,
    Contender,
    Found,
    bayesect,
    bayesect_guesses,
    bisection,
    bisection_by_vote,
    git_bayesect,
    our_guesses,
    ours,
)
from benchmarks.culprit_histories import PAIRS, SIZES, History, Scenario, histories
from benchmarks.measure import Figures, console

OURS, OURS_ALONE = "ci_stat, 4 in parallel", "ci_stat, one at a time"
UNCONFIRMED = "ci_stat, 4 in parallel, not confirmed"
BAYESECT, PLAIN, VOTE = "git-bayesect 1.2", "bisection", "bisection, 3 votes"
BUDGETS = (8, 16, 32, 64, 128, 256)
GUESS_SIZES = (32, 1024)
CALIBRATED, MOST_ROUNDS, NO_CULPRIT = 0.985, 0.5, 0.98
TOLERANCE = 0.01  # of an accuracy
_PARALLEL = 4
_CHUNK = 25  # breakages of one task


@dataclass
class Score:
    """Answers of one contender. `said`: with the confidence; `right`, of these."""

    number: int = 0
    said: int = 0
    right: int = 0
    none: int = 0
    runs: int = 0
    rounds: int = 0

    def add(self, found: Found, truth: int) -> None:
        self.number += 1
        self.said += found.place is not None
        self.right += found.place == truth
        self.none += found.place == 0
        self.runs += found.runs
        self.rounds += found.rounds

    def __add__(self, other: "Score") -> "Score":
        return Score(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.number)

    @property
    def calibration(self) -> float:
        return self.right / max(1, self.said)

    @property
    def words(self) -> str:
        per = max(1, self.number)
        return (
            f"right {self.accuracy:.3f}, of those said {self.calibration:.4f},"
            f" {self.runs / per:.1f} runs, {self.rounds / per:.1f} rounds"
        )


@dataclass
class Guesses:
    """How often the likeliest suspect after each budget was the culprit."""

    number: int = 0
    right: dict[int, int] = field(default_factory=lambda: dict.fromkeys(BUDGETS, 0))

    def add(self, places: Iterable[int], truth: int) -> None:
        self.number += 1
        for budget, place in zip(BUDGETS, places, strict=True):
            self.right[budget] += place == truth

    def __add__(self, other: "Guesses") -> "Guesses":
        right = {budget: self.right[budget] + other.right[budget] for budget in BUDGETS}
        return Guesses(self.number + other.number, right)

    @property
    def mean(self) -> float:
        """The accuracy, over all budgets."""
        return sum(self.right.values()) / max(1, self.number * len(BUDGETS))

    @property
    def words(self) -> str:
        shares = (f"{self.right[budget] / max(1, self.number):.3f}" for budget in BUDGETS)
        return " ".join(shares)


Scores = dict[str, Score]


def bench(figures: Figures, number: int) -> None:
    """Score `number` breakages of each scenario."""
    if git_bayesect() is None:
        console.print(f"  git-bayesect is skipped: it is not installed ({INSTALL})")
    cells: dict[Scenario, Scores] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for scenario in scenarios():
            cells[scenario] = _scores(pool, scenario, number)
            _print_scores(scenario, cells[scenario])
        _show_guesses(figures, pool, number)
    _show_rounds(figures, cells)
    _show_calibration(figures, cells)
    _show_no_culprit(figures, cells)


def scenarios() -> Iterator[Scenario]:
    for has_clues, rates, size in product((False, True), (*PAIRS, None), SIZES):
        yield Scenario(size, rates, has_clues)


def contenders() -> dict[str, Contender]:
    named: dict[str, Contender] = {
        OURS: ours(_PARALLEL),
        OURS_ALONE: ours(1),
        UNCONFIRMED: ours(_PARALLEL, confirms=False),
        PLAIN: bisection,
        VOTE: bisection_by_vote,
    }
    if git_bayesect() is not None:
        named[BAYESECT] = bayesect
    return named


def score(scenario: Scenario, seeds: range) -> Scores:
    """The answers of each contender."""
    scores = {name: Score() for name in contenders()}
    for history in histories(scenario, seeds):
        for name, find in contenders().items():
            scores[name].add(find(history), history.culprit)
    return scores


def guess(scenario: Scenario, seeds: range) -> dict[str, Guesses]:
    """What each contender thinks after each budget."""
    guessers: dict[str, Callable[[History], list[int]]] = {
        OURS_ALONE: lambda history: our_guesses(history, BUDGETS, 1),
        OURS: lambda history: our_guesses(history, BUDGETS, _PARALLEL),
    }
    if git_bayesect() is not None:
        guessers[BAYESECT] = lambda history: bayesect_guesses(history, BUDGETS)
    guesses = {name: Guesses() for name in guessers}
    for history in histories(scenario, seeds):
        for name, guesser in guessers.items():
            guesses[name].add(guesser(history), history.culprit)
    return guesses


def _chunks(number: int) -> list[range]:
    begins = range(0, number, _CHUNK)
    return [range(begin, min(begin + _CHUNK, number)) for begin in begins]


def _scores(pool: Executor, scenario: Scenario, number: int) -> Scores:
    total: Scores = {}
    for scores in pool.map(partial(score, scenario), _chunks(number)):
        for name, part in scores.items():
            total[name] = total.get(name, Score()) + part
    return total


def _guesses(pool: Executor, scenario: Scenario, number: int) -> dict[str, Guesses]:
    total: dict[str, Guesses] = {}
    for guesses in pool.map(partial(guess, scenario), _chunks(number)):
        for name, part in guesses.items():
            total[name] = total.get(name, Guesses()) + part
    return total


# Figures


def _print_scores(scenario: Scenario, scores: Scores) -> None:
    console.print(f"  {scenario.name}")
    for name, of_contender in scores.items():
        console.print(f"    {name}: {of_contender.words}")


def _show_guesses(figures: Figures, pool: Executor, number: int) -> None:
    """Accuracy at equal budgets, without clues."""
    for rates in PAIRS:
        total: dict[str, Guesses] = {}
        for size in GUESS_SIZES:
            scenario = Scenario(size, rates)
            for name, part in _guesses(pool, scenario, number).items():
                console.print(f"    {scenario.name}, after {BUDGETS} runs, {name}: {part.words}")
                total[name] = total.get(name, Guesses()) + part
        theirs = total.get(BAYESECT)
        mine = total[OURS_ALONE].mean
        figures.add(
            f"the likeliest commit after 8 to 256 runs, {_rates(rates)}",
            f"right {mine:.3f} (4 in parallel: {total[OURS].mean:.3f})",
            f"{BAYESECT}: {theirs.mean:.3f}" if theirs else "skipped",
            "as right",
            mine >= theirs.mean - TOLERANCE if theirs else None,
        )


def _show_rounds(figures: Figures, cells: Mapping[Scenario, Scores]) -> None:
    """Rounds to an answer, over all sizes, without clues and with them."""
    for has_clues, rates in product((False, True), PAIRS):
        total = _total(
            scores
            for scenario, scores in cells.items()
            if (scenario.has_clues, scenario.rates) == (has_clues, rates)
        )
        theirs = total.get(BAYESECT)
        ratio = total[OURS].rounds / max(1, theirs.rounds) if theirs else None
        figures.add(
            f"rounds to an answer, {_rates(rates)}{', clues' if has_clues else ''}",
            f"{total[OURS].words}" + (f": {ratio:.2f} of the rounds" if ratio else ""),
            f"{BAYESECT}: {theirs.words}" if theirs else "skipped",
            f"at most {MOST_ROUNDS}",
            ratio <= MOST_ROUNDS if ratio else None,
        )


def _show_calibration(figures: Figures, cells: Mapping[Scenario, Scores]) -> None:
    total = _total(cells.values())
    for name in (OURS, OURS_ALONE, UNCONFIRMED, BAYESECT, PLAIN, VOTE):
        if name not in total:
            continue
        of_contender = total[name]
        is_ours = name in (OURS, OURS_ALONE)
        figures.add(
            f"right of those said with {CONFIDENCE:.0%}, all scenarios, {name}",
            f"{of_contender.calibration:.4f} of {of_contender.said:,}",
            "known truth",
            f"at least {CALIBRATED}" if is_ours else "",
            of_contender.calibration >= CALIBRATED if is_ours else None,
        )


def _show_no_culprit(figures: Figures, cells: Mapping[Scenario, Scores]) -> None:
    total = _total(scores for scenario, scores in cells.items() if scenario.rates is None)
    mine = total[OURS]
    others = [
        f"{name}: {total[name].none / total[name].number:.3f}"
        for name in (BAYESECT, PLAIN, VOTE)
        if name in total
    ]
    figures.add(
        "no culprit, where there is none",
        f"{mine.none / mine.number:.4f} of {mine.number:,}",
        ", ".join(others),
        f"at least {NO_CULPRIT}",
        mine.none / mine.number >= NO_CULPRIT,
    )


def _total(parts: Iterable[Scores]) -> Scores:
    total: Scores = {}
    for scores in parts:
        for name, part in scores.items():
            total[name] = total.get(name, Score()) + part
    return total


def _rates(rates: tuple[float, float]) -> str:
    return f"{rates[0]:g} to {rates[1]:g}"
