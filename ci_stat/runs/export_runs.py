"""Export run records: rows of the CI database become lines of a file."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from sqlalchemy import ColumnElement, Engine, select

from ci_stat.errors import ConnectionLost
from ci_stat.formats.jsonl import nested_too_deep
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.records import RunFilter, RunRow, no_number
from ci_stat.store.ci_data.decode import wall_time
from ci_stat.store.ci_data.runs import conditions, name_conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import raw_json
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.engine import connected

PROGRESS_EVERY = 1_000  # rows

Where = Sequence[ColumnElement[Any]]


def export_rows(
    engine: Engine,
    run_filter: RunFilter | None,
    file: IO[str],
    progress: Callable[[int], None],
    anytime: bool = False,
) -> int:
    """Write rows as JSON Lines; return their number. Arguments as `read_rows`."""
    number = 0
    for number, row in enumerate(read_rows(engine, run_filter, anytime), 1):
        file.write(encode_row(row) + "\n")
        if number % PROGRESS_EVERY == 0:
            progress(PROGRESS_EVERY)
    return number


def read_rows(
    engine: Engine, run_filter: RunFilter | None, anytime: bool = False
) -> Iterator[RunRow]:
    """Yield rows with all columns, ordered by job and number; for None the whole table.

    `anytime`: ignore the window of the filter and include rows without a time.

    If the connection breaks, reading continues once after the last row.
    """
    where = _where(run_filter, anytime)
    last: tuple[str, int] | None = None
    for attempt in (1, 2):
        try:
            for row in _rows_after(engine, where, last):
                last = (row.job, row.job_id)
                yield row
        except ConnectionLost:
            if attempt == 2:
                raise
        else:
            return


def _where(run_filter: RunFilter | None, anytime: bool) -> Where:
    if run_filter is None:
        return ()
    return name_conditions(run_filter) if anytime else conditions(run_filter)


def _rows_after(engine: Engine, where: Where, last: tuple[str, int] | None) -> Iterator[RunRow]:
    c = ci_data.c
    statement = select(
        c.job,
        c.job_id,
        c.status,
        c.time,
        c.duration,
        c.commit,
        c.branch,
        c.comment,
        c.repo,
        raw_json(c.description).label("description"),
        raw_json(c.analysis_res).label("analysis_res"),
    )
    statement = statement.where(*where).order_by(c.job, c.job_id)
    if last is not None:
        # Not a row comparison, (job, job_id) > (a, b): some servers do not use the index for it.
        job, job_id = last
        statement = statement.where((c.job > job) | ((c.job == job) & (c.job_id > job_id)))
    with connected(engine) as connection:
        for rows in stream(connection, statement):
            yield from map(_row, rows)


def _row(values: tuple[Any, ...]) -> RunRow:
    job, job_id, status, time, duration, commit, branch, comment, repo, *objects = values
    try:
        moment = wall_time(time)
    except ValueError:
        moment = None
    description, analysis = map(_object, objects)
    return RunRow(
        job,
        job_id,
        status,
        moment,
        duration,
        commit,
        branch,
        comment,
        repo,
        description,
        analysis,
    )


def _object(text: bytes | None) -> dict[str, Any] | str | None:
    """Decode a JSON object; return the text itself if it is not one that an import would accept."""
    if text is None:
        return None
    try:
        value = json.loads(text, parse_constant=no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        value = None
    is_usable = isinstance(value, dict) and not nested_too_deep(value)
    return value if is_usable else text.decode("utf-8", "backslashreplace")


def _finite(text: str) -> float:
    """Raises ValueError for 1e999: it would be written as Infinity, which is not JSON."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
