"""How long jobs take, and when that is called a change."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from ci_stat.reports.durations import LEAST_RUNS, slowest
from ci_stat.result import Job
from tests.support.results import result
from tests.support.rows import BEGIN, row

MINUTE = 60_000


def jobs(took: dict[str, list[int]], status: str = "SUCCESS") -> Mapping[str, Job]:
    rows = [
        row(job, number, status, duration=duration, time=BEGIN + timedelta(minutes=number))
        for job, many in took.items()
        for number, duration in enumerate(many, 1)
    ]
    return result(rows).job_map


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        ([10 * MINUTE] * 5, [5 * MINUTE] * 5, 1.0),
        ([4 * MINUTE] * 5, [8 * MINUTE] * 9, -0.5),
        ([10 * MINUTE] * 4, [5 * MINUTE] * 5, None),  # too few now
        ([10 * MINUTE] * 5, [5 * MINUTE] * 4, None),  # too few before
        ([11 * MINUTE] * 5, [10 * MINUTE] * 5, None),  # a tenth is a small change
        ([50_000] * 5, [10_000] * 5, None),  # seconds are a small change
        ([10 * MINUTE] * 5, [], None),
        (
            [10 * MINUTE] * 3 + [100 * MINUTE] * 2,
            [10 * MINUTE] * 5,
            None,
        ),  # the median, not the mean
        ([24_000] * 7 + [30 * MINUTE] * 5, [30 * MINUTE] * 5, None),  # most did no work
    ],
)
def test_change(now: list[int], before: list[int], change: float | None) -> None:
    (row,), more = slowest(jobs({"unit": now}), {"unit": before} if before else {}, 5)
    assert (row.change, more) == (change, 0)
    assert (row.before_runs, row.longest) == (len(before), max(now))
    assert LEAST_RUNS == 5


def test_changes_come_first_and_then_the_slowest() -> None:
    took = {
        "slow": [60 * MINUTE] * 5,
        "changed": [6 * MINUTE] * 5,
        "more": [9 * MINUTE] * 5,
        "quick": [MINUTE] * 5,
    }
    before = {"slow": [60 * MINUTE] * 5, "changed": [3 * MINUTE] * 5, "more": [4 * MINUTE] * 5}
    rows, more = slowest(jobs(took), before, 3)
    assert [row.job for row in rows] == ["more", "changed", "slow"]
    assert more == 1


def test_only_runs_that_succeeded_count() -> None:
    assert slowest(jobs({"unit": [MINUTE] * 9}, "FAILURE"), {}, 5) == ((), 0)
