"""`res.compare(other)` and `res.flaky()`: the numbers of the commands, frames, notebook views."""

import copy
import pickle
from datetime import timedelta
from html.parser import HTMLParser

import pandas as pd
import pytest

from ci_stat.errors import UsageError
from ci_stat.records import RunRow
from ci_stat.result import Result
from tests.support.results import result
from tests.support.rows import BEGIN, row

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'><img src=x onerror=y>"


def rows(first: int, passed: int, failed: int, seconds: int) -> list[RunRow]:
    """Runs of pull requests of their own, a minute each."""
    return [
        row(
            "unit",
            number,
            "FAILURE" if number < first + failed else "SUCCESS",
            pr=number,
            time=BEGIN + timedelta(minutes=number % 1_000),
            duration=(seconds + number) * 1_000,
            analysis_res={"case": [HOSTILE]} if number < first + failed else None,
        )
        for number in range(first, first + passed + failed)
    ]


@pytest.fixture
def now() -> Result:
    again = row("unit", 900, pr=1_000, commit="c1000")
    return result([*rows(1_000, 80, 20, 600), again])


@pytest.fixture
def before() -> Result:
    return result(rows(2_000, 100, 0, 100))


def test_a_result_is_compared_with_an_earlier_one(now: Result, before: Result) -> None:
    comparison = now.compare(before)
    (failure,) = comparison.failures
    assert (failure.rates.now.count, failure.rates.now.runs) == (20, 101)
    assert (failure.rates.change, failure.rates.by_chance) == ("new", False)
    (duration,) = comparison.durations
    assert duration.change == "faster"
    assert "1 of 1 failures changed" in repr(comparison)


def test_a_run_cannot_be_on_both_sides(now: Result) -> None:
    with pytest.raises(UsageError, match="101 of the runs are in both"):
        now.compare(now)


def test_what_is_flaky(now: Result) -> None:
    flaky = now.flaky()
    assert (flaky.commits.mixed, flaky.commits.keys) == (1, 100)
    assert [case.runs for case in flaky.cases] == [1]
    assert "1 of 100 pairs of job and commit" in repr(flaky)


def test_frames(now: Result, before: Result) -> None:
    comparison, flaky = now.compare(before), now.flaky()
    failures = comparison.failures_frame()
    assert failures[["now_failed", "now_runs", "before_failed", "change"]].values.tolist() == [
        [20, 101, 0, "new"]
    ]
    assert comparison.jobs_frame()["job_name"].tolist() == ["unit"]
    assert comparison.durations_frame()["now_median"].dtype == pd.Int64Dtype()
    assert flaky.cases_frame()[["flaky", "commits"]].values.tolist() == [[1, 100]]
    assert flaky.jobs_frame()["job_name"].tolist() == ["unit"]


def test_frames_of_empty_windows_have_the_same_types(now: Result, before: Result) -> None:
    full, empty = now.compare(before), result([]).compare(result([]))
    pairs = [
        (full.failures_frame(), empty.failures_frame()),
        (full.jobs_frame(), empty.jobs_frame()),
        (full.durations_frame(), empty.durations_frame()),
        (now.flaky().cases_frame(), result([]).flaky().cases_frame()),
        (now.flaky().jobs_frame(), result([]).flaky().jobs_frame()),
    ]
    for some, none in pairs:
        assert len(none) == 0
        assert none.dtypes.to_dict() == some.dtypes.to_dict()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.add(tag)


def test_a_notebook_shows_both_with_hostile_names_escaped(now: Result, before: Result) -> None:
    for view in (now.compare(before)._repr_html_(), now.flaky()._repr_html_()):
        parser = _Tags()
        parser.feed(view)
        assert parser.tags <= {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "span"}
        assert "\x1b" not in view
        assert "\u202e" not in view
        assert "alert(1)" in view
    assert "nothing can be compared" in result([]).compare(before)._repr_html_()
    assert "0 pairs of job and commit" in result([]).flaky()._repr_html_()


def test_they_are_values(now: Result, before: Result) -> None:
    for value in (now.compare(before), now.flaky()):
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value
