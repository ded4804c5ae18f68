"""When runs happened and how long they took: numbers around a window, without a look into any JSON."""

from collections import Counter, defaultdict
from datetime import timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.types import String

from ci_stat.records import PeriodCount, RunFilter, Status, every_period, period_length
from ci_stat.store.counts import label_of, text_of
from ci_stat.store.runs import conditions, wall_time
from ci_stat.store.schema import ci_data
from ci_stat.store.sql import exact, in_status, wall
from ci_stat.store.streaming import stream


def count_periods(connection: Connection, wanted: RunFilter) -> tuple[PeriodCount, ...]:
    """Runs by outcome for each hour, day or month of the window, as the summary of that window has them."""
    period = func.substr(wall(ci_data.c.time).cast(String(32)), 1, period_length(wanted.window)).label("period")
    status = exact(ci_data.c.status).label("s")
    statement = select(period, status, func.count()).where(*conditions(wanted)).group_by("period", "s")
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for rows in stream(connection, statement):
        for label, name, runs in rows:
            counted[label_of(text_of(label))][text_of(name)] += int(runs)
    return every_period(wanted.window, counted)


def durations(connection: Connection, wanted: RunFilter) -> dict[str, list[int]]:
    """Milliseconds that each successful run took, by job."""
    c = ci_data.c
    statement = select(exact(c.job).label("j"), c.duration).where(
        *conditions(wanted), in_status(Status.SUCCESS), c.duration.is_not(None)
    )
    found: dict[str, list[int]] = defaultdict(list)
    for rows in stream(connection, statement):
        for job, took in rows:
            found[text_of(job)].append(int(took))
    return dict(found)


def ended_later(connection: Connection, wanted: RunFilter, age: timedelta) -> tuple[int, int]:
    """How many runs of the window ended later than `age` after its end, and how many it has."""
    limit = wanted.window.wall()[1] + age
    late = total = 0
    statement = select(wall(ci_data.c.time).cast(String(32)).label("t"), ci_data.c.duration).where(*conditions(wanted))
    for rows in stream(connection, statement):
        for began, took in rows:
            moment = wall_time(began)
            total += 1
            late += moment is not None and took is not None and moment + timedelta(milliseconds=int(took)) > limit
    return late, total
