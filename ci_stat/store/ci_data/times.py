"""When runs happened and how long they took, without a look into any JSON."""

from collections import Counter, defaultdict

from sqlalchemy import Connection, func, select
from sqlalchemy.types import String

from ci_stat.records import (
    PeriodCount,
    RunFilter,
    Status,
    every_period,
    period_length,
    seconds_after,
)
from ci_stat.store.ci_data.counts import label_of, text_of
from ci_stat.store.ci_data.runs import conditions, wall_time
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, wall
from ci_stat.store.ci_data.streaming import stream


def count_periods(connection: Connection, wanted: RunFilter) -> tuple[PeriodCount, ...]:
    """Runs by outcome for each hour, day or month of the window, as the summary of that window has them."""
    period = func.substr(
        wall(ci_data.c.time).cast(String(32)), 1, period_length(wanted.window)
    ).label("period")
    status = exact(ci_data.c.status).label("s")
    statement = (
        select(period, status, func.count()).where(*conditions(wanted)).group_by("period", "s")
    )
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for rows in stream(connection, statement):
        for label, name, runs in rows:
            counted[label_of(text_of(label))][text_of(name)] += int(runs)
    return every_period(wanted.window, counted)


def run_times(connection: Connection, wanted: RunFilter) -> tuple[dict[str, list[int]], list[int]]:
    """`durations` and `ended_after` of a window, as `WindowFacts` has them."""
    c, end = ci_data.c, wanted.window.wall()[1]
    statement = select(
        exact(c.job).label("j"),
        exact(c.status).label("s"),
        wall(c.time).cast(String(32)).label("t"),
        c.duration,
    ).where(*conditions(wanted), c.duration.is_not(None))
    took: dict[str, list[int]] = defaultdict(list)
    after: list[int] = []
    for rows in stream(connection, statement):
        for job, status, began, duration in rows:
            if text_of(status) == Status.SUCCESS:
                took[text_of(job)].append(int(duration))
            late = seconds_after(end, wall_time(began), int(duration))
            if late > 0:
                after.append(late)
    return dict(took), sorted(after)
