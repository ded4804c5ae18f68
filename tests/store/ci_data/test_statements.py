"""Only SQL that MariaDB, MySQL and TiDB share, with bound parameters; reading never writes."""

import importlib.util
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlglot
from sqlalchemy import Engine, text
from sqlalchemy.dialects import mysql, sqlite
from sqlglot.errors import SqlglotError

from ci_stat.cli import run
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.records import Origin, RunFilter, RunRow, Window
from ci_stat.result import counting
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import export_rows
from ci_stat.runs.import_runs import import_lines
from ci_stat.store.ci_data import counts, runs, window_count
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill, day
from tests.support import mariadb
from tests.support.rows import BEGIN, history, pull, row

# What not all of MariaDB 10.11, MySQL 8 and TiDB understand, or understand alike.
FORBIDDEN = {
    "-> and ->>": r"->",
    "JSON_TABLE": r"\bJSON_TABLE\b",
    "JSON_VALUE": r"\bJSON_VALUE\b",
    "MEMBER OF": r"\bMEMBER\s+OF\b",
    "CAST AS JSON": r"\bAS\s+JSON\s*\)",
    "RETURNING": r"\bRETURNING\b",
    "INSERT AS new": r"\)\s*AS\s+\w+\s+ON\s+DUPLICATE\b",
    "REGEXP functions": r"\bREGEXP_\w+\s*\(",
    "VALUES ROW": r"\bVALUES\s+ROW\b",
    "EXPLAIN ANALYZE": r"^\s*(EXPLAIN|ANALYZE)\b",
    "collations of one server": r"_(0900|uca1400|nopad)_",
    "SAVEPOINT (Spider has none)": r"\bSAVEPOINT\b",
    "SKIP LOCKED": r"\bSKIP\s+LOCKED\b",
    "row comparison": r"\(\s*\w+(\.\w+)?\s*,\s*\w+(\.\w+)?\s*\)\s*[<>]=?",
    "sequences": r"\bNEXT\s*VALUE\s+FOR\b|\bNEXTVAL\b",
    "FULL JOIN, INTERSECT, EXCEPT": r"\bFULL\s+(OUTER\s+)?JOIN\b|\bINTERSECT\b|\bEXCEPT\b",
    "NULLS FIRST/LAST": r"\bNULLS\s+(FIRST|LAST)\b",
    "FILTER on aggregates": r"\)\s*FILTER\s*\(",
    "IS DISTINCT FROM": r"\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b",
    "MERGE, REPLACE INTO": r"^\s*(MERGE|REPLACE)\b",
    # Spider sends JSON_VALID(x) to its shards as (x), which gives wrong numbers. MySQL needs it.
    "JSON_VALID on MariaDB": r"\bJSON_VALID\b",
    "stored programs": (
        r"^\s*(CALL|DO|CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE|TRIGGER|EVENT))\b"
    ),
    "servers' own JSON tests": (
        r"\bJSON_SCHEMA_VALID\b|\bJSON_DETAILED\b|\bJSON_NORMALIZE\b|\bJSON_EQUALS\b"
    ),
}

# Sent by SQLAlchemy and the drivers at each connection and transaction; everything else is ours.
DRIVERS_OWN = (
    r"SET NAMES utf8mb4",
    r"SET AUTOCOMMIT ?= ?[01]",
    r"SELECT VERSION\(\)",
    r"SELECT DATABASE\(\)",
    r"SELECT @@(tx_isolation|transaction_isolation|sql_mode|lower_case_table_names)",
    r"DESCRIBE `\w+`\.`ci_data`",
    r"SHOW CREATE TABLE `ci_data`",
    r"(COMMIT|ROLLBACK)",
)

HOSTILE = [
    "x'\"; drop table ci_data; --",
    "\\",
    "\\'; delete from ci_data; -- ",
    "a\\%b",
    "%s",
    "%%",
    "%(job)s",
    ":begin",
    "?",
    "nul\0byte",
    "{job}",
    "tab\tnew\nline",
    "/* comment */",
    "`job`",
    "-- ",
    "🙂 日本",
    "' OR ''='",
    "\x1b[31m",
]

_DRIVERS = ["pymysql"] + (["mysqldb"] if importlib.util.find_spec("MySQLdb") else [])


def forbidden_in(statement: str) -> list[str]:
    """What of the list stands in a statement, outside its texts."""
    bare = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", statement, flags=re.DOTALL)
    return [name for name, pattern in FORBIDDEN.items() if re.search(pattern, bare, re.IGNORECASE)]


@dataclass
class Log:
    """The server's own log of what one user sent."""

    server: mariadb.Server
    user: str

    def statements(self) -> list[str]:
        """Complete texts, in order, each kind of command that carries SQL."""
        lines = self.server.sql(
            "select hex(argument) from mysql.general_log"
            " where command_type in ('Query','Prepare','Execute')"
            f" and user_host like '{self.user}[{self.user}]%'"
        )
        return [bytes.fromhex(line).decode("utf-8", "replace") for line in lines.split()]

    def ours(self) -> list[str]:
        return [
            statement
            for statement in self.statements()
            if not any(re.fullmatch(own, statement, re.I) for own in DRIVERS_OWN)
        ]


@pytest.fixture
def log(server: mariadb.Server, mariadb_url: str) -> Iterator[Log]:
    server.sql("create user watched@'127.0.0.1'")
    server.sql(
        "truncate table mysql.general_log; set global log_output = 'TABLE';"
        " set global general_log = 1"
    )
    yield Log(server, "watched")
    server.sql(
        "set global general_log = 0; truncate table mysql.general_log;"
        " drop user watched@'127.0.0.1'"
    )


def _watched(
    server: mariadb.Server, mariadb_url: str, rights: str, driver: str = "pymysql"
) -> Engine:
    """An engine of the user whose statements are logged."""
    database = mariadb_url.rpartition("/")[2]
    server.sql(f"grant {rights} on {database}.* to watched@'127.0.0.1'")
    return open_engine(f"mysql+{driver}://watched:@127.0.0.1:{server.port}/{database}")


def _source(engine: Engine) -> Source:
    return Source(engine, Origin(SHANGHAI, describe=partial(runs.describe, engine)))


def everything(source: Source) -> None:
    """Each question there is, with all filters and none."""
    window = day().window
    full = RunFilter(
        window, jobs=("unit", "x y"), repos=("o/r",), branches=("master",), statuses=("FAILURE",)
    )
    long = RunFilter(
        type(window).of(BEGIN - timedelta(days=200), BEGIN + timedelta(days=900), SHANGHAI)
    )
    for wanted in (day(), full, long):
        loaded = source.load(wanted)
        source.count_window(wanted)
        source.count_jobs(wanted)
        source.count_prs(wanted)
        source.count_prs(wanted, limit=1)
        export_rows(source.engine, wanted, io.StringIO(), lambda _n: None)
    export_rows(source.engine, None, io.StringIO(), lambda _n: None)
    list(counts_after_a_cut(source.engine))
    source.newest()
    source.latest_end()
    run = next(run for run in loaded.run_list if run.job_name == "unit")
    assert run.description["ghprbPullId"] == "7"


def counts_after_a_cut(engine: Engine) -> Iterator[RunRow]:
    """The statement with which an export goes on behind its last row."""
    from ci_stat.runs import export_runs

    yield from export_runs._rows_after(engine, (), ("unit", 2))


def _lines(rows: list[RunRow]) -> list[bytes]:
    return [encode_row(row).encode() for row in rows]


@pytest.mark.parametrize("driver", _DRIVERS)
def test_only_sql_that_the_databases_share(
    server: mariadb.Server, mariadb_url: str, log: Log, driver: str
) -> None:
    engine = _watched(server, mariadb_url, "all", driver)
    rows = [*history("PFAU|FP"), row("nightly"), row("hostile '->>' JSON_TABLE(", pr=9)]
    import_lines(engine, _lines(rows), SHANGHAI)
    import_lines(engine, _lines(rows), SHANGHAI)  # the table is there, the rows are replaced
    write_rows(engine, [row("x", repo="x" * 5_000), *rows])  # refused, so one by one
    everything(_source(engine))
    sent = log.ours()
    assert {
        name: start
        for statement in sent
        for name in forbidden_in(statement)
        if (start := statement[:500])
    } == {}
    for statement in sent:
        _parsed(statement)
    # Nothing escaped the log: each kind of statement that we know of is in it.
    for word in (
        "CREATE TABLE ci_data",
        "INDEX ix_ci_data_time",
        "INSERT INTO ci_data",
        "ON DUPLICATE KEY UPDATE",
        "CASE WHEN JSON_TYPE(ci_data.analysis_res) IS NOT NULL THEN JSON_SEARCH",
        "count(*) OVER",
        "max(ci_data.time)",
        "CAST(ci_data.description AS BINARY)",
        "ORDER BY ci_data.job, ci_data.job_id",
        "ci_data.job_id > 2",
        "AND ci_data.job IN ('unit', 'x y')",
    ):
        assert any(word in statement for statement in sent), word


def _parsed(statement: str) -> None:
    """An independent check: sqlglot parses each statement as MySQL, without unknown commands."""
    if statement.startswith("SET SESSION "):
        return
    try:
        trees = sqlglot.parse(statement, read="mysql")
    except SqlglotError as error:
        raise AssertionError(f"{error}: {statement}") from None
    assert len(trees) == 1, statement
    assert trees[0] is not None
    assert type(trees[0]).__name__ in ("Select", "Insert", "Create"), statement


@pytest.mark.parametrize(
    "statement",
    [
        "select description->>'$.a' from ci_data",
        "select * from ci_data, json_table(description, '$[*]' columns (x int path '$')) t",
        "select json_value(description, '$.a') from ci_data",
        "select 'a' member of (description) from ci_data",
        "select cast('{}' as json)",
        "insert into ci_data (job) values ('a') returning job",
        "insert into ci_data (job) values ('a') as new on duplicate key update job = new.job",
        "select regexp_like(job, 'a') from ci_data",
        "values row(1, 2)",
        "select * from ci_data where job = 'a' collate utf8mb4_0900_ai_ci",
        "select * from ci_data where (job, job_id) > ('a', 1)",
        "select * from ci_data where (ci_data.job, ci_data.job_id) > ('a', 1)",
        "select count(*) filter (where job = 'a') from ci_data",
        "replace into ci_data (job) values ('a')",
        "explain analyze select 1",
        "savepoint a",
        "select case when json_valid(description) then 1 end from ci_data",
    ],
)
def test_the_list_catches_what_it_is_for(statement: str) -> None:
    assert forbidden_in(statement)


def test_the_list_looks_past_texts() -> None:
    assert (
        forbidden_in("select 'a->b', 'it''s \\' JSON_TABLE(' from ci_data where job = '''->>'")
        == []
    )


def test_reading_needs_select_and_nothing_more(
    server: mariadb.Server,
    mariadb_url: str,
    log: Log,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    owner = open_engine(mariadb_url)
    prepare(owner)
    rows = [*history("PFAU|FP"), row("nightly")]
    assert write_rows(owner, rows) == []
    before = server.sql(
        "select * from ci_data order by job, job_id; show create table ci_data",
        owner.url.database or "",
    )
    reader = _watched(server, mariadb_url, "select")
    everything(_source(reader))
    monkeypatch.setenv("CI_STAT_URL", reader.url.render_as_string(hide_password=False))
    window = ["--begin", "2021-06-19", "--end", "2021-06-20"]
    for command in ("summary", "jobs", "prs", "failures"):
        assert run([command, *window]) == 0, capsys.readouterr()
    for command in ("jobs", "prs", "failures"):
        assert run([command, *window, "--json"]) == 0, capsys.readouterr()
    assert run(["export", str(tmp_path / "out.jsonl")]) == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == len(rows)
    assert run(["config", "--check"]) == 0, capsys.readouterr()
    for statement in log.ours():
        assert re.match(r"\s*(SELECT|SET SESSION)\b", statement), statement
    assert before == server.sql(
        "select * from ci_data order by job, job_id; show create table ci_data",
        owner.url.database or "",
    )


def test_a_reader_may_not_import(server: mariadb.Server, mariadb_url: str, log: Log) -> None:
    """The check above means something: the same user is refused as soon as something is written."""
    from ci_stat.errors import AccessDenied

    prepare(open_engine(mariadb_url))
    with pytest.raises(AccessDenied, match="INSERT"):
        write_rows(_watched(server, mariadb_url, "select"), [row()])


# --- values are parameters


def _hostile_rows() -> list[RunRow]:
    return [
        RunRow(
            name,
            number,
            "FAILURE",
            BEGIN + timedelta(minutes=number),
            1,
            repo=name,
            branch=name,
            commit=name,
            comment=name,
            description=pull(number, ghprbPullTitle=name),
            analysis_res={"case": [name]},
        )
        for number, name in enumerate(HOSTILE, 1)
    ]


def test_hostile_names_find_exactly_their_rows(source: Source, fill: Fill) -> None:
    fill(_hostile_rows())
    window = day().window
    for number, name in enumerate(HOSTILE, 1):
        wanted = RunFilter(
            window, jobs=(name, "nobody's"), repos=(name,), branches=(name,), statuses=("FAILURE",)
        )
        result = source.load(wanted)
        assert [(run.job_name, run.job_id, run.pr_title) for run in result.run_list] == [
            (name, number, name)
        ]
        assert source.count_window(wanted)[0] == counting.count_window(result)
        assert source.count_jobs(wanted)[0] == counting.count_jobs(result.job_map)
        assert source.count_prs(wanted)[0] == counting.count_prs(result.pr_map)
        assert export_rows(source.engine, wanted, io.StringIO(), lambda _n: None) == 1
        assert runs.describe(source.engine, name, number)["ghprbPullTitle"] == name
        alone = {"jobs": (name,)}, {"repos": (name,)}, {"branches": (name,)}
        assert [
            run.job_id for run in source.load(RunFilter(window, **alone[number % 3])).run_list
        ] == [number]
    nearly = tuple(wrong for name in HOSTILE for wrong in (name + "x", "x" + name))
    assert source.count_window(RunFilter(window, jobs=nearly))[0].tally.total == 0
    assert source.count_window(day())[0].tally.total == len(HOSTILE)


def test_hostile_statuses(source: Source, fill: Fill) -> None:
    fill([row("unit", number, status=name) for number, name in enumerate(HOSTILE, 1)])
    for name in HOSTILE[::2]:
        wanted = RunFilter(day().window, statuses=(name,))
        count = source.count_window(wanted)[0]
        assert count.other_statuses == ((name, 1),)
        assert [run.status for run in source.load(wanted).all_runs] == [name]


def test_hostile_rows_come_back_from_an_import(engine: Engine, source: Source) -> None:
    rows = _hostile_rows()
    for _ in range(2):
        assert import_lines(engine, _lines(rows), SHANGHAI).stored == len(rows)
    out = io.StringIO()
    assert export_rows(engine, None, out, lambda _n: None) == len(rows)
    assert sorted(out.getvalue().splitlines()) == sorted(encode_row(row) for row in rows)


def test_many_names(source: Source, fill: Fill) -> None:
    """More names than a person types, as a script gives them."""
    fill([row(f"job{number}", number) for number in range(30)])
    wanted = RunFilter(day().window, jobs=tuple(f"job{number}" for number in range(10, 2_000)))
    assert source.count_window(wanted)[0].tally.total == 20
    assert len(source.load(wanted).special_list) == 20


@pytest.mark.parametrize("dialect", [mysql.dialect(), sqlite.dialect()], ids=["mysql", "sqlite"])
@pytest.mark.parametrize(
    "make",
    [
        runs.run_statement,
        counts.job_statement,
        lambda wanted: counts.pr_statement(wanted, 3),
        lambda wanted: window_count.summary_statements(wanted)[0],
        lambda wanted: window_count.summary_statements(wanted)[1],
    ],
    ids=["rows", "jobs", "prs", "totals", "periods"],
)
def test_no_value_stands_in_a_statement(
    make: Callable[[RunFilter], object], dialect: object
) -> None:
    mark = "MARKED"
    wanted = RunFilter(
        day().window, jobs=(mark,), repos=(mark,), branches=(mark,), statuses=(mark,)
    )
    statement = str(make(wanted).compile(dialect=dialect))  # type: ignore[attr-defined]
    assert mark not in statement
    assert "2021" not in statement


def test_the_query_that_is_shown_runs_and_finds_the_rows(source: Source, fill: Fill) -> None:
    """People can run `Provenance.query`: it selects the same rows, also with hostile names."""
    fill(_hostile_rows())
    names = [name for name in HOSTILE if "\0" not in name]
    if source.engine.dialect.name == "sqlite":
        names = [name for name in names if "\\" not in name]  # shown as MySQL reads it
    wanted = RunFilter(day().window, jobs=tuple(names))
    shown = source.count_window(wanted)[1].query
    with source.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(shown)
        assert len(cursor.fetchall()) == len(names)
        cursor.close()


def test_nothing_else_is_in_the_database_afterwards(
    source: Source, fill: Fill, engine: Engine
) -> None:
    fill(_hostile_rows())
    everything_named = RunFilter(day().window, jobs=tuple(HOSTILE), repos=tuple(HOSTILE))
    source.load(everything_named)
    source.count_prs(everything_named)
    tables = (
        "select name from sqlite_master where type = 'table'"
        if "sqlite" in str(engine.url)
        else "show tables"
    )
    with engine.connect() as connection:
        assert connection.execute(text(tables)).scalars().all() == ["ci_data"]


def test_a_window_is_found_through_the_index_from_both_ends(mariadb_url: str) -> None:
    """A short window of a long table must not read all that is newer."""
    engine = open_engine(mariadb_url)
    prepare(engine)
    first = datetime(2021, 1, 1)
    write_rows(
        engine,
        [RunRow("unit", n, "SUCCESS", time=first + timedelta(hours=n)) for n in range(3_000)],
    )
    wanted = RunFilter(Window.of(first, first + timedelta(hours=5), SHANGHAI))
    with engine.connect() as connection:
        connection.exec_driver_sql("analyze table ci_data").fetchall()
        statements = [
            runs.run_statement(wanted),
            counts.job_statement(wanted),
            counts.pr_statement(wanted, 5),
            *window_count.summary_statements(wanted),
        ]
        for statement in statements:
            text = str(
                statement.compile(
                    dialect=connection.dialect, compile_kwargs={"literal_binds": True}
                )
            )
            plan = (
                connection.exec_driver_sql("EXPLAIN " + text.replace("%", "%%"))
                .mappings()
                .fetchall()
            )
            (reading,) = [step for step in plan if step["table"] == "ci_data"]
            assert (reading["type"], reading["key"]) == ("range", "ix_ci_data_time"), text
            assert int(reading["rows"]) < 20, text
