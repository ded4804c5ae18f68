"""Importing a million results, against `executemany` of a row for each.

Ten runs of the same 100,000 tests, each stored as a process of its own would: nothing is
remembered between runs. The yardstick writes a row for each result and for each text, and nothing
else: keyed by run, file and position, with an index of the results by test, which a database
without packed rows needs. The file is parsed before the clock starts; `benchmarks.junit` measures
that. Counted is CPU time, that of the server included: other work on the machine does not matter.
"""

import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from benchmarks import results_questions
from benchmarks.junit import CASES, write
from benchmarks.measure import Figures, console
from benchmarks.results_data import Read
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.stored_attempts import attempts_of_runs
from ci_stat.store.results.write import ResultsWriter
from tests.support.mariadb import Server, running

SUITES, RUNS = 500, 10
NOW = datetime(2026, 11, 1, tzinfo=UTC)

rows_metadata = MetaData()
results = Table(
    "yardstick_results",
    rows_metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("word", String(80), nullable=False),
    Column("duration", BigInteger),
    Column("message_id", BigInteger),
    UniqueConstraint("case_id", "run_id", "file_id", "position", "outcome"),
    sqlite_with_rowid=False,
)

Clock = Callable[[], float]
Rows = dict[str, list[tuple[Any, ...]]]


def bench(figures: Figures, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "results.xml"
        outcomes = write(path, SUITES)
        _on_sqlite(figures, rounds, path, outcomes)
        with running(log_file="1G", pool="4G", memory=False) as server:
            _on_mariadb(figures, rounds, path, outcomes, server)
    results_questions.bench(figures, rounds)


def _on_sqlite(figures: Figures, rounds: int, path: Path, outcomes: Counter[str]) -> None:
    def fresh(number: int) -> Engine:
        engine = open_engine(f"sqlite:///{path.parent / f'{number}.sqlite'}")
        prepare_results(engine)
        return engine

    ratio, shown = _compare(rounds, path, outcomes, fresh, time.process_time)
    figures.add(
        f"importing {SUITES * CASES * RUNS:,} results, SQLite",
        f"{ratio:.2f} of the CPU time {shown[0]}",
        f"executemany of a row for each {shown[1]}",
        "at most 1",
        ratio <= 1,
    )


def _on_mariadb(
    figures: Figures, rounds: int, path: Path, outcomes: Counter[str], server: Server
) -> None:
    def fresh(number: int) -> Engine:
        server.sql(f"create database results{number}")
        engine = open_engine(server.url(f"results{number}"))
        prepare_results(engine)
        return engine

    def clock() -> float:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / 100

    ratio, shown = _compare(rounds, path, outcomes, fresh, clock)
    figures.add(
        f"importing {SUITES * CASES * RUNS:,} results, MariaDB",
        f"{1 / ratio:.2f} times its speed {shown[0]}",
        f"executemany of a row for each {shown[1]}, both with the server's CPU time",
        "at least 1.5",
        1 / ratio >= 1.5,
    )


def _compare(
    rounds: int,
    path: Path,
    outcomes: Counter[str],
    fresh: Callable[[int], Engine],
    clock: Clock,
) -> tuple[float, tuple[str, str]]:
    """Return the median ratio, and what both took."""
    ours, theirs = [], []
    for number in range(rounds):
        engine, other = fresh(2 * number), fresh(2 * number + 1)
        ours.append(_import(engine, path, clock))
        _check(engine, outcomes)
        theirs.append(_executemany(engine, other, clock))
        assert _size(other, results) == SUITES * CASES * RUNS
        assert _size(other, tables.texts) == _size(engine, tables.texts)
    shown = tuple(f"({statistics.median(times):.1f} s)" for times in (ours, theirs))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return ratio, (shown[0], shown[1])


def _import(engine: Engine, path: Path, clock: Clock) -> float:
    seconds = 0.0
    for number in range(RUNS):
        attempts = _parsed(path)
        begin = clock()
        writer = ResultsWriter(engine, lambda: NOW)
        run_id = writer.run_id(RunInfo("unit", number, started=NOW))
        writer.store(run_id, "digest", "r.xml", lambda attempts=attempts: Read(attempts))  # type: ignore[misc]
        seconds += clock() - begin
    return seconds


def _parsed(path: Path) -> list[CaseResult]:
    with path.open("rb") as file:
        return list(ResultFile(iter(lambda: file.read(1 << 17), b"")))


def _executemany(engine: Engine, other: Engine, clock: Clock) -> float:
    """Write the results of `engine` as rows into `other`, a run in one transaction."""
    rows_metadata.create_all(other)
    seconds = 0.0
    for rows in _rows_of_runs(engine):
        with closing(_plain_connection(other)) as connection:
            mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
            begin = clock()
            cursor = connection.cursor()
            for name, values in rows.items():
                marks = ", ".join([mark] * len(values[0]))
                cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
            connection.commit()
            seconds += clock() - begin
    return seconds


def _plain_connection(engine: Engine) -> Any:
    """A connection of the driver, without anything of ours."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return sqlite3.connect(str(url.database))
    return pymysql.connect(
        host=url.host, port=int(url.port or 0), user=url.username, database=url.database
    )


def _rows_of_runs(engine: Engine) -> Iterator[Rows]:
    with engine.connect() as connection:
        for run_id in connection.execute(select(tables.runs.c.id)).scalars().all():
            query = select(tables.texts).where(tables.texts.c.run_id == run_id)
            yield {
                results.name: [tuple(row) for row in attempts_of_runs(connection, [run_id])],
                tables.texts.name: [tuple(row) for row in connection.execute(query)],
            }


def _check(engine: Engine, outcomes: Counter[str]) -> None:
    """All results are stored, once, in rows and in packed rows."""
    reader = ResultsReader(engine)
    runs = reader.runs(limit=RUNS + 1)
    assert len(runs) == RUNS
    ends = read_ends(engine, runs)
    for place, run in enumerate(runs):
        stored = Counter(str(attempt.outcome) for attempt in reader.attempts(run.id))
        assert stored == outcomes, f"{stored}, not {outcomes}"
        codes = ends.outcome[ends.run == place].tolist()
        assert Counter(str(OUTCOMES[code]) for code in codes) == outcomes
    assert _size(engine, tables.cases) == SUITES * CASES
    console.print(f"  {len(ends.run):,} results are complete")


def _size(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
