"""Importing a million results, against `executemany` of the rows that it writes.

Ten runs of the same 100,000 tests, each stored as a process of its own would: nothing is
remembered between runs. The file is parsed before the clock starts; `benchmarks.junit` measures
that. Counted is CPU time, that of the server included: other work on the machine does not matter.
"""

import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy import Engine, func, select

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
from ci_stat.store.results.write import ResultsWriter
from tests.support.mariadb import Server, running

SUITES, RUNS = 500, 10
NOW = datetime(2026, 11, 1, tzinfo=UTC)

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
        f"executemany of the same rows {shown[1]}",
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
        f"executemany of the same rows {shown[1]}, both with the server's CPU time",
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
        assert _sizes(engine)[:2] == _sizes(other)[:2]
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
    """Write the rows of `engine` into `other`, a run in one transaction."""
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
            yield {
                table.name: [
                    tuple(row)
                    for row in connection.execute(select(table).where(table.c.run_id == run_id))
                ]
                for table in (tables.results, tables.texts)
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
    assert _sizes(engine)[2] == SUITES * CASES
    console.print(f"  {_sizes(engine)[0]:,} rows are complete")


def _sizes(engine: Engine) -> Sequence[int]:
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.results, tables.texts, tables.cases)
        ]
