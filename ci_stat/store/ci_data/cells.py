"""The grouping that all counts share: one cell for each (repo, pull request text, job).

Names are grouped byte by byte, as in Python; the table's collation does not matter.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, and_, case, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from ci_stat.records import RunFilter, Status, Tally
from ci_stat.store.ci_data.decode import wall_time
from ci_stat.store.ci_data.runs import conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, in_status, is_pull_number, pull_text, wall
from ci_stat.store.ci_data.streaming import stream

STATUSES = (Status.SUCCESS, Status.FAILURE, Status.ABORTED)
_GROUPING_MEMORY = 256 * 2**20  # bytes; a million rows need 150 MB of cells


def cells_of(run_filter: RunFilter, with_times: bool = True) -> Subquery:
    """Runs by outcome for each cell; `with_times`: also the newest run and failure."""
    c = ci_data.c
    failed_at = case((in_status(Status.FAILURE), wall(c.time)))
    times = [func.max(wall(c.time)).label("newest"), func.max(failed_at).label("failed_at")]
    grouped = select(
        exact(c.repo).label("r"),
        pull_text(c.description).label("p"),
        exact(c.job).label("j"),
        func.count().label("runs"),
        *[count_if(in_status(status)).label(status.lower()) for status in STATUSES],
        *(times if with_times else []),
    )
    return grouped.where(*conditions(run_filter)).group_by("r", "p", "j").subquery("cells")


def count_if(condition: Any) -> Any:
    """The number of rows that meet a condition."""
    return func.sum(case((condition, 1), else_=0))


def in_pr(cells: Subquery) -> Any:
    """Whether a cell belongs to a pull request; never NULL."""
    # NOT NULL is NULL, so without COALESCE the nightly runs would be lost.
    return func.coalesce(
        and_(cells.c.r.is_not(None), cells.c.r != "", is_pull_number(cells.c.p)),
        literal_column("0"),
    )


def outcome_sums(table: Subquery) -> list[Any]:
    """The arguments of `tally_of`."""
    sums = [func.sum(table.c[status.lower()]) for status in STATUSES]
    return [*sums, func.sum(table.c.runs)]


def tally_of(success: Any, failure: Any, aborted: Any, runs: Any) -> Tally:
    counted = (int(success or 0), int(failure or 0), int(aborted or 0))
    return Tally(*counted, other=int(runs or 0) - sum(counted))


def fetch_groups(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """All rows of a grouping statement. The session may group in memory from now on."""
    if connection.dialect.name != "sqlite":
        _allow_memory(connection)
    return [row for rows in stream(connection, statement) for row in rows]


def _allow_memory(connection: Connection) -> None:
    try:
        for name in ("tmp_table_size", "max_heap_table_size"):
            connection.exec_driver_sql(f"SET SESSION {name} = {_GROUPING_MEMORY}")
    except DBAPIError as error:
        # A server that denies the setting only groups more slowly.
        if error.connection_invalidated:
            raise


def text_of(value: Any) -> str:
    """A name as a Result has it: "" for NULL."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def time_of(value: Any) -> datetime | None:
    """None for an invalid time (MySQL's 2021-06-00), whose rows still count."""
    try:
        return wall_time(value)
    except ValueError:
        return None


def label_of(period: str) -> str:
    """A period's label. `None`, as in a Result, if its time is invalid."""
    is_month = len(period) <= len("YYYY-MM")
    is_valid = is_month or time_of(period) is not None
    return period if is_valid else "None"
