"""Compares rates: each pair with its interval and p-value, and all of them for chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ci_stat.result.comparing.changes import Change, Rate, RateChange
from ci_stat.statistics.clusters import Clusters
from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.exact import least_p, mid_p
from ci_stat.statistics.intervals import newcombe, wilson

CHANCE = 0.1  # of what is called more than chance, at most this share is expected to be chance


@dataclass(frozen=True, slots=True)
class Sample:
    """`count` of `runs`, of which `effect` runs tell as much as one independent run."""

    count: int
    runs: int
    effect: float = 1.0
    prs: int | None = None
    nightly: int | None = None

    @classmethod
    def of(cls, clusters: Clusters) -> "Sample":
        return cls(clusters.count, clusters.runs, clusters.effect)

    def rate(self) -> Rate:
        interval = wilson(self.count / self.effect, self.runs / self.effect)
        return Rate(self.count, self.runs, interval, self.prs, self.nightly)


def compare_rates(pairs: Sequence[tuple[Sample, Sample]]) -> list[RateChange]:
    """Compare all pairs (now, before), in their order, as one family of comparisons."""
    rates = [_compared(*_of_one_effect(now, before)) for now, before in pairs]
    decidable = [rate for rate in rates if rate.decidable]
    q_values = iter(adjusted([rate.p_value for rate in decidable]))
    return [_judged(rate, next(q_values)) if rate.decidable else rate for rate in rates]


def _of_one_effect(now: Sample, before: Sample) -> tuple[Sample, Sample]:
    """Both samples with the larger effect: a side with few runs cannot show its own."""
    effect = max(now.effect, before.effect)
    return replace(now, effect=effect), replace(before, effect=effect)


def _compared(now: Sample, before: Sample) -> RateChange:
    """One pair, before the number of comparisons is known."""
    effect = now.effect
    counts = [round(number / effect) for number in (now.count, now.runs)]
    others = [round(number / effect) for number in (before.count, before.runs)]
    p_value = mid_p(*counts, *others)
    least = least_p(counts[0] + others[0], counts[1], others[1])
    interval = newcombe(
        now.count / effect, now.runs / effect, before.count / effect, before.runs / effect
    )
    rate, before_rate = now.rate(), before.rate()
    return RateChange(
        now=rate,
        before=before_rate,
        difference=_difference(rate, before_rate),
        interval=interval,
        p_value=p_value,
        q_value=1.0,
        decidable=least <= CHANCE,
        change=_change(rate, before_rate),
        by_chance=True,
    )


def _judged(rates: RateChange, q_value: float) -> RateChange:
    return replace(rates, q_value=q_value, by_chance=q_value > CHANCE)


def _difference(now: Rate, before: Rate) -> float | None:
    if now.value is None or before.value is None:
        return None
    return now.value - before.value


def _change(now: Rate, before: Rate) -> Change:
    difference = _difference(now, before)
    if now.count == before.count == 0 or difference == 0:
        return Change.SAME
    if not before.count:
        return Change.NEW
    if not now.count:
        return Change.GONE
    return Change.WORSE if (difference or 0.0) > 0 else Change.BETTER
