"""The entry point of the demo's table: stream any number of rows of `ci_data`, ordered by time.

Decides how many rows start in each ten minutes and numbers the builds. Keeps only the open pull
requests and the rows of the last minutes, so memory does not grow with the number of rows.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random

import msgspec

from ci_stat.demo.descriptions import Writer
from ci_stat.demo.outcomes import OutcomeSampler
from ci_stat.demo.pulls import Pool, PullFactory
from ci_stat.demo.stories import stories_from
from ci_stat.demo.timeline import Timeline
from ci_stat.demo.world import (
    DEMO_BEGIN,
    DEMO_SEED,
    JOB_OF,
    NIGHTLY_SHARE,
    SLOT,
    SLOTS_A_DAY,
    nightly_weight,
    people_weight,
)
from ci_stat.errors import UsageError
from ci_stat.records import RunRow

EncodedRow = tuple[
    str,
    int,
    str,
    datetime,
    int,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
]
"""A row in the order of `RunRow`, with `description` and `analysis_res` as JSON text (UTF-8)."""

_POOL_MIN, _POOL_MAX = 12, 600
_BY_TIME: Callable[[RunRow], datetime] = attrgetter("time")


class _Quota:
    """The number of rows, of `total`, that start in each slot."""

    def __init__(
        self, total: int, begin: datetime, slots: int, weight: Callable[[datetime], float]
    ) -> None:
        self._total = total
        self._weight = weight
        self._all = sum(weight(begin + number * SLOT) for number in range(slots))
        self._past = 0.0
        self.planned = 0

    def due(self, start: datetime, is_last: bool) -> int:
        """Return how many rows are due in the slot that begins at `start`. Call once per slot."""
        self._past += self._weight(start)
        share = 1.0 if is_last else self._past / self._all
        return max(round(self._total * share) - self.planned, 0)

    @property
    def left(self) -> int:
        return self._total - self.planned


def _timeline(
    rows_per_day: int, begin: datetime, end: datetime, seed: int, size: int | None
) -> Timeline:
    rng = Random(seed)
    stories = stories_from(begin)
    factory = PullFactory(rng, Writer(rng, size))
    pool = Pool(rng, factory, min(max(rows_per_day // 14, _POOL_MIN), _POOL_MAX))
    timeline = Timeline(
        rng, OutcomeSampler(rng, stories), factory, pool, end - timedelta(seconds=1)
    )
    timeline.add_stories(stories)
    return timeline


def _slots(
    timeline: Timeline, begin: datetime, slots: int, total: int
) -> Iterator[tuple[datetime, list[RunRow]]]:
    """Yield (end of slot, rows) slot by slot. Some rows start a little after their slot."""
    nightly_total = round(total * NIGHTLY_SHARE)
    people = _Quota(total - nightly_total, begin, slots, people_weight)
    nightly = _Quota(nightly_total, begin, slots, nightly_weight)
    for number in range(slots):
        start, end = begin + number * SLOT, begin + (number + 1) * SLOT
        is_last = number == slots - 1
        rows = timeline.until(start, end, people.due(start, is_last), people.left)
        people.planned += len(rows)
        timers = timeline.nightly(start, end, nightly.due(start, is_last))
        nightly.planned += len(timers)
        yield end, rows + timers


def generate_rows(
    rows_per_day: int = 420,
    days: int = 14,
    begin: datetime = DEMO_BEGIN,
    seed: int = DEMO_SEED,
    description_bytes: int | None = None,
) -> Iterator[RunRow]:
    """Yield exactly `rows_per_day * days` rows of `ci_data`, ordered by time.

    Equal arguments give equal rows.

    - `begin`: midnight of the first day, naive, Asia/Shanghai. The stories (module `stories`) move
      with it, so it should be a Monday.
    - `description_bytes`: mean size of the description of a pull request run as JSON; the minimum
      is 0.9 KB. Runs of one event share their description: treat it as read-only.

    Raises UsageError for counts below 1 and for a `begin` with a zone.
    """
    if rows_per_day < 1 or days < 1:
        raise UsageError(
            f"rows_per_day ({rows_per_day}) and days ({days}) must be at least 1.",
            "Ask for more rows.",
        )
    if begin.tzinfo is not None:
        raise UsageError(
            f"begin ({begin}) has a time zone, but the table stores wall clock time.",
            "Pass a naive datetime in Asia/Shanghai.",
        )
    return _rows(rows_per_day, days, begin, seed, description_bytes)


def _rows(
    rows_per_day: int, days: int, begin: datetime, seed: int, size: int | None
) -> Iterator[RunRow]:
    timeline = _timeline(rows_per_day, begin, begin + timedelta(days=days), seed, size)
    numbers: defaultdict[str, int] = defaultdict(int)
    pending: list[RunRow] = []
    for slot_end, rows in _slots(timeline, begin, days * SLOTS_A_DAY, rows_per_day * days):
        pending += rows
        pending.sort(key=_BY_TIME)
        ready = bisect_left(pending, slot_end, key=_BY_TIME)
        for row in pending[:ready]:
            numbers[row.job] += 1
            row.job_id = JOB_OF[row.job].first_id + numbers[row.job]
            yield row
        del pending[:ready]


def generate_encoded(
    rows_per_day: int = 420,
    days: int = 14,
    begin: datetime = DEMO_BEGIN,
    seed: int = DEMO_SEED,
    description_bytes: int | None = None,
) -> Iterator[EncodedRow]:
    """Yield the rows of `generate_rows` as tuples for bulk writers, JSON columns as text."""
    return map(_encoded, generate_rows(rows_per_day, days, begin, seed, description_bytes))


def _encoded(row: RunRow) -> EncodedRow:
    assert row.time is not None  # every row of the demo has both
    assert row.duration is not None
    return (
        row.job,
        row.job_id,
        row.status,
        row.time,
        row.duration,
        row.commit,
        row.branch,
        row.comment,
        row.repo,
        _json(row.description),
        _json(row.analysis_res),
    )


_encode = msgspec.json.Encoder().encode


def _json(value: object) -> str | None:
    return None if value is None else _encode(value).decode()
