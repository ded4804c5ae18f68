"""Columns of ends: the same as attempts that are added up one by one, on each database."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, delete, func, select

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.tables import file_ends, files
from ci_stat.test_results.summary import ends_of
from tests.store.results.test_results import store

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
INSIDE = ("", "<failure/>", "<error/>", "<skipped/>")


def fill(results: Engine, seed: int) -> None:
    drawn = random.Random(seed)
    for number in range(12):
        run = RunInfo(
            job=f"job{number % 2}",
            number=number,
            labels={"db": "x"} if number % 3 else {},
            started=BEGIN + timedelta(hours=number),
        )
        for file in range(2):
            cases = "".join(_case(drawn) for _ in range(8))
            store(results, f"<testsuite name='s'>{cases}</testsuite>", run, f"{file}.xml")


def _case(drawn: random.Random) -> str:
    """A test case; half of them have a time, some of them one in microseconds, some a long one."""
    times = ("", "", f"{drawn.random():.3f}", f"{drawn.random():.6f}", "86400.5")
    name, time = f"t{drawn.randrange(6)}", drawn.choice(times)
    return f'<testcase classname="C" name="{name}" time="{time}">{drawn.choice(INSIDE)}</testcase>'


def expected_ends(results: Engine) -> list[tuple[object, ...]]:
    """Attempts of the day added up one by one."""
    reader = ResultsReader(results)
    rows: list[tuple[object, ...]] = []
    for place, run in enumerate(day_of(results)):
        attempts = list(reader.attempts(run.id))
        timed = {attempt.case_id for attempt in attempts if attempt.seconds is not None}
        for case_id, end in sorted(ends_of(attempts).items()):
            code = OUTCOMES.index(end.outcome)
            seconds = float(np.float32(round(end.seconds, 6))) if case_id in timed else None
            rows.append((place, case_id, code, end.passed, end.failed, end.attempts, seconds))
    return rows


def columns_of(results: Engine) -> list[tuple[object, ...]]:
    columns = read_ends(results, day_of(results))
    seconds = [None if np.isnan(one) else float(one) for one in columns.seconds]
    names = ("run", "case", "outcome", "passed", "failed", "attempts")
    lists = [getattr(columns, name).tolist() for name in names]
    return list(zip(*lists, seconds, strict=True))


def day_of(results: Engine) -> list[StoredRun]:
    return ResultsReader(results).runs_between(BEGIN, BEGIN + timedelta(days=1))


@pytest.mark.parametrize("without", [0, 5, 24])
def test_columns_are_the_attempts_added_up(results: Engine, without: int) -> None:
    """`without`: files that lack their packed row, as in a database of an older version."""
    fill(results, seed=7)
    with results.begin() as connection:
        every = connection.execute(select(file_ends.c.file_id)).scalars().all()
        lacking = every[::-1][:without]
        connection.execute(delete(file_ends).where(file_ends.c.file_id.in_(lacking)))

    columns = columns_of(results)
    assert len(columns) > 50
    assert columns == expected_ends(results)


def test_the_columns_of_a_cut_file_give_way_to_those_of_the_whole_one(results: Engine) -> None:
    whole = "<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>"
    run = RunInfo("unit", 7, started=BEGIN)
    store(results, whole[:46], run)
    assert len(columns_of(results)) == 1
    store(results, whole, run)
    assert len(columns_of(results)) == 2
    with results.connect() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (files, file_ends)
        ]
    assert counts == [1, 1]


def test_columns_of_many_tests(results: Engine) -> None:
    """Their packed row is compressed."""
    cases = "".join(f"<testcase name='t{number}' time='0.25'/>" for number in range(1500))
    store(results, f"<testsuite name='s'>{cases}</testsuite>", RunInfo("unit", 7, started=BEGIN))
    columns = read_ends(results, day_of(results))
    assert len(np.unique(columns.case)) == 1500
    assert (columns.seconds == 0.25).all()
    assert columns.passed.all()
    with results.connect() as connection:
        (packed,) = connection.execute(select(file_ends.c.packed)).scalars()
    assert len(packed) < 1500


def test_a_window_of_runs_is_half_open_and_filtered(results: Engine) -> None:
    fill(results, seed=1)
    reader = ResultsReader(results)

    def numbers(hours: int, **names: object) -> list[int | None]:
        filter = RunFilter(**names)  # type: ignore[arg-type]
        runs = reader.runs_between(BEGIN, BEGIN + timedelta(hours=hours), filter)
        return [run.info.number for run in runs]

    assert numbers(3) == [0, 1, 2]
    assert numbers(6, jobs=("job1",)) == [1, 3, 5]
    assert numbers(6, jobs=("job1",), labels={"db": "x"}) == [1, 5]


def test_no_runs_no_rows(results: Engine) -> None:
    columns = read_ends(results, [])
    assert len(columns) == 0
    assert not np.any(columns.is_failed)
