"""Ways to find a culprit, on simulated breakages: ours, git-bayesect, and bisections."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.culprit_histories import History, Runs
from ci_stat.commit_tests.culprit.clues import Suspect
from ci_stat.commit_tests.culprit.decisions import (
    Assessment,
    Search,
    assess,
    kind_of,
    next_trials,
    reason_to_end,
)
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.model import (
    Answer,
    Commit,
    CommitRange,
    Kind,
    Observation,
    RateHistory,
    Rules,
    Trial,
)
from ci_stat.commit_tests.culprit.priors import prior_of

CONFIDENCE = 0.99
BUDGET = 2_000
FOLDER = Path(__file__).parents[1] / "build" / "git-bayesect"
INSTALL = f"pip install --target {FOLDER.relative_to(Path(__file__).parents[1])} git-bayesect==1.2"
_NOW = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What a contender says. `place`: of the culprit, 0 for none; None if it is not sure."""

    place: int | None
    runs: int
    rounds: int


Contender = Callable[[History], Found]


# Ours


def ours(parallel: int, confirms: bool = True) -> Contender:
    """A search with so many runs in each round."""
    rules = Rules(confidence=CONFIDENCE, budget=BUDGET, parallel=parallel, confirms=confirms)

    def find(history: History) -> Found:
        search = _search(history, rules)
        trials = _Trials(search, history)
        rounds = 0
        while True:
            assessment = trials.assess()
            if reason_to_end(search, assessment) is not None:
                return Found(_said(search, assessment), trials.count, rounds)
            trials.run(assessment, parallel)
            rounds += 1

    return find


def our_guesses(history: History, budgets: tuple[int, ...], parallel: int) -> list[int]:
    """The likeliest suspect after each number of runs, whether it is sure or not."""
    search = _search(history, Rules(confidence=CONFIDENCE, budget=BUDGET, parallel=parallel))
    trials = _Trials(search, history)
    guesses = []
    for budget in budgets:
        while trials.count < budget:
            trials.run(trials.assess(), min(parallel, budget - trials.count))
        guesses.append(int(trials.assess().belief.suspects[0].argmax()) + 1)
    return guesses


class _Trials:
    """The runs of a search."""

    def __init__(self, search: Search, history: History) -> None:
        self._search = search
        self._places = search.commits.places()
        self._runs = Runs(history)
        self._observations: list[Observation] = []

    @property
    def count(self) -> int:
        return self._runs.count

    def assess(self) -> Assessment:
        return assess(self._search, Evidence.of(self._observations, self._places))

    def run(self, assessment: Assessment, count: int) -> None:
        for trial in next_trials(self._search, assessment, count):
            self._observations.append(self._observe(trial))

    def _observe(self, trial: Trial) -> Observation:
        failed = self._runs.fails(trial.place)
        return Observation(
            number=self.count,
            commit=self._search.commits.at(trial.place).sha,
            answer=Answer.FAILED if failed else Answer.PASSED,
            at=_NOW,
            seconds=60.0,
            confirms=trial.confirms,
        )


def _search(history: History, rules: Rules) -> Search:
    line = [Commit(sha=f"{place:040x}") for place in range(history.size + 1)]
    suspects = [Suspect(weight) for weight in history.weights]
    commits = CommitRange(base=line[0], suspects=tuple(line[1:]))
    return Search(commits, prior_of(suspects, rules, RateHistory()), rules)


def _said(search: Search, assessment: Assessment) -> int | None:
    kind = kind_of(search, assessment)
    if kind is Kind.UNSURE:
        return None
    return 0 if kind is Kind.NO_CULPRIT else assessment.leader.last


# git-bayesect 1.2: its decision code in this process


def git_bayesect() -> Any | None:
    """The module of git-bayesect; None if it is not installed."""
    if importlib.util.find_spec("git_bayesect") is None and FOLDER.is_dir():
        sys.path.append(str(FOLDER))
    if importlib.util.find_spec("git_bayesect") is None:
        return None
    return importlib.import_module("git_bayesect")


def bayesect(history: History) -> Found:
    """Until its belief in a commit reaches the confidence, or the budget is spent.

    Its places run from the newest commit to the good one, which is one of its suspects: it stands
    for "no culprit" here.
    """
    bisector, runs = _bisector(history), Runs(history)
    while bisector.distribution.max() < CONFIDENCE and runs.count < BUDGET:
        _record_next(bisector, runs, history)
    is_sure = bisector.distribution.max() >= CONFIDENCE
    place = history.size - int(bisector.distribution.argmax())
    return Found(place if is_sure else None, runs.count, runs.count)


def bayesect_guesses(history: History, budgets: tuple[int, ...]) -> list[int]:
    """Its likeliest commit after each number of runs."""
    bisector, runs = _bisector(history), Runs(history)
    guesses = []
    for budget in budgets:
        while runs.count < budget:
            _record_next(bisector, runs, history)
        suspects = bisector.distribution[:-1]  # without the good commit
        guesses.append(history.size - int(suspects.argmax()))
    return guesses


def _bisector(history: History) -> Any:
    module = git_bayesect()
    assert module is not None
    return module.Bisector([*reversed(history.weights), 1.0])


def _record_next(bisector: Any, runs: Runs, history: History) -> None:
    index = bisector.select()
    bisector.record(index, runs.fails(history.size - index))


# Bisections, which trust each answer


def bisection(history: History) -> Found:
    """Plain bisection."""
    return _bisected(history, votes=1)


def bisection_by_vote(history: History) -> Found:
    """Bisection by the majority of three runs, which run in one round."""
    return _bisected(history, votes=3)


def _bisected(history: History, votes: int) -> Found:
    runs = Runs(history)
    good, bad, rounds = 0, history.size, 0
    while bad - good > 1:
        middle = (good + bad) // 2
        failed = sum(runs.fails(middle) for _ in range(votes))
        good, bad = (good, middle) if 2 * failed > votes else (middle, bad)
        rounds += 1
    return Found(bad, runs.count, rounds)
