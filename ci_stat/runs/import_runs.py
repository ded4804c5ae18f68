"""Import run records: lines of a file become rows of the CI database."""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.errors import BadRecord, ConnectionLost, WriteError
from ci_stat.formats.files import STANDARD_STREAM
from ci_stat.formats.jsonl import decode_line
from ci_stat.formats.jsonl_status import NotCounted
from ci_stat.formats.statuses import UNFINISHED
from ci_stat.records import RunRow, Stretch
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import is_alive

# Rows of one transaction. A killed import loses this much work; repeated, it stores no row twice.
BATCH = 1_000


@dataclass
class ImportResult:
    """What an import did.

    `skipped`: (line number, reason); `times`: first and last time of the stored rows.
    `unfinished`, `not_run`: runs that do not count, by the word of their CI. They are not stored.
    """

    lines: int = 0
    stored: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    times: Stretch = field(default_factory=Stretch)
    unfinished: Counter[str] = field(default_factory=Counter)
    not_run: Counter[str] = field(default_factory=Counter)


@contextmanager
def open_input(name: str) -> Iterator[Iterable[bytes]]:
    """Open the lines of a file, or of standard input for `-`. A name in .gz is unpacked.

    Raises WriteError if the file cannot be read.
    """
    if name == STANDARD_STREAM:
        if sys.stdin is None:
            raise WriteError("Standard input is closed.", "Name a file, or pipe the records in.")
        yield sys.stdin.buffer
        return

    try:
        file = _open_file(name)
    except OSError as error:
        raise _unreadable(name, error) from None
    with file:
        yield _lines_of(name, file)


def _open_file(name: str) -> IO[bytes]:
    if name.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(name))
    return open(name, "rb")


def _lines_of(name: str, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines. Only errors of reading are blamed on the file, not those of the caller."""
    while True:
        try:
            line = file.readline()
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(name, error) from None
        if not line:
            return
        yield line


def _unreadable(name: str, error: BaseException) -> WriteError:
    reason = getattr(error, "strerror", None) or error
    return WriteError(f"{name} cannot be read: {reason}.")


def import_lines(
    engine: Engine,
    lines: Iterable[bytes],
    zone: ZoneInfo,
    strict: bool = False,
    progress: Callable[[int], None] = lambda _n: None,
    dry_run: bool = False,
    result: ImportResult | None = None,
) -> ImportResult:
    """Insert or update run records by (job, number).

    A bad line is skipped and counted; with `strict`, the import stops there. `result` is updated
    after each line, so that the caller knows what is stored when the import is interrupted.

    Raises BadRecord (strict) after all lines before the bad one are stored.
    """
    result = result or ImportResult()
    batch: list[tuple[int, RunRow]] = []
    if not dry_run:
        prepare(engine)

    for line in lines:
        result.lines += 1
        if not line.strip():
            continue
        try:
            batch.append((result.lines, decode_line(line, zone)))
        except BadRecord as error:
            result.skipped.append((result.lines, str(error)))
        except NotCounted as run:
            words = result.unfinished if run.reason == UNFINISHED else result.not_run
            words[run.word] += 1

        if len(batch) >= BATCH:
            _store(engine, batch, result, progress, dry_run)
        if strict and result.skipped:
            break

    _store(engine, batch, result, progress, dry_run)
    result.skipped.sort()  # the database refuses a row one batch after its line is decoded
    if strict and result.skipped:
        raise _bad_line(result)
    return result


def _bad_line(result: ImportResult) -> BadRecord:
    number, reason = result.skipped[0]
    hint = f"Stored rows: {result.stored:,}. Correct the line and import again."
    return BadRecord(f"Line {number}: {reason}.", hint)


def _store(
    engine: Engine,
    batch: list[tuple[int, RunRow]],
    result: ImportResult,
    progress: Callable[[int], None],
    dry_run: bool,
) -> None:
    """Write the batch, count its rows in `result`, and empty it."""
    rows = [row for _, row in batch]
    refused = [] if dry_run else _write(engine, rows, result.times)
    result.skipped += [(batch[position][0], str(error)) for position, error in refused]
    result.stored += len(batch) - len(refused)
    if not dry_run:
        result.times.add(rows)
    progress(len(batch))
    batch.clear()


def _write(engine: Engine, rows: list[RunRow], replaced: Stretch) -> list[tuple[int, BadRecord]]:
    """Write rows; return the position and error of each refused row.

    A server drops the connection for a row that is too large. Then the rows are written one by one,
    so that only this row is refused.
    """
    try:
        return write_rows(engine, rows, replaced)
    except ConnectionLost as error:
        if not is_alive(engine):
            raise
        if len(rows) == 1:
            message = f"the server drops the connection ({error.message}); "
            return [(0, BadRecord(message + "the row may be over max_allowed_packet"))]

    refused = []
    for position, row in enumerate(rows):
        refused += [(position, error) for _, error in _write(engine, [row], replaced)]
    return refused
