"""Rows whose `analysis_res` a database may read otherwise than Python: decided in Python.

MariaDB's JSON_SEARCH also finds names in nested arrays, and numbers; the key that comes twice and
the key written as `\\u0063ase` differ too. Such rows are few. Most rows have one name, which a few
searches for characters recognise.
"""

from typing import Any

from sqlalchemy import Connection, case, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from ci_stat.records import ANALYSIS_KINDS, RunFilter, Status
from ci_stat.store.ci_data.decode import names_failure
from ci_stat.store.ci_data.runs import conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import in_status, is_mariadb, raw_json
from ci_stat.store.ci_data.sql import names_failure as has_name
from ci_stat.store.ci_data.streaming import stream


class is_odd(FunctionElement[bool]):
    """Whether Python must decide about the names in an `analysis_res` column."""

    inherit_cache = True
    type = Boolean()


@compiles(is_odd)
def _is_odd(element: is_odd, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    second = f"instr(substr({column}, instr({column}, '[') + 1), '[')"
    is_escaped = f"instr({column}, '\\u') > 0"
    repeated = " OR ".join(_twice(column, kind, "%") for kind in ANALYSIS_KINDS)
    is_plain = _has_one_name(column, f"substr({column}, -3)", second)
    return f"CASE WHEN {is_escaped} THEN 1 WHEN {is_plain} THEN 0 ELSE {repeated} END"


@compiles(is_odd, "mysql", "mariadb")
def _is_odd_mysql(element: is_odd, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    second = f"LOCATE('[', {column}, LOCATE('[', {column}) + 1)"
    is_escaped = f"INSTR({column}, '\\\\u') > 0"
    repeated = " OR ".join(_twice(column, kind, "%%") for kind in ANALYSIS_KINDS)
    paths = ", ".join(f"'$.{kind}[*]'" for kind in ANALYSIS_KINDS)
    names = f"JSON_EXTRACT({column}, {paths})"
    if not is_mariadb(compiler):
        # MySQL raises an error for invalid JSON in a text column; Spider has no JSON_VALID.
        names = f"CASE WHEN JSON_VALID({column}) THEN {names} END"
    # After a bracket or a comma stands no quote: another value than a text, or a comma in a name.
    is_mixed = f"COALESCE(CAST({names} AS CHAR) REGEXP '^.[^\"]|, ?[^\" ]', 0)"
    is_plain = _has_one_name(column, f"RIGHT({column}, 3)", second)
    return (
        f"CASE WHEN {is_escaped} THEN 1 WHEN {is_plain} THEN 0"
        f" WHEN {repeated} THEN 1 ELSE {is_mixed} END"
    )


def _has_one_name(column: str, end: str, second_bracket: str) -> str:
    """Whether a text that is JSON has one array with one name, as nearly all have."""
    return f"{end} = '\"]}}' AND INSTR({column}, ',') = 0 AND {second_bracket} = 0"


def _twice(column: str, kind: str, any_text: str) -> str:
    return f'{column} LIKE \'{any_text}"{kind}"{any_text}"{kind}"{any_text}\''


def odd_correction(connection: Connection, run_filter: RunFilter) -> int:
    """What Python counts more than the database among the odd failed rows without a name."""
    c = ci_data.c
    where = [*conditions(run_filter), in_status(Status.FAILURE), is_odd(c.analysis_res)]
    is_named = case((has_name(), 1), else_=0)
    statement = select(raw_json(c.analysis_res), is_named).where(*where)
    rows = (row for rows in stream(connection, statement) for row in rows)
    return sum(int(named) - int(names_failure(text)) for text, named in rows)
