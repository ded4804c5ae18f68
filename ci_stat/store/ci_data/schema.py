"""The table `ci_data`: its columns, and how we create it.

A table of the original writer is read by column name: the column order differs between
installations.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import UserDefinedType

from ci_stat.records import TABLE


class NamedType(UserDefinedType[str]):
    """A column type by its name in SQL. Values pass unchanged: times and JSON are texts here.

    SQLAlchemy's own types would encode JSON twice, and load the dialect modules (50 ms per start).
    """

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


_WALL_CLOCK = NamedType("DATETIME")
_JSON = Text().with_variant(NamedType("JSON"), "mysql", "mariadb")
_LONG_TEXT = Text().with_variant(NamedType("MEDIUMTEXT"), "mysql", "mariadb")

metadata = MetaData()


_INDEXED = ("time", "repo", "branch")
# SQLite would prefer an index on the status to a short window, and a fifth of all rows share one.
# Its own indexes are in `indexes.py`.
_INDEXED_ON_SERVER = ("time", "status", "repo", "branch")


ci_data = Table(
    TABLE,
    metadata,
    # 127 utf8mb4 characters: MariaDB groups up to 512 bytes in memory. The writer allows 100.
    Column("job", String(127), primary_key=True, comment="job name"),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False, comment="build number"),
    # The writer's column is an enum of three; text also stores statuses of other CI systems.
    Column("status", String(64), nullable=False, comment="outcome"),
    Column("duration", BigInteger, comment="milliseconds"),
    Column("time", _WALL_CLOCK, comment="build start, wall clock of the database's zone"),
    Column("commit", String(255), comment="head commit of the pull request"),
    Column("branch", String(255), comment="target branch"),
    Column("comment", _LONG_TEXT, comment="the comment that triggered the run"),
    Column("analysis_res", _JSON, comment="failures by kind, as JSON"),
    Column("description", _JSON, comment="the other build parameters, as JSON"),
    Column("repo", String(127), comment="owner/name"),
    *(Index(f"ix_ci_data_{name}", name).ddl_if(dialect="sqlite") for name in _INDEXED),
    comment="one row per finished build",
)


@compiles(CreateTable, "mysql", "mariadb")
def _create_table(element: CreateTable, compiler: Any, **kw: Any) -> str:
    # The server's default may be latin1, in which the jobs Unit and unit are equal.
    # Not Table(mysql_charset=...): that would import the dialect at every start.
    statement = compiler.visit_create_table(element, **kw).rstrip()
    if element.element is ci_data:
        statement = _with_indexes(statement)
    return f"{statement} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin\n\n"


def _with_indexes(statement: str) -> str:
    """The indexes in the same statement: a process that is killed leaves no table without them."""
    columns, options = statement.rsplit("\n)", 1)
    keys = "".join(f", \n\tINDEX ix_ci_data_{name} (`{name}`)" for name in _INDEXED_ON_SERVER)
    return f"{columns.rstrip()}{keys}\n){options}"
