"""The tables of our own state, and what their writers share: exact text, hashes of any text, a write that waits."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Executable,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from ci_stat.store.ci_data.schema import Spelled
from ci_stat.store.errors import database_errors

TRIES = 5
MOST_TEXT = 2_000  # characters of a text without a limit of its own that one row keeps
PAUSE = 0.02  # seconds before the second try; longer before each later one

T = TypeVar("T")
BYTES = Text().with_variant(Spelled("MEDIUMTEXT"), "mysql", "mariadb")


class Exact(TypeDecorator[str]):
    """Text as bytes: every collation that MySQL, MariaDB and TiDB share takes `unit` and `unit ` for one."""

    impl = Spelled("VARBINARY(1020)")
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> Any:
        return None if value is None else value.encode()

    def process_result_value(self, value: Any, _dialect: Any) -> str | None:
        return value.decode() if isinstance(value, bytes) else value


NAME = String(255).with_variant(Exact(), "mysql", "mariadb")

metadata = MetaData()

version_table = Table(
    "ci_stat_state", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)
extractions = Table(
    "log_extractions",
    metadata,
    Column("source", String(16), primary_key=True, comment="which CI database: a hash of its name"),
    Column("job", NAME, primary_key=True, comment="job name"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="build number"),
    Column("rule_set", String(64), nullable=False, comment="version of the rules that found it"),
    Column("state", String(32), nullable=False, comment="what became of the log"),
    Column("detail", BYTES, nullable=False, comment="why, in a sentence"),
    Column("log_lines", BigInteger, nullable=False, comment="lines read"),
    Column("log_bytes", BigInteger, nullable=False, comment="bytes read"),
    Column("failures", BYTES, nullable=False, comment="failures in causal order, as JSON"),
    comment="what was found in build logs",
)
outward_calls = Table(
    "outward_calls",
    metadata,
    Column("feature", String(16), primary_key=True, comment="who makes it: report, issues, ..."),
    Column("target", String(16), primary_key=True, comment="where: a hash of its name"),
    Column("id", String(32), primary_key=True, comment="a hash of the identity"),
    Column("identity", BYTES, nullable=False, comment="JSON list: version of its form, values"),
    Column("kind", String(32), nullable=False, comment="message, issue, comment, branch, ..."),
    Column("series", String(32), nullable=False, comment="a hash of what several have in common"),
    Column("position", String(32), comment="the place in the series; its text sorts like it"),
    Column(
        "state",
        String(16),
        nullable=False,
        comment="intended, claimed, done, refused or unknown",
    ),
    Column(
        "owner",
        String(255),
        nullable=False,
        comment="host:pid:start of the process that had it last",
    ),
    Column("token", String(32), nullable=False, comment="another one after every change"),
    Column("attempt", Integer, nullable=False, comment="how often it was claimed"),
    Column("started", String(32), nullable=False, comment="UTC; when this attempt began"),
    Column("called", String(32), comment="UTC; when this attempt was first made"),
    Column("changed", String(32), nullable=False, comment="UTC; the lease counts from here"),
    Column("earlier", String(16), comment="the state before this attempt"),
    Column("earlier_changed", String(32), comment="UTC; since when"),
    Column("number", BigInteger, nullable=False, comment="of the issue or pull request, or 0"),
    Column("reference", String(255), nullable=False, comment="what the target calls the result"),
    Column("url", BYTES, nullable=False, comment="where the result is"),
    Column("code", BigInteger, comment="the target's answer"),
    Column("reason", BYTES, nullable=False, comment="what happened, in words"),
    Column("payload", BYTES, nullable=False, comment="JSON object: what else the feature keeps"),
    # An index in the table's own statement: MySQL knows no CREATE INDEX IF NOT EXISTS.
    Unique("feature", "target", "series", "position", "id", name="uq_outward_calls_series"),
    comment="every call that changes something elsewhere, noted before and after it",
)
sightings = Table(
    "failure_sightings",
    metadata,
    Column("source", String(16), primary_key=True, comment="which CI database: a hash of its name"),
    Column("key_hash", String(32), primary_key=True, comment="a hash of kind and whole name"),
    Column("kind", String(32), nullable=False, comment="kind of failure"),
    Column("name", String(255), nullable=False, comment="case or fingerprint, cut"),
    Column("first_seen", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("last_seen", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("first_job", NAME, nullable=False, comment="run that it was first seen in"),
    Column("first_number", BigInteger, nullable=False, comment="run that it was first seen in"),
    comment="when each failure was first and last seen",
)
spans = Table(
    "sighting_spans",
    metadata,
    Column("source", String(16), primary_key=True, comment="which CI database: a hash of its name"),
    Column("begin", String(19), nullable=False, comment="wall clock of the CI database"),
    Column("end", String(19), nullable=False, comment="not in it"),
    Column("rule_set", String(64), nullable=False, comment="version of the rules that looked"),
    comment="the time in which failures were looked for",
)

facts = Table(
    "window_facts",
    metadata,
    Column("source", String(16), primary_key=True, comment="which CI database: a hash of its name"),
    Column(
        "key_hash",
        String(32),
        primary_key=True,
        comment="a hash of what it is about, window and names",
    ),
    Column("begin", String(19), nullable=False, comment="window, wall clock of the CI database"),
    Column("end", String(19), nullable=False, comment="not in it"),
    Column("value", BYTES, nullable=False, comment="what was counted, as JSON"),
    comment="numbers of windows that have ended, which later reports are beside",
)


# Rows about issues belong to a tracker's repository: two CI databases that file there see each other's.
def _case_notes(name: str, comment: str) -> Table:
    """What people say of failures."""
    return Table(
        name,
        metadata,
        Column(
            "tracker",
            String(16),
            primary_key=True,
            comment="which tracker and repository: a hash of their names",
        ),
        Column("key_hash", String(32), primary_key=True, comment="a hash of the key"),
        Column(
            "key", BYTES, nullable=False, comment="the failure; sha: and a hash if it is too long"
        ),
        Column("name", BYTES, nullable=False, comment="the failure's name, cut"),
        Column("until", String(32), nullable=False, comment="UTC"),
        Column("why", BYTES, nullable=False, comment="in somebody's words"),
        Column("made", String(32), nullable=False, comment="UTC"),
        comment=comment,
    )


mutes = _case_notes("issue_mutes", "failures that no issue is touched for")
accepted = _case_notes("issue_accepted", "failures that may be filed, however many are new at once")
locks = Table(
    "issue_locks",
    metadata,
    Column(
        "tracker",
        String(16),
        primary_key=True,
        comment="which tracker and repository: a hash of their names",
    ),
    Column(
        "owner", String(255), nullable=False, comment="host:pid:start of the process that has it"
    ),
    Column("token", String(32), nullable=False, comment="another one after every change"),
    Column("since", String(32), nullable=False, comment="UTC; when it was taken"),
    Column(
        "renewed",
        String(32),
        nullable=False,
        comment="UTC; when its owner last said that it is at work",
    ),
    comment="who writes issues now",
)


def source_of(database: str) -> str:
    """What stands for a CI database in every table: several may share one state."""
    return hashlib.sha256(database.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digest(*parts: str) -> str:
    """32 hex digits for these texts, in this order; any other texts have others, however they are put together."""
    texts = (part.encode("utf-8", "surrogatepass") for part in parts)
    return hashlib.sha256(b"".join(b"%d:%b" % (len(text), text) for text in texts)).hexdigest()[:32]


def fit(text: str, limit: int) -> str:
    """`text` as a column of `limit` characters takes it: half pairs written out, what is too long cut with `…`."""
    whole = text[: limit + 1].encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"


def fitted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` by column name, each text as its column takes it."""
    limits = {name: getattr(table.c[name].type, "length", None) or MOST_TEXT for name in values}
    return {
        name: fit(value, limits[name]) if isinstance(value, str) else value
        for name, value in values.items()
    }


def insert_missing(table: Table) -> Insert:
    """An INSERT that changes no row which is there already."""
    statement = insert(table).prefix_with("OR IGNORE", dialect="sqlite")
    return statement.prefix_with("IGNORE", dialect="mysql").prefix_with("IGNORE", dialect="mariadb")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    each = iter(items)
    while batch := list(islice(each, size)):
        yield batch


def write(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]] = ()) -> int:
    """One statement in a transaction of its own; the number of rows that it met.

    Tried again where another writer was in the way. SQLite waits for locks because the transaction begins with the
    write: one that has read before would be refused at once. Raises DatabaseError.
    """
    with database_errors(engine):
        for attempt in range(1, TRIES):
            try:
                return _once(engine, statement, values)
            except DBAPIError as error:
                if not _in_the_way(error):
                    raise
                time.sleep(PAUSE * attempt)
        return _once(engine, statement, values)


def _once(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]]) -> int:
    with engine.begin() as connection:
        return int(connection.execute(statement, values or None).rowcount)


_LOCKED = {1205, 1213, 3572}  # waited too long for a lock, deadlock, no lock at once


def _in_the_way(error: DBAPIError) -> bool:
    """Whether the statement was refused for another's sake, and did nothing."""
    code = error.orig.args[0] if error.orig and error.orig.args else None
    return code in _LOCKED or "database is locked" in str(code) or "table is locked" in str(code)
