"""Files into the CI database and out of it: the shell of `ci-stat import` and `ci-stat export`."""

import gzip
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, select

from ci_stat.errors import BadRecord, ConnectionLost, WriteError
from ci_stat.formats.files import STANDARD_STREAM
from ci_stat.formats.jsonl import decode_line, encode_row, nested_too_deep
from ci_stat.records import RunFilter, RunRow, Stretch, no_number
from ci_stat.store.ci_data.runs import conditions, name_conditions, wall_time
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import raw_json
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import connected, is_alive

BATCH = 1_000  # rows a transaction: a killed import loses at most so much work, and no row is stored twice


@dataclass
class Imported:
    """What an import did. `skipped`: (line number, reason); `times`: those of the rows that were stored."""

    lines: int = 0
    stored: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    times: Stretch = field(default_factory=Stretch)


@contextmanager
def opened(name: str) -> Iterator[Iterable[bytes]]:
    """The lines of a file, `-` for standard input, unpacked if its name ends in .gz. Raises WriteError."""
    if name == STANDARD_STREAM:
        if sys.stdin is None:
            raise WriteError("Standard input is closed.", "Name a file, or pipe the records in.")
        yield sys.stdin.buffer
        return
    try:
        file = cast("IO[bytes]", gzip.open(name)) if name.endswith(".gz") else open(name, "rb")  # noqa: SIM115
    except OSError as error:
        raise _unreadable(name, error) from None
    with file:
        yield _lines_of(name, file)


def _lines_of(name: str, file: IO[bytes]) -> Iterator[bytes]:
    """The lines; only what goes wrong in reading them is blamed on the file."""
    while True:
        try:
            line = file.readline()
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(name, error) from None
        if not line:
            return
        yield line


def _unreadable(name: str, error: BaseException) -> WriteError:
    return WriteError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.")


def import_lines(
    engine: Engine,
    lines: Iterable[bytes],
    zone: ZoneInfo,
    strict: bool = False,
    progress: Callable[[int], None] = lambda _n: None,
    dry_run: bool = False,
    done: Imported | None = None,
) -> Imported:
    """Upsert run records by (job, number). A bad line is skipped and reported; with `strict` it is an error.
    `done` is told what is done while it is done.

    Raises BadRecord (strict) after everything before the bad line is stored; run it again to go on.
    """
    done = done or Imported()
    batch: list[tuple[int, RunRow]] = []
    if not dry_run:
        prepare(engine)
    for line in lines:
        done.lines += 1
        if not line.strip():
            continue
        try:
            batch.append((done.lines, decode_line(line, zone)))
        except BadRecord as error:
            _skip(done, done.lines, str(error))
        if len(batch) >= BATCH or (strict and done.skipped):
            _store(engine, batch, done, progress, dry_run)
        if strict and done.skipped:
            break
    _store(engine, batch, done, progress, dry_run)
    done.skipped.sort()  # what the database refused comes a batch later than what could not be read
    if strict and done.skipped:
        number, reason = done.skipped[0]
        raise BadRecord(
            f"Line {number}: {reason}.",
            f"{done.stored:,} rows are stored; mend the line and import again.",
        )
    return done


def _skip(done: Imported, line: int, reason: str) -> None:
    done.skipped.append((line, reason))


def _store(
    engine: Engine,
    batch: list[tuple[int, RunRow]],
    done: Imported,
    progress: Callable[[int], None],
    dry_run: bool,
) -> None:
    refused = [] if dry_run else _write(engine, [row for _, row in batch])
    for position, error in refused:
        _skip(done, batch[position][0], str(error))
    done.stored += len(batch) - len(refused)
    if not dry_run:
        done.times.add(row for _, row in batch)
    progress(len(batch))
    batch.clear()


def _write(engine: Engine, rows: list[RunRow]) -> list[tuple[int, BadRecord]]:
    """`write_rows`; where the server breaks off, row by row, so that one too large a row costs itself only."""
    try:
        return write_rows(engine, rows)
    except ConnectionLost as error:
        if not is_alive(engine):
            raise
        if len(rows) == 1:
            return [
                (
                    0,
                    BadRecord(
                        f"the server breaks off at it ({error.message}): is it over max_allowed_packet?"
                    ),
                )
            ]
    return [
        (position, refusal)
        for position, row in enumerate(rows)
        for _, refusal in _write(engine, [row])
    ]


Where = Sequence[ColumnElement[Any]]


def read_rows(engine: Engine, wanted: RunFilter | None, anytime: bool = False) -> Iterator[RunRow]:
    """Whole rows, ordered by job and number; all of the table for None.

    `anytime`: only the names of `wanted` count, and rows without a time are read too.

    If the connection breaks midway, reading goes on once behind the last row.
    """
    where: Where = (
        () if wanted is None else name_conditions(wanted) if anytime else conditions(wanted)
    )
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


def _rows_after(engine: Engine, where: Where, last: tuple[str, int] | None) -> Iterator[RunRow]:
    c = ci_data.c
    statement = select(
        c.job, c.job_id, c.status, c.duration, c.time, c.commit, c.branch, c.comment, c.repo,
        raw_json(c.description).label("description"), raw_json(c.analysis_res).label("analysis_res"),
    ).order_by(c.job, c.job_id)  # fmt: skip
    statement = statement.where(*where)
    if last is not None:
        # Spelled out: a row comparison (job, job_id) > (a, b) is not used for the index everywhere.
        statement = statement.where((c.job > last[0]) | ((c.job == last[0]) & (c.job_id > last[1])))
    with connected(engine) as connection:
        for rows in stream(connection, statement):
            yield from map(_row, rows)


def _row(values: tuple[Any, ...]) -> RunRow:
    job, job_id, status, length, time, commit, branch, comment, repo, description, analysis = values
    try:
        moment = wall_time(time)
    except ValueError:
        moment = None
    return RunRow(
        job,
        job_id,
        status,
        moment,
        length,
        commit,
        branch,
        comment,
        repo,
        _object(description),
        _object(analysis),
    )


def _object(text: bytes | None) -> dict[str, Any] | str | None:
    if text is None:
        return None
    try:
        value = json.loads(text, parse_constant=no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        value = None
    usable = isinstance(value, dict) and not nested_too_deep(value)
    return value if usable else text.decode("utf-8", "backslashreplace")


def _finite(text: str) -> float:
    """Raises ValueError for 1e999, which would be written as Infinity: no JSON, and refused by an import."""
    value = float(text)
    return value if math.isfinite(value) else float("none")


def export_rows(
    engine: Engine,
    wanted: RunFilter | None,
    file: IO[str],
    progress: Callable[[int], None],
    anytime: bool = False,
) -> int:
    """Write the rows as JSON Lines; returns how many."""
    number = 0
    for number, row in enumerate(read_rows(engine, wanted, anytime), 1):
        file.write(encode_row(row) + "\n")
        if number % BATCH == 0:
            progress(BATCH)
    return number
