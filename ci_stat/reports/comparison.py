"""Which windows a report compares its window with, and their counts as baselines."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ci_stat.records import RunFilter, WindowFacts
from ci_stat.rendering.format import plural, span
from ci_stat.reports.counted_windows import SETTLED, CountedWindows
from ci_stat.reports.inputs import Baseline, Comparison, LoadedWindow
from ci_stat.reports.model import LateRuns
from ci_stat.reports.windows import DAY, mostly_after, shifted

_CHART_DAYS = 14
_WEEK = 7 * DAY


def compare_hour(
    window: RunFilter, loaded: LoadedWindow, counted: CountedWindows, history_days: int
) -> Comparison:
    """Compare with the window before, and with the same hours of the days before."""
    length = window.window.length
    previous = _with_rows([shifted(window, -length)], loaded.oldest)
    same_hours = [shifted(window, -DAY * back) for back in range(1, history_days + 1)]
    usual = _with_rows(same_hours, loaded.oldest) if length <= DAY else []

    facts = counted.counts([*previous, *usual])
    before, others = facts[: len(previous)], facts[len(previous) :]
    baselines = [_baseline(f"{span(length)} before", before)]
    is_same = usual == previous and bool(usual)
    if length <= DAY and not is_same:
        name = f"usual (median of {plural(len(usual), 'day')})"
        baselines.append(_baseline(name, others))
    return Comparison(tuple(baselines), late=_late(window, before, counted.now))


def compare_day(window: RunFilter, loaded: LoadedWindow, counted: CountedWindows) -> Comparison:
    """Compare with the day before and the same weekday of last week, and count the chart's days.

    A window of several days is compared with as many days before, and with the same weekdays of the
    last weeks before it. For whole weeks these are the same days, and one column.
    """
    length = window.window.length
    weeks = -(-length // _WEEK)
    previous, last_week = shifted(window, -length), shifted(window, -_WEEK * weeks)
    with_rows = _with_rows(dict.fromkeys((previous, last_week)), loaded.oldest)
    facts = dict(zip(with_rows, counted.counts(with_rows), strict=True))

    before = [facts[previous]] if previous in facts else []
    week_before = [facts[last_week]] if last_week in facts else []
    result = loaded.result
    days = counted.days(window, result.tally + result.special_tally, _CHART_DAYS)
    first_day = str(loaded.oldest.date())
    baselines = [_baseline(f"{span(length)} before", before)]
    if last_week != previous and (week_before or length <= DAY):
        name = "a week before" if weeks == 1 else f"{weeks} weeks before"
        baselines.append(_baseline(name, week_before))
    return Comparison(
        baselines=tuple(baselines),
        late=_late(window, before, counted.now),
        durations=_durations(facts.values()),
        days=[day for day in days if day.label >= first_day],
    )


def _with_rows(windows: Iterable[RunFilter], oldest: datetime) -> list[RunFilter]:
    return [window for window in windows if mostly_after(window, oldest)]


def _baseline(name: str, facts: Iterable[WindowFacts]) -> Baseline:
    return Baseline(name, tuple(fact.count for fact in facts))


def _late(window: RunFilter, before: list[WindowFacts], now: datetime) -> LateRuns | None:
    """Runs of the window before that finished later after its end than now is after this one's."""
    age = now - window.window.end
    may_run = timedelta(0) <= age < SETTLED
    if not before or not may_run:
        return None
    late = sum(seconds > age.total_seconds() for seconds in before[0].ended_after)
    return LateRuns(late, before[0].count.tally.total) if late else None


def _durations(facts: Iterable[WindowFacts]) -> dict[str, list[int]]:
    """Durations of several windows by job, in milliseconds."""
    durations: dict[str, list[int]] = {}
    for fact in facts:
        for job, milliseconds in fact.durations.items():
            durations.setdefault(job, []).extend(milliseconds)
    return durations
