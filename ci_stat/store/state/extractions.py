"""Failures extracted from build logs, stored so that no log is read twice.

One row per build; the result of older rules is replaced when its log is read again. Several
processes may read and write at once. CI databases that share a state have different `source`s.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, String, bindparam, delete, or_, select, true, update

from ci_stat.records import CaseFailure, Extraction, LeftOut, LogState, stored_name
from ci_stat.store.ci_data.lookups import plain_part
from ci_stat.store.ci_data.sql import contains
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, retry_read
from ci_stat.store.state.stored_values import source_of
from ci_stat.store.state.tables import extractions
from ci_stat.store.state.writing import batches
from ci_stat.store.upsert import upsert

BATCH = 200  # builds in one statement: older SQLite versions limit a statement to 999 values
# A build's failures as JSON, with each quote escaped, must fit a packet of 1 MB (small MySQL).
MOST_BYTES = 450_000

# States that will not change. Other logs may exist or be readable the next time.
FINAL = frozenset({LogState.READ, LogState.TOO_OLD, LogState.EXPIRED, LogState.TOO_BIG})
# These depend on the log places: another place may have the log.
_BY_PLACE = FINAL - {LogState.READ}

Key = tuple[str, int]
_NAME_LENGTH = 255  # characters of the column `job`


class ExtractionStore:
    """The extractions of one CI database. `prepare_state` creates the table.

    All methods raise DatabaseError.
    """

    def __init__(self, engine: Engine, database: str) -> None:
        """`database`: the CI database's name without password (`runs.database_name`)."""
        self.engine = engine
        self._source = source_of(database)

    def stored(
        self, builds: Iterable[Key], rule_set: str, places: str = ""
    ) -> dict[Key, Extraction]:
        """What these rules extracted before, and which logs these places did not have.

        `places`: up to 32 characters that stand for the log places and their limits.
        """
        rule_sets = (rule_set, _with_places(rule_set, places))
        return self._read(builds, extractions.c.rule_set.in_(rule_sets))

    def read_before(self, builds: Iterable[Key]) -> dict[Key, Extraction]:
        """The extractions, by any rules, of the logs that were read to their end."""
        return self._read(builds, extractions.c.state == str(LogState.READ))

    def failures_read_before(self, builds: Iterable[Key]) -> dict[Key, tuple[CaseFailure, ...]]:
        """The failures of `read_before` without messages and excerpts, at a third of the cost."""
        failures: dict[Key, tuple[CaseFailure, ...]] = {}
        for batch in batches(builds, BATCH):
            rows = retry_read(partial(self._read_failures, batch))
            failures.update(rows)
        return failures

    def _read_failures(self, builds: Sequence[Key]) -> dict[Key, tuple[CaseFailure, ...]]:
        table, keys = extractions.c, {_stored(key): key for key in builds}
        statement = select(table.job, table.number, table.failures).where(
            table.state == str(LogState.READ), *self._is_one_of(builds)
        )
        with connected(self.engine) as connection:
            rows = connection.execute(statement).all()

        named = ((row.job, int(row.number), _names(row.failures)) for row in rows)
        return {
            keys[job, number]: failures
            for job, number, failures in named
            if failures is not None and (job, number) in keys
        }

    def _is_one_of(self, builds: Sequence[Key]) -> tuple[ColumnElement[bool], ...]:
        table = extractions.c
        return (
            table.source == self._source,
            table.job.in_({_stored(key)[0] for key in builds}),
            table.number.in_({number for _, number in builds}),
        )

    def naming(self, names: Iterable[str]) -> dict[Key, Extraction]:
        """The extractions whose failures contain one of these names, and perhaps some others.

        Fingerprints are names too. One pass over the stored failures, without parsing them.
        """
        texts = sorted({plain_part(name) for name in names} - {""})
        if not texts:
            return {}
        mentions = or_(
            *(
                contains(extractions.c.failures, bindparam(f"name{at}", text, String()))
                for at, text in enumerate(texts)
            )
        )
        is_read = extractions.c.state == str(LogState.READ)
        return retry_read(partial(self._select, is_read, mentions))

    def _read(self, builds: Iterable[Key], where: ColumnElement[bool]) -> dict[Key, Extraction]:
        stored: dict[Key, Extraction] = {}
        for batch in batches(builds, BATCH):
            stored.update(retry_read(partial(self._read_batch, batch, where)))
        return stored

    def _read_batch(
        self, builds: Sequence[Key], where: ColumnElement[bool]
    ) -> dict[Key, Extraction]:
        keys = {_stored(key): key for key in builds}
        by_key = self._select(where, *self._is_one_of(builds))
        return {keys[key]: extraction for key, extraction in by_key.items() if key in keys}

    def _select(self, *where: ColumnElement[bool]) -> dict[Key, Extraction]:
        table = extractions.c
        statement = select(
            table.job,
            table.number,
            table.state,
            table.detail,
            table.log_lines,
            table.log_bytes,
            table.failures,
        ).where(table.source == self._source, *where)
        with connected(self.engine) as connection:
            rows = connection.execute(statement).all()

        by_key = {(row.job, int(row.number)): _extraction(row) for row in rows}
        return {key: value for key, value in by_key.items() if value is not None}

    def rename(self, job: str, name: str, numbers: Sequence[int]) -> None:
        """Give the extractions of a job's builds to another name. One that is there stays.

        What is left under the old name is removed: it belongs to builds that are not its own.
        """
        for batch in batches(numbers, BATCH):
            moved = self._read([(job, number) for number in batch], true())
            there = self._read([(name, number) for number in batch], true())
            self._move(job, name, [number for _, number in moved if (name, number) not in there])
            with database_errors(self.engine), self.engine.begin() as connection:
                connection.execute(delete(extractions).where(*self._of(job, batch)))

    def _move(self, job: str, name: str, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        statement = (
            update(extractions).where(*self._of(job, numbers)).values(job=_stored((name, 0))[0])
        )
        with database_errors(self.engine), self.engine.begin() as connection:
            connection.execute(statement)

    def _of(self, job: str, numbers: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
        table = extractions.c
        stored = _stored((job, 0))[0]
        return (table.source == self._source, table.job == stored, table.number.in_(numbers))

    def keep(self, extracted: Mapping[Key, Extraction], rule_set: str, places: str = "") -> None:
        """Store the final extractions, one transaction per batch. `places` as for `stored`.

        A log that was read once stays stored after its place has deleted it.
        """
        by_place = [key for key, value in extracted.items() if value.state in _BY_PLACE]
        read_earlier = self.read_before(by_place)
        rows = (
            self._values(key, extraction, rule_set, places)
            for key, extraction in extracted.items()
            if extraction.state in FINAL and key not in read_earlier
        )
        for batch in batches(rows, BATCH):
            with database_errors(self.engine), self.engine.begin() as connection:
                connection.execute(upsert(self.engine, extractions), batch)

    def _values(
        self, key: Key, extraction: Extraction, rule_set: str, places: str
    ) -> dict[str, Any]:
        failures, kept = _json(extraction)
        count = len(extraction.failures)
        is_by_place = extraction.state in _BY_PLACE
        cut = f"only the first {kept:,} of {count:,} failures are kept" if kept < count else ""
        return {
            "source": self._source,
            "job": _stored(key)[0],
            "number": key[1],
            "rule_set": _with_places(rule_set, places) if is_by_place else rule_set,
            "state": str(extraction.state),
            "detail": "; ".join(filter(None, (cut, extraction.detail))),
            "log_lines": extraction.lines,
            "log_bytes": extraction.bytes,
            "failures": failures,
        }


def _stored(key: Key) -> Key:
    """The key as the table has it: a long name is cut, with a hash."""
    return stored_name(key[0], _NAME_LENGTH), key[1]


def _with_places(rule_set: str, places: str) -> str:
    return f"{rule_set}@{places}"


class _Stored(msgspec.Struct, omit_defaults=True, gc=False):
    """The column `failures` if something was left out; otherwise it is the failures alone."""

    failures: tuple[CaseFailure, ...]
    left_out: LeftOut = LeftOut()


_COLUMN = msgspec.json.Decoder(tuple[CaseFailure, ...] | _Stored)


class _Named(msgspec.Struct, gc=False):
    """The fields of a `CaseFailure` that tell failures apart. The others are not decoded."""

    kind: str
    name: str
    guess: bool = False
    fingerprint: str = ""


class _StoredNames(msgspec.Struct, gc=False):
    failures: tuple[_Named, ...]


_NAMES = msgspec.json.Decoder(tuple[_Named, ...] | _StoredNames)


def _names(column: str) -> tuple[CaseFailure, ...] | None:
    """The failures of the column; None if it is not valid."""
    try:
        decoded = _NAMES.decode(column)
    except ValueError:
        return None
    named = decoded.failures if isinstance(decoded, _StoredNames) else decoded
    return tuple(
        CaseFailure(
            name.kind, name.name, source="log", guess=name.guess, fingerprint=name.fingerprint
        )
        for name in named
    )


def _json(extraction: Extraction) -> tuple[str, int]:
    """The column, and its number of failures. Too long: without excerpts, then without the last."""
    failures = extraction.failures
    text = _column(failures, extraction.left_out)
    if len(text) > MOST_BYTES:
        failures = tuple(msgspec.structs.replace(failure, excerpt="") for failure in failures)
        text = _column(failures, extraction.left_out)
    while len(text) > MOST_BYTES:
        failures = failures[: len(failures) // 2]
        text = _column(failures, extraction.left_out)
    return text.decode(), len(failures)


def _column(failures: tuple[CaseFailure, ...], left_out: LeftOut) -> bytes:
    value = failures if left_out == LeftOut() else _Stored(failures, left_out)
    return msgspec.json.encode(value)


def _extraction(row: Any) -> Extraction | None:
    """A row's extraction; None if it is not valid: then its log is read again."""
    try:
        column = _COLUMN.decode(row.failures)
        stored = column if isinstance(column, _Stored) else _Stored(column)
        return Extraction(
            LogState(row.state),
            stored.failures,
            int(row.log_lines),
            int(row.log_bytes),
            row.detail,
            stored.left_out,
        )
    except ValueError:
        return None
