"""SQL expressions whose syntax differs between databases.

Each has a form that MariaDB, MySQL and TiDB share, and one for SQLite (docs/databases.md).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import BigInteger, Boolean, Integer, LargeBinary, String

from ci_stat.records import ANALYSIS_KINDS, Status
from ci_stat.store.ci_data.schema import ci_data


class exact(FunctionElement[str]):
    """A text column compared byte by byte, as in Python: case and trailing blanks count."""

    inherit_cache = True
    type = String()


@compiles(exact)
def _exact(element: exact, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(exact, "mysql", "mariadb")
def _exact_mysql(element: exact, compiler: Any, **kw: Any) -> str:
    # Without CONVERT, a latin1 column would yield its own bytes.
    return f"CAST(CONVERT({compiler.process(element.clauses, **kw)} USING utf8mb4) AS BINARY)"


class of_rows(FunctionElement[str]):
    """A column that SQLite reads without its index, from rows that another index selects.

    SQLite would otherwise prefer the column's index, even if the window has fewer rows.
    """

    inherit_cache = True
    type = String()


@compiles(of_rows)
def _of_rows(element: of_rows, compiler: Any, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


@compiles(of_rows, "mysql", "mariadb")
def _of_rows_mysql(element: of_rows, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


class wall(FunctionElement[str]):
    """A time as the database compares it. For SQLite the T of ISO 8601 becomes a blank."""

    inherit_cache = True
    type = String()


@compiles(wall)
def _wall(element: wall, compiler: Any, **kw: Any) -> str:
    return f"replace({compiler.process(element.clauses, **kw)}, 'T', ' ')"


@compiles(wall, "mysql", "mariadb")
def _wall_mysql(element: wall, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


class in_window(FunctionElement[int]):
    """Whether a time lies in [begin, end).

    Two more arguments, whole days as texts, let SQLite use its index.
    """

    inherit_cache = True
    # Not Boolean: SQLAlchemy would write `... < end = 1`, which prevents the use of the index.
    type = Integer()


@compiles(in_window)
def _in_window(element: in_window, compiler: Any, **kw: Any) -> str:
    column, begin, end, first_day, day_after = (
        compiler.process(clause, **kw) for clause in element.clauses
    )
    time = f"replace({column}, 'T', ' ')"
    in_days = f"{column} >= {first_day} AND {column} < {day_after}"
    return f"({in_days} AND {time} >= {begin} AND {time} < {end})"


@compiles(in_window, "mysql", "mariadb")
def _in_window_mysql(element: in_window, compiler: Any, **kw: Any) -> str:
    column, begin, end = (compiler.process(clause, **kw) for clause in list(element.clauses)[:3])
    return f"({column} >= {begin} AND {column} < {end})"


class raw_json(FunctionElement[bytes]):
    """A JSON column as UTF-8 bytes, which decode 2.3 times faster than text."""

    inherit_cache = True
    type = LargeBinary()


@compiles(raw_json)
def _raw_json(element: raw_json, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS BLOB)"


@compiles(raw_json, "mysql", "mariadb")
def _raw_json_mysql(element: raw_json, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS BINARY)"


class contains(FunctionElement[bool]):
    """Whether a JSON column contains a text, byte by byte. Reads the column without parsing it."""

    inherit_cache = True
    type = Boolean()


@compiles(contains)
def _contains(element: contains, compiler: Any, **kw: Any) -> str:
    column, text = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(instr({column}, {text}) > 0)"


@compiles(contains, "mysql", "mariadb")
def _contains_mysql(element: contains, compiler: Any, **kw: Any) -> str:
    column, text = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(LOCATE(CAST({text} AS BINARY), CAST({column} AS BINARY)) > 0)"


class pull_text(FunctionElement[str]):
    """`ghprbPullId` of `description` as text; NULL if the JSON is invalid.

    Cut to 19 characters, so that the server can group in memory; numbers have up to 18 digits.
    """

    inherit_cache = True
    type = String()


@compiles(pull_text)
def _pull_text(element: pull_text, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    # json_type, because json_extract turns true into the number 1.
    path = "'$.ghprbPullId'"
    is_number = f"json_type({column}, {path}) IN ('text', 'integer')"
    number = f"CASE WHEN {is_number} THEN substr(json_extract({column}, {path}), 1, 19) END"
    return f"CASE WHEN json_valid({column}) THEN {number} END"


@compiles(pull_text, "mysql", "mariadb")
def _pull_text_mysql(element: pull_text, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    # AS BINARY, because collations put '7', '7 ' and '٧' into one group.
    value = (
        f"CAST(CAST(JSON_UNQUOTE(JSON_EXTRACT({column}, '$.ghprbPullId')) AS CHAR(19)) AS BINARY)"
    )
    if is_mariadb(compiler):
        # MariaDB returns NULL for invalid JSON; JSON_VALID would double the cost.
        return value
    # MySQL raises an error for invalid JSON in a text column; in a JSON column this is free.
    return f"CASE WHEN JSON_VALID({column}) THEN {value} END"


class has_names(FunctionElement[bool]):
    """Whether an `analysis_res` column names a failure: `records.failures_of` in SQL.

    The arguments are the column and the pattern `_%`.
    """

    inherit_cache = True
    type = Boolean()


def _sqlite_array_has(column: str, kind: str, pattern: str) -> str:
    names = f"json_each({column}, '$.{kind}') WHERE type = 'text' AND value LIKE {pattern}"
    has_name = f"EXISTS (SELECT 1 FROM {names})"  # noqa: S608 - constants and our columns
    return f"(json_type({column}, '$.{kind}') = 'array' AND {has_name})"


@compiles(has_names)
def _has_names(element: has_names, compiler: Any, **kw: Any) -> str:
    column, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    has_any = " OR ".join(_sqlite_array_has(column, kind, pattern) for kind in ANALYSIS_KINDS)
    return f"CASE WHEN json_valid({column}) THEN {has_any} ELSE 0 END"


@compiles(has_names, "mysql", "mariadb")
def _has_names_mysql(element: has_names, compiler: Any, **kw: Any) -> str:
    column, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    paths = ", ".join(f"'$.{kind}[*]'" for kind in ANALYSIS_KINDS)
    # One search costs a quarter of a look-up for each kind.
    has_any = f"JSON_SEARCH({column}, 'one', {pattern}, NULL, {paths}) IS NOT NULL"
    # Validity first: MariaDB finds names in a text that is cut after them. There, JSON_TYPE reads
    # the whole text, and unlike JSON_VALID, Spider passes it on to its shards.
    valid = f"JSON_TYPE({column}) IS NOT NULL" if is_mariadb(compiler) else f"JSON_VALID({column})"
    return f"CASE WHEN {valid} THEN {has_any} ELSE 0 END"


def is_mariadb(compiler: Any) -> bool:
    return bool(getattr(compiler.dialect, "is_mariadb", False))


class is_no_object(FunctionElement[bool]):
    """Whether a JSON column is neither an object nor null: invalid text, an array, a number."""

    inherit_cache = True
    type = Boolean()


@compiles(is_no_object)
def _is_no_object(element: is_no_object, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    json_type = f"CASE WHEN json_valid({column}) THEN json_type({column}) ELSE 'broken' END"
    return f"({column} <> '' AND {json_type} NOT IN ('object', 'null'))"


@compiles(is_no_object, "mysql", "mariadb")
def _is_no_object_mysql(element: is_no_object, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    json_type = f"COALESCE(JSON_TYPE({column}), 'broken')"
    if not is_mariadb(compiler):
        json_type = f"CASE WHEN JSON_VALID({column}) THEN JSON_TYPE({column}) ELSE 'broken' END"
    return f"({column} <> '' AND {json_type} NOT IN ('OBJECT', 'NULL'))"


def names_failure() -> ColumnElement[bool]:
    """Whether a row's `analysis_res` names a failure."""
    return has_names(ci_data.c.analysis_res, literal("_%"))


def pull_value(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A pull request's text as a number."""
    return cast(text, BigInteger())


def is_pull_number(text: ColumnElement[Any]) -> ColumnElement[bool]:
    """`records.pull_number(text) > 0` in SQL: a plain decimal number of up to 18 digits."""
    number = pull_value(text)
    back = cast(number, String(20))
    return and_(func.length(text) <= 18, exact(back) == exact(text), number > 0)


def in_status(status: Status) -> ColumnElement[bool]:
    return exact(ci_data.c.status) == status.value
