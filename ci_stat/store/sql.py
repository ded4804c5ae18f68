"""The few SQL expressions that the databases spell differently.

Only constructs that MariaDB, MySQL and TiDB share, and their SQLite form (docs/databases.md).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer, LargeBinary, String

from ci_stat.records import FailureKind, Status
from ci_stat.store.schema import Spelled, ci_data


class exact(FunctionElement[str]):
    """A text column compared byte by byte, as Python compares: no case folding, no trailing-blank padding."""

    inherit_cache = True
    type = String()


@compiles(exact)
def _exact(element: exact, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(exact, "mysql", "mariadb")
def _exact_mysql(element: exact, compiler: Any, **kw: Any) -> str:
    # CONVERT first: a latin1 column would otherwise hand over its own bytes.
    return f"CAST(CONVERT({compiler.process(element.clauses, **kw)} USING utf8mb4) AS BINARY)"


class raw_json(FunctionElement[bytes]):
    """A JSON column as UTF-8 bytes: decoding from bytes is 2.3 times faster than from text."""

    inherit_cache = True
    type = LargeBinary()


@compiles(raw_json)
def _raw_json(element: raw_json, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS BLOB)"


@compiles(raw_json, "mysql", "mariadb")
def _raw_json_mysql(element: raw_json, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS BINARY)"


class pull_text(FunctionElement[str]):
    """`ghprbPullId` out of `description` as text of at most 19 characters; NULL where the JSON is broken.

    Cut, because a short text lets the server group in memory; a number has at most 18 digits here.
    """

    inherit_cache = True
    type = String()


@compiles(pull_text)
def _pull_text(element: pull_text, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    # json_type: a JSON true would otherwise come out as the number 1.
    return (
        f"CASE WHEN json_valid({column}) THEN CASE WHEN json_type({column}, '$.ghprbPullId') IN ('text', 'integer') "
        f"THEN substr(json_extract({column}, '$.ghprbPullId'), 1, 19) END END"
    )


@compiles(pull_text, "mysql", "mariadb")
def _pull_text_mysql(element: pull_text, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    value = f"JSON_UNQUOTE(JSON_EXTRACT({column}, '$.ghprbPullId'))"
    return f"CASE WHEN JSON_VALID({column}) THEN CAST({value} AS CHAR(19)) END"


class has_name(FunctionElement[int]):
    """Whether `analysis_res` names at least one failure of one kind (column, path of its first name)."""

    inherit_cache = True
    type = Integer()


@compiles(has_name)
def _has_name(element: has_name, compiler: Any, **kw: Any) -> str:
    column, kind = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(json_type({column}, '$.{kind}[0]') = 'text' AND json_extract({column}, '$.{kind}[0]') <> '')"


@compiles(has_name, "mysql", "mariadb")
def _has_name_mysql(element: has_name, compiler: Any, **kw: Any) -> str:
    column, kind = (compiler.process(clause, **kw) for clause in element.clauses)
    found = f"JSON_EXTRACT({column}, '$.{kind}[0]')"
    # MySQL takes `[0]` of a lone string for the string itself, so the array is asked for too.
    return (
        f"(JSON_TYPE(JSON_EXTRACT({column}, '$.{kind}')) = 'ARRAY' "
        f"AND JSON_TYPE({found}) = 'STRING' AND JSON_UNQUOTE({found}) <> '')"
    )


class json_valid(FunctionElement[int]):
    inherit_cache = True
    type = Integer()


@compiles(json_valid)
def _json_valid(element: json_valid, compiler: Any, **kw: Any) -> str:
    return f"json_valid({compiler.process(element.clauses, **kw)})"


def names_failure() -> ColumnElement[Any]:
    """Whether a row's `analysis_res` names any failure (`records.failures_of` in SQL)."""
    column = ci_data.c.analysis_res
    kinds = [has_name(column, literal_column(kind.value)) for kind in FailureKind]
    found: ColumnElement[Any] = kinds[0]
    for kind in kinds[1:]:
        found = found | kind
    return json_valid(column) & found


def pull_value(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text as a number."""
    return cast(text, Spelled("INTEGER").with_variant(Spelled("UNSIGNED"), "mysql", "mariadb"))


def is_pull_number(text: ColumnElement[Any]) -> ColumnElement[bool]:
    """`records.pull_number(text) > 0` in SQL: a plain decimal number of at most 18 digits."""
    number = pull_value(text)
    back = cast(number, String(20))
    return and_(func.length(text) <= 18, exact(back) == exact(text), number > 0)


def in_status(status: Status) -> ColumnElement[bool]:
    return exact(ci_data.c.status) == status.value
