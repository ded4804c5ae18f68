"""Counts of the database equal those of loaded runs: for any history, on each engine."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ci_stat.records import RunFilter, RunRow, Window
from ci_stat.result.comparing.from_result import side_of
from ci_stat.result.counting import count_jobs, count_prs, count_window
from ci_stat.result.flakiness.repetitions import repetitions_of
from ci_stat.runs.comparing.service import Comparer
from ci_stat.runs.database import Source
from ci_stat.runs.flaky.service import FlakyFinder
from tests.conftest import SHANGHAI, Fill
from tests.support.rows import BEGIN, history, pull, row

# Names that a case-folding, blank-padding or accent-blind collation would merge.
_NAMES = ["unit", "Unit", "unit ", "ünit", "check", "x'\"; drop table ci_data; --", "日本", "%s"]
_STATUSES = ["SUCCESS", "FAILURE", "ABORTED", "UNSTABLE", "success", "Failure", ""]
_PULLS: list[Any] = [
    None,
    {},
    pull(7),
    pull(8),
    pull(7, extra=1),
    {"ghprbPullId": 7},
    {"ghprbPullId": True},
    {"ghprbPullId": 7.0},
    {"ghprbPullId": None},
    pull("0"),
    pull("-7"),
    pull("007"),
    pull(" 7"),
    pull("7 "),
    pull("7x"),
    pull("٣"),
    pull(""),
    pull("9" * 18),
    pull("9" * 19),
    pull("9" * 40),
    {"ghprbPullId": ["7"]},
    {"ghprbpullid": "7"},
    "[1]",
    "null",
    '"7"',
    '{"ghprbPullId": "7"',
    "not json",
    "",
    '{"ghprbPullId": "7"} trailing',
]
_ANALYSES: list[Any] = [
    None,
    {},
    {"case": ["a_test.go:S.T"]},
    {"case": []},
    {"env": ["x"], "case": ["y"]},
    {"compile": ["build error"]},
    {"check": ["check error"]},
    {"other": ["x"]},
    {"case": "a"},
    {"case": [""]},
    {"case": ["☃"]},
    "[]",
    "null",
    "{",
]


@st.composite
def _rows(draw: st.DrawFn) -> list[RunRow]:
    keys = draw(
        st.lists(st.tuples(st.sampled_from(_NAMES), st.integers(1, 40)), unique=True, max_size=40)
    )
    return [
        RunRow(
            job,
            job_id,
            draw(st.sampled_from(_STATUSES)),
            time=draw(
                st.sampled_from(
                    [None, *(BEGIN + timedelta(hours=h) for h in (-1, 0, 1, 23, 24, 47, 48))]
                )
            ),
            duration=draw(st.sampled_from([None, 0, 61_000, 2**40])),
            repo=draw(st.sampled_from([None, "", "o/r", "O/R", "o/s", "o/r "])),
            branch=draw(st.sampled_from([None, "master", "Master", "x\x1b[31m"])),
            commit=draw(st.sampled_from([None, "", "c1", "c2"])),
            comment=draw(st.sampled_from([None, "null", "/merge"])),
            description=draw(st.sampled_from(_PULLS)),
            analysis_res=draw(st.sampled_from(_ANALYSES)),
        )
        for job, job_id in keys
    ]


@pytest.fixture
def loose(engine: Engine) -> None:
    """JSON columns as in TiDB dumps and old MariaDB tables: unchecked text, also broken JSON."""
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as connection:
        for column in ("description", "analysis_res"):
            connection.execute(
                text(f"alter table ci_data modify {column} longtext character set utf8mb4")
            )


_WINDOWS = [(0, 24), (0, 48), (0, 24 * 14), (-24 * 400, 24 * 400)]


def _check(source: Source, run_filter: RunFilter) -> None:
    result = source.load(run_filter)
    counted, where = source.count_window(run_filter)
    assert counted == count_window(result)
    jobs, from_jobs = source.count_jobs(run_filter)
    assert jobs == count_jobs(result.job_map)
    prs, total, from_prs = source.count_prs(run_filter)
    assert prs == count_prs(result.pr_map)
    assert total == len(result.pr_map)
    assert source.count_prs(run_filter, 2)[:2] == (count_prs(result.pr_map, 2), total)
    repeated, loaded = FlakyFinder(source).repetitions(run_filter), repetitions_of(result)
    assert (repeated.jobs, repeated.logs) == (loaded.jobs, loaded.logs)
    assert set(repeated.flaky_runs) == set(loaded.flaky_runs)
    side = Comparer(source).side(run_filter)
    assert side == replace(side_of(result), provenance=side.provenance, names=side.names)
    assert (
        where.rows
        == side.provenance.rows
        == from_jobs.rows
        == from_prs.rows
        == result.provenance.rows
    )
    assert where.newest == result.provenance.newest
    assert where.warnings == result.provenance.warnings


@pytest.mark.usefixtures("loose")
@given(rows=_rows(), hours=st.sampled_from(_WINDOWS), narrow=st.booleans())
@example(
    rows=[row(pr=7, description=pull(text)) for text in ("7", "7 ", "７", "٧")],
    hours=(0, 24),
    narrow=False,
)
@example(
    rows=history("P F A U P | F F P", pr=7) + history("F P F", pr=None, first=20),
    hours=(0, 24),
    narrow=False,
)
def test_database_and_objects_count_alike(
    source: Source, fill: Fill, rows: list[RunRow], hours: tuple[int, int], narrow: bool
) -> None:
    fill(rows)
    window = Window.of(
        BEGIN + timedelta(hours=hours[0]), BEGIN + timedelta(hours=hours[1]), SHANGHAI
    )
    names = {"jobs": ("unit", "日本"), "repos": ("o/r",), "branches": ("master",)} if narrow else {}
    _check(source, RunFilter(window, **names))


@pytest.mark.usefixtures("loose")
@given(rows=_rows())
def test_tallies_of_jobs_sum_to_the_whole(source: Source, fill: Fill, rows: list[RunRow]) -> None:
    fill(rows)
    run_filter = RunFilter(Window.of(datetime(2021, 6, 1), datetime(2021, 7, 1), SHANGHAI))
    counted, _ = source.count_window(run_filter)
    jobs, _ = source.count_jobs(run_filter)
    assert sum(job.tally.total for job in jobs) == counted.pr.total + counted.special.total
    assert sum(period.tally.total for period in counted.periods) == counted.tally.total


def test_statuses_of_other_letters_are_states_of_their_own(source: Source, fill: Fill) -> None:
    fill(
        [
            row(status="success"),
            row(status="UNSTABLE"),
            row(status="UNSTABLE"),
            row(status="SUCCESS"),
        ]
    )
    counted, _ = source.count_window(
        RunFilter(Window.of(BEGIN, BEGIN + timedelta(days=1), SHANGHAI))
    )
    assert counted.other_statuses == (("UNSTABLE", 2), ("success", 1))
    assert (counted.special.success, counted.special.other) == (1, 3)
