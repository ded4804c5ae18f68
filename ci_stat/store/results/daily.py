"""Counts of each test by day, job, repository, branch and labels: the history for trends.

Days are those of UTC. Runs that still have their results are counted from them. Pruned runs were
counted by the same function when they were pruned, and their counts are in `test_days`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, select

from ci_stat.store.damage import stored_value
from ci_stat.store.embedded import is_embedded
from ci_stat.store.engine import connected
from ci_stat.store.results.packed.day_columns import DayColumns, add_days, count_day, unpack_day
from ci_stat.store.results.packed.pieces import Piece, merged, pieces_of_runs
from ci_stat.store.results.read import EVERY_RUN, RunFilter
from ci_stat.store.results.tables import days, files, pruned_files, runs

DAY = 86_400_000  # milliseconds
_EPOCH = date(1970, 1, 1)


class Group(NamedTuple):
    """Runs that are counted together. `labels`: JSON, sorted."""

    job: str
    repo: str
    branch: str
    labels: str

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps(list(self)).encode()).hexdigest()[:32]

    def is_in(self, filter: RunFilter) -> bool:
        wanted = (
            (self.job, filter.jobs), (self.repo, filter.repos), (self.branch, filter.branches)
        )  # fmt: skip
        if not all(name in names for name, names in wanted if names):
            return False
        with stored_value("labels in the results database"):
            labels: dict[str, str] = json.loads(self.labels)
        return filter.labels.items() <= labels.items()


class GroupDay(msgspec.Struct, frozen=True):
    """The tests of a group on one day. `runs`: runs with tests."""

    day: date
    group: Group
    runs: int
    tests: DayColumns


def read_daily(
    engine: Engine, begin: date, end: date, filter: RunFilter = EVERY_RUN
) -> Iterator[GroupDay]:
    """Yield the counts of each group on each day of [begin, end), in order. Raises DatabaseError.

    One day at a time is in memory.
    """
    with connected(engine) as connection:
        if is_embedded(engine):
            # SQLite would see each statement at its own time, and a day between two of them not
            # at all if it is pruned meanwhile.
            connection.exec_driver_sql("BEGIN")
        for number in range((begin - _EPOCH).days, (end - _EPOCH).days):
            yield from _day(connection, number, filter)


def _day(connection: Connection, number: int, filter: RunFilter) -> Iterator[GroupDay]:
    """Yield the groups of a day, raw and pruned runs joined."""
    parts: defaultdict[Group, list[tuple[int, DayColumns]]] = defaultdict(list)
    for row in connection.execute(select(days).where(days.c.day == number).order_by(days.c.part)):
        group = Group(row.job, row.repo, row.branch, row.labels)
        if group.is_in(filter):
            parts[group].append((row.runs, unpack_day(row.packed)))
    for group, counted in count_groups(_raw_runs(connection, number, filter)).items():
        parts[group].append(counted)

    day = _EPOCH + timedelta(days=number)
    for group in sorted(parts):
        counts, columns = zip(*parts[group], strict=True)
        yield GroupDay(day, group, sum(counts), add_days(columns))


GroupRun = tuple[Group, str, Piece]
"""A run's group, commit and tests."""


def count_groups(group_runs: Iterable[GroupRun]) -> dict[Group, tuple[int, DayColumns]]:
    """Return the number of runs and the counts of each group."""
    by_group: defaultdict[Group, list[tuple[str, Piece]]] = defaultdict(list)
    for group, commit, piece in group_runs:
        by_group[group].append((commit, piece))
    return {group: (len(pieces), count_day(pieces)) for group, pieces in by_group.items()}


def group_of(run: Any) -> Group:
    """Return the group of a row of `test_runs`."""
    return Group(run.job, run.repo, run.branch, run.labels)


def _raw_runs(connection: Connection, number: int, filter: RunFilter) -> Iterator[GroupRun]:
    is_raw = (
        select(files.c.id)
        .outerjoin(
            pruned_files,
            (pruned_files.c.run_id == files.c.run_id) & (pruned_files.c.file_id == files.c.id),
        )
        .where(files.c.run_id == runs.c.id, files.c.attempts > 0, pruned_files.c.file_id.is_(None))
    ).exists()
    query = (
        select(runs)
        .where(runs.c.started >= number * DAY, runs.c.started < (number + 1) * DAY, is_raw)
        .order_by(runs.c.id)
    )
    rows = [row for row in connection.execute(query) if group_of(row).is_in(filter)]
    yield from runs_with_pieces(rows, pieces_of_runs(connection, [row.id for row in rows]))


def runs_with_pieces(rows: Sequence[Any], pieces: Any) -> Iterator[GroupRun]:
    """Yield those rows of `test_runs` that have tests."""
    for row in rows:
        if row.id in pieces:
            yield group_of(row), row.commit_hash, merged(pieces[row.id])


def day_number(time: datetime) -> int:
    """Return the days since 1970 of an aware time, UTC."""
    return (time.astimezone(UTC).date() - _EPOCH).days


def as_date(number: int) -> date:
    return _EPOCH + timedelta(days=number)
