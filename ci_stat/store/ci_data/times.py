"""When runs started and how long they took. Reads no JSON columns."""

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
from ci_stat.store.ci_data.cells import label_of, text_of
from ci_stat.store.ci_data.decode import wall_time
from ci_stat.store.ci_data.runs import conditions, full_names
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, wall
from ci_stat.store.ci_data.streaming import stream


def count_periods(connection: Connection, run_filter: RunFilter) -> tuple[PeriodCount, ...]:
    """Runs by outcome for each hour, day or month of the window, as in its summary."""
    time = wall(ci_data.c.time).cast(String(32))
    period = func.substr(time, 1, period_length(run_filter.window)).label("period")
    status = exact(ci_data.c.status).label("s")
    statement = select(period, status, func.count()).where(*conditions(run_filter))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for rows in stream(connection, statement.group_by("period", "s")):
        for label, name, runs in rows:
            counts[label_of(text_of(label))][text_of(name)] += int(runs)
    return every_period(run_filter.window, counts)


def run_times(
    connection: Connection, run_filter: RunFilter
) -> tuple[dict[str, list[int]], list[int]]:
    """`durations` and `ended_after` of a window, as in `WindowFacts`."""
    c, end = ci_data.c, run_filter.window.wall()[1]
    statement = select(
        exact(c.job).label("j"),
        exact(c.status).label("s"),
        wall(c.time).cast(String(32)).label("t"),
        c.duration,
    ).where(*conditions(run_filter), c.duration.is_not(None))
    durations: dict[str, list[int]] = defaultdict(list)
    ended_after: list[int] = []
    for rows in stream(connection, statement):
        for job, status, began, duration in rows:
            if text_of(status) == Status.SUCCESS:
                durations[text_of(job)].append(int(duration))
            late = seconds_after(end, wall_time(began), int(duration))
            if late > 0:
                ended_after.append(late)
    full = full_names(connection, durations)
    by_name = {full.get(job, job): times for job, times in durations.items()}
    return by_name, sorted(ended_after)
