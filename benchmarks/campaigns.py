"""How right verdicts of campaigns are: simulated campaigns with known failure rates."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from benchmarks.measure import Figures
from ci_stat.campaigns.model import (
    Campaign,
    CampaignState,
    JobResult,
    JobState,
    Probe,
    ProbeState,
    Spec,
)
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.verdict_model import OVERALL, Baseline, Verdict
from ci_stat.statistics.proportions import chance_at_most, exact_upper, runs_to_rule_out
from ci_stat.statistics.sequential import Answer, decide, fewest_runs

RATES = (0.0, 0.02, 0.05, 0.10, 0.30)
TARGET = 0.05
JOB = "integration"
_START = datetime(2026, 11, 30, 4, tzinfo=UTC)
_INFRA = 0.05  # of all runs
_HISTORY = 250  # runs before the campaign
_SEQUENCES = 2_000
_MOST = 500  # runs after which a sequence ends without an answer
_SMALL = 0.01  # a rate far below the target
decide_once = cache(decide)


@dataclass
class Score:
    """Campaigns of one failure rate. `holding`: whose interval holds the rate; `bound`: the bound.

    `below`, `above`: that say so of the target. `worse`: than a history of the same rate.
    """

    rate: float
    campaigns: int = 0
    holding: int = 0
    bound: int = 0
    below: int = 0
    above: int = 0
    worse: int = 0

    def add(self, judged: Verdict) -> None:
        overall = judged.overall
        proof = overall.proof
        self.campaigns += 1
        self.holding += proof.interval.low <= self.rate <= proof.interval.high
        self.bound += self.rate <= proof.upper
        self.below += proof.upper <= TARGET
        self.above += proof.lower > TARGET
        self.worse += overall.comparison is not None and overall.comparison.is_worse

    @property
    def coverage(self) -> float:
        return self.holding / self.campaigns

    @property
    def wrong(self) -> float:
        """The share of campaigns with a wrong statement about target or history."""
        below = self.below if self.rate >= TARGET else 0
        above = self.above if self.rate <= TARGET else 0
        return max(below, above, self.worse) / self.campaigns


@dataclass
class Sequences:
    """Sequences of runs of one failure rate, until the answer. `runs`: of all together."""

    rate: float
    number: int = 0
    runs: int = 0
    answers: Counter[Answer] = field(default_factory=Counter)

    def share(self, answer: Answer) -> float:
        return self.answers[answer] / self.number

    @property
    def mean(self) -> float:
        return self.runs / self.number

    @property
    def wrong(self) -> float:
        """The larger share of wrong answers. At the target itself, both answers are."""
        shares = []
        if self.rate >= TARGET:
            shares.append(self.share(Answer.BELOW))
        if self.rate <= TARGET:
            shares.append(self.share(Answer.ABOVE))
        return max(shares)


def score(rate: float, campaigns: int, seed: int = 1, count: int = 10) -> Score:
    """Judge so many campaigns of `count` pull requests, each with a history of the same rate."""
    generator = random.Random(f"{seed} {rate}")
    result = Score(rate)
    for number in range(campaigns):
        failed = sum(generator.random() < rate for _ in range(_HISTORY))
        history = {OVERALL: Baseline(_HISTORY - failed, failed)}
        campaign = simulated(generator, rate, count, number)
        result.add(verdict(campaign, _START, baselines=history))
    return result


def simulated(generator: random.Random, rate: float, count: int, number: int = 0) -> Campaign:
    """A campaign whose runs fail at this rate; some of them by the infrastructure."""
    spec = Spec(repo="o/r", branch="main", count=count, contexts=(JOB,), target_rate=TARGET)
    probes = tuple(
        Probe(
            position,
            _START + position * spec.stagger,
            f"{position:x}",
            ProbeState.CLOSED,
            number=position,
            jobs=(JobResult(JOB, _state(generator, rate)),),
        )
        for position in range(1, count + 1)
    )
    end = _START + timedelta(hours=12)
    return Campaign(f"{number:012x}", spec, _START, CampaignState.DONE, end, probes)


def _state(generator: random.Random, rate: float) -> JobState:
    if generator.random() < _INFRA:
        return JobState.INFRA
    return JobState.FAILED if generator.random() < rate else JobState.PASSED


def sequences(rate: float, number: int, most: int = _MOST, seed: int = 1) -> Sequences:
    """Ask after each run, until there is an answer or `most` runs."""
    generator = random.Random(f"{seed} {rate}")
    result = Sequences(rate)
    for _ in range(number):
        answer, runs = _until_answer(generator, rate, most)
        result.number += 1
        result.runs += runs
        result.answers[answer] += 1
    return result


def _until_answer(generator: random.Random, rate: float, most: int) -> tuple[Answer, int]:
    failures = 0
    for runs in range(1, most + 1):
        failures += generator.random() < rate
        answer = decide_once(failures, runs, TARGET)
        if answer is not Answer.UNDECIDED:
            return answer, runs
    return Answer.UNDECIDED, most


def repeated_fixed(rate: float, number: int, most: int = _MOST, seed: int = 1) -> float:
    """How often the exact bound of a fixed number, asked after each run, is below the target."""
    generator = random.Random(f"{seed} {rate}")
    return sum(_ever_below(generator, rate, most) for _ in range(number)) / number


def _ever_below(generator: random.Random, rate: float, most: int) -> bool:
    failures = 0
    for runs in range(1, most + 1):
        failures += generator.random() < rate
        if runs >= runs_to_rule_out(TARGET) and exact_upper(failures, runs) <= TARGET:
            return True
    return False


def fixed_runs(rate: float, power: float) -> int:
    """The fixed number of runs that shows a rate to be below the target with this probability."""
    return next(runs for runs, chance in _fixed_plans(rate) if chance >= power)


def _fixed_plans(rate: float) -> Iterator[tuple[int, float]]:
    """Plans with 0, 1, 2, ... failures allowed: runs, and the chance that they show it."""
    for failures in range(200):
        runs = runs_to_rule_out(TARGET, failures)
        yield runs, chance_at_most(failures, runs, rate)


def bench(figures: Figures, campaigns: int = 200) -> None:
    """Simulated campaigns of 10, and the sequential decision against a fixed number."""
    for rate in RATES:
        _add_score(figures, score(rate, campaigns))
    results = [sequences(rate, _SEQUENCES) for rate in sorted({*RATES, _SMALL})]
    for result in results:
        _add_sequences(figures, result)
    for result in results:
        if result.rate < TARGET:
            _add_power(figures, result)


def _add_score(figures: Figures, result: Score) -> None:
    of = f"{result.campaigns} campaigns of 10, true failure rate {result.rate:.0%}"
    figures.add(
        f"interval holds the rate: {of}",
        f"{result.coverage:.1%} (upper bound {result.bound / result.campaigns:.1%})",
        "the rate that was drawn from",
        "at least 95 %",
        result.coverage >= 0.95,
    )
    figures.add(
        f"wrong verdicts: {of}",
        f"{result.wrong:.1%}",
        f"target {TARGET:.0%} and {_HISTORY} runs of history at the same rate",
        "at most 5 %",
        result.wrong <= 0.05,
    )


def _add_sequences(figures: Figures, result: Sequences) -> None:
    shares = ", ".join(f"{answer} {result.share(answer):.1%}" for answer in Answer)
    naive = repeated_fixed(result.rate, _SEQUENCES // 4)
    fixed = runs_to_rule_out(TARGET)
    passing = (1 - result.rate) ** fixed
    figures.add(
        f"asked after each run, target {TARGET:.0%}, true failure rate {result.rate:.0%}",
        f"mean {result.mean:.0f} runs: {shares}",
        f"{fixed} fixed runs: below {passing:.1%}; exact bound after each run: below {naive:.1%}",
        "wrong at most 5 %",
        result.wrong <= 0.05,
    )


def _add_power(figures: Figures, result: Sequences) -> None:
    """Mean runs against the fixed number that answers BELOW as often."""
    rate, power = result.rate, result.share(Answer.BELOW)
    fixed = fixed_runs(rate, power)
    figures.add(
        f"mean runs to show that {rate:.0%} is below {TARGET:.0%}",
        f"{result.mean:.0f} ({power:.1%} shown, at least {fewest_runs(TARGET)} runs)",
        f"{fixed} fixed runs show it as often",
        "fewer, but for 0 %",
        result.mean < fixed or not rate,
    )
