"""Rows of `ci_data` as `Run`s: streamed, decoded one by one, nothing kept that a Result does not need."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Select, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import BigInteger, String

from ci_stat.errors import UsageError
from ci_stat.records import (
    CaseFailure,
    Description,
    Origin,
    Run,
    RunFilter,
    Status,
    failures_of,
    no_number,
    pull_number,
)
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, in_window, of_rows, raw_json
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.engine import connected
from ci_stat.store.errors import hidden

BATCH = 500  # rows at a time: each brings 2-3 KB of JSON that is dropped at once

BAD_DESCRIPTION = "description is not a JSON object: pull request unknown"
BAD_ANALYSIS = "analysis_res is not a JSON object: failures unknown"
BAD_TIME = "time cannot be read"


def wall_text(moment: datetime) -> str:
    """A naive time as every database here compares it."""
    return moment.isoformat(" ", "seconds")  # %Y would not pad a year before 1000


def wall_time(value: object) -> datetime | None:
    """A time as a driver hands it over: text, bytes or datetime, naive, in the database's zone.

    Raises ValueError for what is no time (MySQL's 0000-00-00).
    """
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value.decode() if isinstance(value, bytes) else str(value))


def conditions(wanted: RunFilter) -> list[ColumnElement[Any]]:
    """WHERE for the window and the names, with bound parameters only."""
    begin, end = map(wall_text, wanted.window.wall())
    within = in_window(
        ci_data.c.time,
        bindparam("begin", begin, String()),
        bindparam("end", end, String()),
        bindparam("first_day", begin[:10], String()),
        bindparam("day_after", end[:10] + "~", String()),
    )
    _check_text(wanted.statuses)
    # A status is that of thousands of rows, and the window's rows are few beside them.
    statuses = [of_rows(exact(ci_data.c.status)).in_(wanted.statuses)] if wanted.statuses else []
    return [within, *name_conditions(replace(wanted, statuses=())), *statuses]


def name_conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    """WHERE for the names, at any time. The plain IN lets the server use its index; `exact` decides."""
    found: list[ColumnElement[bool]] = []
    for column, names in (
        (ci_data.c.job, wanted.jobs),
        (ci_data.c.repo, wanted.repos),
        (ci_data.c.branch, wanted.branches),
        (ci_data.c.status, wanted.statuses),
    ):
        if names:
            _check_text(names)
            found.append(exact(column).in_(names))
            # A latin1 column beside letters that it lacks would be an error.
            if all(name.isascii() for name in names):
                found.append(column.in_(names))
    return found


def _check_text(names: tuple[str, ...]) -> None:
    """Raises UsageError for half of a surrogate pair (an argument that was not UTF-8): no driver can send it."""
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"{name!r} is not text that a table can hold.", "Write it in UTF-8."
            ) from None


def run_statement(wanted: RunFilter) -> Select[Any]:
    """The columns that a Run needs, by name, in the order that `decode` takes them."""
    c = ci_data.c
    return select(
        c.job, c.job_id, c.status, c.time, c.duration, c.repo, c.branch, c.commit, c.comment,
        raw_json(c.description).label("description"), raw_json(c.analysis_res).label("analysis_res"),
    ).where(*conditions(wanted))  # fmt: skip


def query_text(wanted: RunFilter) -> str:
    """A statement for people: what to run to see the rows that were read or counted."""
    begin, end = wanted.window.wall()
    parts = [f"time >= '{wall_text(begin)}'", f"time < '{wall_text(end)}'"]
    for name, names in (
        ("job", wanted.jobs),
        ("repo", wanted.repos),
        ("branch", wanted.branches),
        ("status", wanted.statuses),
    ):
        if names:
            parts.append(f"{name} IN ({', '.join(map(_quoted, names))})")
    return f"SELECT * FROM {ci_data.name} WHERE {' AND '.join(parts)}"  # noqa: S608 - shown, never sent


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "''") + "'"


def count_rows(connection: Connection, wanted: RunFilter) -> int:
    """How many rows the window has, whatever their status."""
    statement = (
        select(func.count()).select_from(ci_data).where(*conditions(replace(wanted, statuses=())))
    )
    return int(connection.execute(statement).scalar() or 0)


def known_names(connection: Connection, column: str) -> set[str]:
    """The different values of `job`, `repo` or `branch` in the whole table: read from the column's index."""
    return {name for (name,) in connection.execute(select(ci_data.c[column]).distinct()) if name}


def newest_time(connection: Connection, until: datetime | None = None) -> datetime | None:
    """The freshest row's time, of the whole table (None if it is empty), or of its rows up to `until`."""
    return _time_of(connection, func.max(ci_data.c.time), until)


def oldest_time(connection: Connection) -> datetime | None:
    """The first row's time, of the whole table (None if it is empty)."""
    return _time_of(connection, func.min(ci_data.c.time))


def _time_of(
    connection: Connection, what: ColumnElement[Any], until: datetime | None = None
) -> datetime | None:
    statement = select(what.cast(String(32)))
    if until is not None:
        statement = statement.where(ci_data.c.time <= wall_text(until))
    found = connection.execute(statement).scalar()
    try:
        return wall_time(found)
    except ValueError:
        return None


def database_name(engine: Engine) -> str:
    """The database for people: its URL without password."""
    return hidden(engine.url)


Kept = dict[tuple[str, int], bytes]


def read_runs(
    connection: Connection,
    wanted: RunFilter,
    origin: Origin,
    warnings: Counter[str],
    on_rows: Callable[[int], None],
    kept: Kept | None = None,
) -> Iterator[Run]:
    """The runs of a window, in no particular order. `warnings` counts what was wrong with rows.

    `on_rows` is told the number of rows after each batch; `kept` takes the descriptions, by job and number.
    """
    decode = Decoder(origin, warnings)
    for rows in stream(connection, run_statement(wanted), BATCH):
        if kept is not None:
            kept.update(((row[0], row[1]), row[9]) for row in rows if row[9])
        yield from map(decode, rows)
        on_rows(len(rows))


def describe(engine: Engine, job: str, job_id: int) -> dict[str, Any]:
    """All build parameters of one run, asked of the database; {} where there are none or they are not JSON."""
    statement = select(raw_json(ci_data.c.description)).where(
        ci_data.c.job == bindparam("job", job, String()),
        exact(ci_data.c.job) == bindparam("exact_job", job, String()),
        ci_data.c.job_id == bindparam("id", job_id, BigInteger()),
    )
    with connected(engine) as connection:
        return parameters(connection.execute(statement).scalar())


def parameters(text: bytes | None) -> dict[str, Any]:
    """A `description` as a dict; {} where it is none."""
    try:
        decoded = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


class Decoder:
    """One row's values to one Run. Equal texts of different rows become one object: that is most of the memory."""

    def __init__(self, origin: Origin, warnings: Counter[str]) -> None:
        self._origin = origin
        self._warnings = warnings
        self._seen: dict[Any, Any] = {None: None}
        self._failures_by_text: dict[Any, tuple[CaseFailure, ...]] = {}

    def __call__(self, row: tuple[Any, ...]) -> Run:
        (
            job,
            job_id,
            status,
            time,
            duration,
            repo,
            branch,
            commit,
            comment,
            description,
            analysis,
        ) = row
        same = self._seen.setdefault
        pull = self._pull(description) if repo and description else _NO_PULL
        number = pull_number(pull.ghprbPullId)
        if number == 0:
            pull = _NO_PULL
        return Run(
            same(job, job),
            job_id,
            same(status, status),
            self._time(time),
            duration,
            same(repo, repo),
            same(branch, branch),
            same(commit, commit),
            same(comment, comment),
            same(number, number),
            same(pull.ghprbPullAuthorLogin, pull.ghprbPullAuthorLogin),
            same(pull.ghprbPullTitle, pull.ghprbPullTitle),
            same(pull.ghprbPullLink, pull.ghprbPullLink),
            self._failures(analysis) if analysis and status != _SUCCESS else _NO_FAILURES,
            self._origin,
        )

    def _time(self, value: Any) -> datetime | None:
        try:
            return _from_iso(value)
        except (TypeError, ValueError):
            pass
        try:
            return wall_time(value)
        except ValueError:
            self._warnings[BAD_TIME] += 1
            return None

    def _pull(self, text: bytes) -> Description:
        try:
            return _description.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._pull_by_hand(text)

    def _pull_by_hand(self, text: bytes) -> Description:
        """The slow way, for values of another type than text (a number for ghprbPullId) and for broken JSON."""
        decoded = self._object(text, BAD_DESCRIPTION)
        values = {name: decoded.get(name) for name in Description.__struct_fields__}
        # bool is an int in Python, and true is no pull request.
        texts = {
            name: str(value)
            if isinstance(value, (str, int)) and not isinstance(value, bool)
            else None
            for name, value in values.items()
        }
        return Description(**texts)

    def _failures(self, text: bytes) -> tuple[CaseFailure, ...]:
        known = self._failures_by_text.get(text)
        if known is not None:
            return known
        decoded = self._object(text, BAD_ANALYSIS)
        found = tuple(failures_of(decoded))
        if decoded:
            self._failures_by_text[text] = found
        return found

    def _object(self, text: bytes, complaint: str) -> dict[str, Any]:
        try:
            # Decoded here: json.loads would also take UTF-16 and a byte order mark. NaN is no JSON to a database.
            decoded = json.loads(text.decode(), parse_constant=no_number)
        except (ValueError, RecursionError):
            decoded = None
        # `null` says that there is nothing; anything else that is no object is wrong.
        if not isinstance(decoded, dict) and text.strip() != b"null":
            self._warnings[complaint] += 1
        return decoded if isinstance(decoded, dict) else {}


_description = msgspec.json.Decoder(Description)
_from_iso = datetime.fromisoformat
_NO_PULL = Description()
_NO_FAILURES: tuple[CaseFailure, ...] = ()
_SUCCESS = Status.SUCCESS.value
