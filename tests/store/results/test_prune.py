"""Pruning: the daily counts stay the same, whoever else prunes and wherever it is killed."""

import random
import shutil
import statistics
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, func, select

from ci_stat.records.case_results import Outcome
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.daily import read_daily
from ci_stat.store.results.packed.day_columns import NAMES
from ci_stat.store.results.prune import PruneReport, prune
from ci_stat.store.results.read import EVERY_RUN, ResultsReader, RunFilter
from ci_stat.store.results.setup import prepare_results
from ci_stat.test_results.summary import ends_of
from tests.store.results.test_results import store
from tests.support.forks import fork

BEGIN = datetime(2026, 11, 1, 20, tzinfo=UTC)
DAYS = (date(2026, 11, 1), date(2026, 12, 1))
LATER = BEGIN + timedelta(days=20)
INSIDE = ("", "", "<failure message='got 1'/>", "<error/>", "<skipped/>")

PRUNE = """
import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy import event

from ci_stat.store.engine import open_engine
from ci_stat.store.results.prune import prune

remaining = int(sys.argv[2])

def count(connection, cursor, statement, *_):
    global remaining
    remaining -= statement.strip().startswith(("INSERT", "DELETE"))
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)

engine = open_engine(sys.argv[1], 60)
event.listen(engine, "before_cursor_execute", count)
prune(engine, datetime(2026, 11, 21, tzinfo=UTC))
"""
NEVER = 1_000_000


def fill(results: Engine) -> None:
    """Runs of two jobs over four days, two commits a day, two files a run, retries in both."""
    drawn = random.Random(3)
    for number in range(16):
        run = RunInfo(
            job=f"job{number % 2}",
            number=number,
            commit=f"c{number // 4}" if number % 5 else "",
            branch="main",
            labels={"db": "x"} if number % 3 else {},
            started=BEGIN + timedelta(hours=5 * number),
        )
        for file in range(2):
            cases = "".join(_case(drawn) for _ in range(7))
            store(results, f"<testsuite name='s'>{cases}</testsuite>", run, f"{file}.xml")


def _case(drawn: random.Random) -> str:
    time = drawn.choice(["", f"{drawn.random():.3f}", "0.000007"])
    name, inside = f"t{drawn.randrange(5)}", drawn.choice(INSIDE)
    return f'<testcase classname="C" name="{name}" time="{time}">{inside}</testcase>'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("filled") / "results.sqlite"
    engine = open_engine(f"sqlite:///{file}")
    prepare_results(engine)
    event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    fill(engine)
    return file


@pytest.fixture
def history(empty: Engine, filled: Path) -> Engine:
    """The filled database of each kind."""
    if empty.dialect.name == "sqlite":
        shutil.copy(filled, str(empty.url.database))
    else:
        prepare_results(empty)
        fill(empty)
    return empty


def daily(engine: Engine, filter: RunFilter = EVERY_RUN) -> list[tuple[Any, ...]]:
    return [
        (one.day, one.group, one.runs, *(getattr(one.tests, name).tolist() for name in NAMES))
        for one in read_daily(engine, *DAYS, filter)
    ]


def counted(engine: Engine) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The counts of each test, day, job and labels, from attempts one by one."""
    reader = ResultsReader(engine)
    ends: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for run in reader.runs_between(BEGIN, LATER):
        key = (run.started.date(), run.info.job, run.info.label_text)
        attempts = list(reader.attempts(run.id))
        timed = {attempt.case_id for attempt in attempts if attempt.seconds is not None}
        for case_id, end in ends_of(attempts).items():
            micros = round(end.seconds * 1e6) if case_id in timed else None
            ends[*key, case_id].append((run.info.commit or run.id, end, micros))
    return {key: _counts(some) for key, some in ends.items()}


def _counts(ends: list[Any]) -> tuple[int, ...]:
    outcomes = [end.outcome for _, end, _ in ends]
    micros = [known for _, _, known in ends if known is not None]
    flaky = {
        commit
        for commit, _, _ in ends
        if any(end.passed for other, end, _ in ends if other == commit)
        and any(end.failed for other, end, _ in ends if other == commit)
    }
    return (
        len(ends),
        outcomes.count(Outcome.FAILED),
        outcomes.count(Outcome.ERROR),
        outcomes.count(Outcome.SKIPPED),
        len(flaky),
        sum(end.attempts for _, end, _ in ends),
        len(micros),
        sum(micros),
        statistics.median_low(micros) if micros else 0,
        max(micros, default=0),
    )


def rows_of(engine: Engine) -> dict[str, int]:
    names = (tables.attempts, tables.texts, tables.file_ends, tables.runs, tables.files)
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in names
        }


def test_daily_counts_are_those_of_the_attempts_before_and_after(history: Engine) -> None:
    """Some files lack their packed row, as in a database of an older version."""
    with history.begin() as connection:
        some = tables.file_ends.c.file_id <= 7
        connection.execute(delete(tables.file_ends).where(some))
    expected = counted(history)
    before = daily(history)
    rows = {
        (day, group.job, group.labels, case): tuple(counts)
        for day, group, _, cases, *columns in before
        for case, *counts in zip(cases, *columns, strict=True)
    }
    assert rows == expected
    assert sum(counts[4] for counts in rows.values()) > 5  # flaky
    runs = rows_of(history)["test_runs"]
    assert sum(row[2] for row in before) == runs

    report = prune(history, LATER)
    assert report == PruneReport(days=3, runs=11, files=22, attempts=154, kept_runs=5)
    assert daily(history) == before
    only_job1 = daily(history, RunFilter(jobs=("job1",), labels={"db": "x"}))
    assert only_job1 == [row for row in before if row[1].job == "job1" and row[1].labels != "{}"]
    left = rows_of(history)
    assert left["test_attempts"] == 10
    assert left["test_file_ends"] == 10
    assert (left["test_runs"], left["test_files"]) == (16, 32)


def test_pruned_runs_are_left_out_and_their_files_stay_known(history: Engine) -> None:
    prune(history, LATER)
    reader = ResultsReader(history)
    assert [run.info.number for run in reader.runs(limit=100)] == [15, 14, 13, 12, 11]
    assert len(reader.runs_between(BEGIN, LATER)) == 5
    before = daily(history)
    fill(history)  # all of them again
    assert daily(history) == before
    assert prune(history, LATER) == PruneReport(kept_runs=5)


def test_a_later_file_of_a_pruned_day_is_added(history: Engine) -> None:
    run = RunInfo("job0", 99, branch="main", labels={"db": "x"}, started=BEGIN)
    content = "<testsuite name='s'><testcase classname='C' name='t0' time='2'/></testsuite>"
    prune(history, LATER)
    store(history, content, run)
    before = daily(history)
    assert prune(history, LATER).runs == 1
    assert daily(history) == before
    assert sum(row[2] for row in before) == 17


def test_a_dry_run_counts_and_changes_nothing(history: Engine) -> None:
    before = rows_of(history)
    report = prune(history, LATER, dry_run=True)
    assert rows_of(history) == before
    assert report == prune(history, LATER)


def test_days_that_have_not_ended_stay(history: Engine) -> None:
    assert prune(history, datetime(2026, 11, 1, 23, 59, tzinfo=UTC)) == PruneReport()
    assert prune(history, datetime(2026, 11, 2, tzinfo=UTC)).days == 1
    runs = ResultsReader(history).runs(limit=100)
    ends = read_ends(history, runs)
    assert len(runs) == 15
    assert set(ends.run.tolist()) == set(range(15))


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_prune_that_is_killed_anywhere_is_continued(history: Engine, url: str) -> None:
    before = daily(history)
    killed = 0
    for statement in range(1, 40, 3):
        code, error = fork(PRUNE, url, statement).finish()
        assert error == ""
        assert daily(history) == before
        if code == 0:
            break
        killed += 1
    assert killed > 3
    assert rows_of(history)["test_attempts"] == 10


@pytest.mark.chaos
@pytest.mark.concurrent
def test_processes_that_prune_at_once_count_each_run_once(history: Engine, url: str) -> None:
    before = daily(history)
    processes = [fork(PRUNE, url, NEVER) for _ in range(4)]
    assert [process.finish() for process in processes] == [(0, "")] * 4
    assert daily(history) == before
    assert rows_of(history)["test_attempts"] == 10
