"""Judges the ramp: which step counts today, and whether the pass rate is too low for it.

The upper end of the 95 % interval of the rate must reach the rate of the step; a step is proven
when the lower end does. Once a step is proven, no lower one counts (the ratchet) without a waiver.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from ci_stat.rendering.format import percent, plural
from ci_stat.statistics.clusters import Clusters
from ci_stat.statistics.intervals import Interval, wilson
from ci_stat.test_results.gates.model import History, RampState, Reason, Rule, Tally
from ci_stat.test_results.gates.policy import Ramp, is_expired

Tallies = Sequence[tuple[Tally, ...]]
"""Of each run, the newest first: the tests that join with each step."""


def ramp_state(
    ramp: Ramp, tallies: tuple[Tally, ...], now: datetime, history: History
) -> RampState:
    """Judge the results of this run together with those before it."""
    by_calendar = step_of_day(ramp, now.date())
    past = [run.tallies for run in history]
    proven = max(ramp.step_of(ramp.proven), best_proven(ramp, past))
    held = _held(ramp, proven, now)
    judged = max(by_calendar, held)
    if judged == 0:
        return RampState(0, proven, 0, 0.0, 0)

    newest = [tallies, *past][: ramp.runs]
    sums = _clusters(newest, judged)
    interval = _interval(sums)
    reached = best_proven(ramp, [tallies, *past][: ramp.runs], windows=1)
    return RampState(
        by_calendar=by_calendar,
        proven=proven,
        judged=judged,
        rate=ramp.step[judged - 1].share,
        runs=sums.number,
        newest_finished=sum(tally.finished for tally in tallies[:judged]),
        passed=sums.count,
        finished=sums.runs,
        low=interval.low,
        high=interval.high,
        waived=judged < max(by_calendar, proven),
        newly_proven=reached if reached > proven else 0,
    )


def ramp_reasons(ramp: Ramp, state: RampState, now: datetime) -> Iterator[Reason]:
    """Yield what is wrong with the pass rate, or with the ramp itself."""
    for place, waiver in enumerate(ramp.waiver):
        if is_expired(waiver.expires, now):
            text = (
                f"ramp.waiver #{place + 1} expired on {waiver.expires}: its owner is {waiver.owner}"
            )
            yield Reason(Rule.EXPIRED, text)
    if state.judged and not state.newest_finished:
        text = "no test of the categories that joined the ramp has a result in this run"
        yield Reason(Rule.RAMP_EMPTY, text)
    elif state.finished >= ramp.min_results and state.high < state.rate:
        text = (
            f"step {state.judged} of the ramp needs a pass rate of {percent(state.rate)}, but"
            f" {state.passed:,} of {plural(state.finished, 'result')} passed: the rate is at most"
            f" {percent(state.high)}"
        )
        yield Reason(Rule.RAMP, text)


def step_of_day(ramp: Ramp, day: date) -> int:
    """Return the step of the calendar, from 1; 0 before the start."""
    days = (day - ramp.start).days
    return 0 if days < 0 else min(days // (7 * ramp.weeks) + 1, len(ramp.step))


def best_proven(ramp: Ramp, tallies: Tallies, windows: int | None = None) -> int:
    """Return the best step that any window of `ramp.runs` runs proves; 0 for none.

    `windows`: only so many, the newest first.
    """
    count = len(tallies) if windows is None else min(windows, len(tallies))
    return max((_proven(ramp, tallies[at : at + ramp.runs]) for at in range(count)), default=0)


def _proven(ramp: Ramp, tallies: Tallies) -> int:
    for number in range(len(ramp.step), 0, -1):
        sums = _clusters(tallies, number)
        is_enough = sums.runs >= ramp.min_results
        if is_enough and _interval(sums).low >= ramp.step[number - 1].share:
            return number
    return 0


def _held(ramp: Ramp, proven: int, now: datetime) -> int:
    """Return the step that the ratchet holds: the proven one, or a lower one that is waived."""
    waived = [ramp.step_of(one.rate) for one in ramp.waiver if not is_expired(one.expires, now)]
    return min([proven, *waived])


def _clusters(tallies: Tallies, step: int) -> Clusters:
    """Sum the tests that joined up to `step`. The tests of one run fail together, so a run is a
    cluster."""
    return sum(_of_runs(tallies, step), Clusters())


def _of_runs(tallies: Tallies, step: int) -> Iterator[Clusters]:
    for run in tallies:
        passed = sum(tally.passed for tally in run[:step])
        finished = sum(tally.finished for tally in run[:step])
        if finished:
            yield Clusters(
                passed, finished, 1, passed * passed, passed * finished, finished * finished
            )


def _interval(sums: Clusters) -> Interval:
    return wilson(sums.count / sums.effect, sums.runs / sums.effect)
