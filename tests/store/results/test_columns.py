"""Columns of ends: the same as attempts that are added up one by one, on each database."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Engine

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, RunFilter
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
            cases = "".join(
                f'<testcase classname="C" name="t{drawn.randrange(6)}" time="{drawn.random():.3f}">'
                f"{drawn.choice(INSIDE)}</testcase>"
                for _ in range(8)
            )
            store(results, f"<testsuite name='s'>{cases}</testsuite>", run, f"{file}.xml")


def test_columns_are_the_attempts_added_up(results: Engine) -> None:
    fill(results, seed=7)
    reader = ResultsReader(results)
    runs = reader.runs_between(BEGIN, BEGIN + timedelta(days=1))
    columns = read_ends(results, runs)

    expected = [
        (
            place,
            case_id,
            OUTCOMES.index(end.outcome),
            end.passed,
            end.failed,
            end.attempts,
            round(end.seconds, 3),
        )
        for place, run in enumerate(runs)
        for case_id, end in sorted(ends_of(reader.attempts(run.id)).items())
    ]
    seconds = [round(float(one), 3) for one in columns.seconds]
    names = ("run", "case", "outcome", "passed", "failed", "attempts")
    lists = [getattr(columns, name).tolist() for name in names]
    assert list(zip(*lists, seconds, strict=True)) == expected
    assert len(columns) > 50


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
