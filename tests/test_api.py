"""The published door, as a script of 2021 would use it."""

import gc
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ci_stat.ci_stat as stat
from ci_stat.config import Settings, Value
from ci_stat.errors import UsageError
from ci_stat.runs.database import Source
from tests.conftest import Fill, day
from tests.support.rows import history, pull, row

PUBLISHED = """
import ci_stat.ci_stat as stat
from datetime import datetime

res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 21), [])   # third argument: job names, empty = all
stat.summary(res)            # counts and rates of the window
stat.job_list(res.job_map)   # jobs, most failures first, each with its failing PRs and their runs
stat.pr_list(res.pr_map)     # PRs, most failures first, each with commits and runs
"""  # noqa: E501 - the published lines stand word for word


@pytest.fixture
def settings(url: str) -> Settings:
    return Settings({"url": Value(url, "test"), "preset": Value("tidb", "test")})


def test_the_published_lines_run_as_they_stand(url: str, fill: Fill) -> None:
    fill(history("P F A", pr=7) + history("F", job="nightly", pr=None, first=9))
    done = subprocess.run(
        [sys.executable, "-c", PUBLISHED],
        env=os.environ | {"CI_STAT_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "o/r#7" in done.stdout
    assert "nightly" in done.stdout
    assert "\x1b[" in done.stdout


@pytest.mark.parametrize("names", [["unit"], ("unit",), {"unit"}])
def test_job_names_keep_their_runs_only(settings: Settings, fill: Fill, names: object) -> None:
    fill(history("P F") + history("P", job="check", first=9))
    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20), names, settings=settings)  # type: ignore[arg-type]
    assert set(res.job_map) == {"unit"}


@pytest.mark.parametrize(
    ("begin", "end", "jobs", "message"),
    [
        (datetime(2021, 6, 21), datetime(2021, 6, 19), [], "They look swapped"),
        (datetime(2021, 6, 19), datetime(2021, 6, 19), [], "would be empty"),
        (datetime.now, datetime(2021, 6, 19), [], r"begin is a function \(now\).*write now\(\)"),
        (datetime(2021, 6, 19), datetime, [], "end is a function"),
        ("2021-06-19", datetime(2021, 6, 21), [], "begin is str '2021-06-19', not a time"),
        (datetime(2021, 6, 19), None, [], "end is NoneType"),
        (datetime(2021, 6, 19), datetime(2021, 6, 21), "unit", r"Write \['unit'\] for one"),
        (datetime(2021, 6, 19), datetime(2021, 6, 21), [7], "contains 7, which is not a string"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_says_so(
    begin: object, end: object, jobs: object, message: str
) -> None:
    """The first ci_stat's own example passed functions for times, and swapped them (A9.6)."""
    with pytest.raises(UsageError, match=f"(?s){message}"):
        stat.get_result(begin, end, jobs)  # type: ignore[arg-type]


def test_windows_are_half_open(settings: Settings, fill: Fill) -> None:
    begin, end = datetime(2021, 6, 19), datetime(2021, 6, 20)
    fill(
        [
            row(job_id=n, time=time)
            for n, time in enumerate(
                (begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end)
            )
        ]
    )
    res = stat.get_result(begin, end, settings=settings)
    assert [run.job_id for run in res.special_list] == [1, 2]
    assert (res.begin_time, res.end_time) == (begin, end)


def test_aware_times_are_converted_to_the_zone_of_the_database(
    settings: Settings, fill: Fill
) -> None:
    fill(
        [
            row(job_id=1, time=datetime(2021, 6, 19, 8)),
            row(job_id=2, time=datetime(2021, 6, 19, 7, 59)),
        ]
    )
    res = stat.get_result(
        datetime(2021, 6, 19, tzinfo=UTC), datetime(2021, 6, 20, tzinfo=UTC), settings=settings
    )
    assert [run.job_id for run in res.special_list] == [1]
    assert res.begin_time == datetime(2021, 6, 19, 8)
    started = res.special_list[0].started
    assert started is not None
    assert started == datetime(2021, 6, 19, 0, 0, tzinfo=UTC)


def test_another_zone_means_other_moments(url: str, fill: Fill) -> None:
    fill([row(job_id=1, time=datetime(2021, 6, 19, 8))])
    settings = Settings({"url": Value(url, "test"), "time_zone": Value("UTC", "test")})
    assert stat.get_result(
        datetime(2021, 6, 19, 8, tzinfo=UTC), datetime(2021, 6, 20, tzinfo=UTC), settings=settings
    ).special_list


def test_a_result_says_where_it_came_from(settings: Settings, fill: Fill, url: str) -> None:
    fill([*history("P F"), row(job_id=99, time=datetime(2021, 6, 25, 1, 2, 3))])
    source = stat.get_result(
        datetime(2021, 6, 19), datetime(2021, 6, 20), ["unit"], settings=settings
    ).provenance
    assert (source.rows, source.newest, source.behind) == (2, datetime(2021, 6, 25, 1, 2, 3), None)
    assert str(source.window) == "[2021-06-19 00:00:00, 2021-06-20 00:00:00) Asia/Shanghai"
    assert source.query.endswith(
        "time >= '2021-06-19 00:00:00' AND time < '2021-06-20 00:00:00' AND job IN ('unit')"
    )
    assert source.database.split(":")[0] == url.split(":")[0]


def test_an_empty_window_does_not_look_like_a_quiet_day(settings: Settings, fill: Fill) -> None:
    fill(history("P"))
    res = stat.get_result(datetime(2031, 1, 1), datetime(2031, 1, 2), settings=settings)
    out = io.StringIO()
    stat.summary(res, file=out, color=False)
    assert "No runs in this window; the newest row is from 2021-06-19 00:01:00." in out.getvalue()


def test_the_whole_description_is_there_on_demand(settings: Settings, fill: Fill) -> None:
    fill([row(job_id=1, repo="o/r", description=pull(7, force="true")), row(job_id=2)])
    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20), settings=settings)
    assert res.run_list[0].description == pull(7, force="true")
    assert res.special_list[0].description == {}


def test_descriptions_are_kept_when_asked_for(settings: Settings, fill: Fill) -> None:
    fill([row(job_id=1, repo="o/r", description=pull(7, force="true")), row(job_id=2)])
    window = (datetime(2021, 6, 19), datetime(2021, 6, 20))
    res = stat.get_result(*window, settings=settings, keep_descriptions=True)
    fill([])
    assert res.run_list[0].description == pull(7, force="true")
    assert res.special_list[0].description == {}


def test_broken_json_costs_its_field_and_is_counted(fill: Fill, source: Source) -> None:
    if source.engine.dialect.name != "sqlite":
        pytest.skip(
            "the JSON column of a server refuses broken JSON; tests/store tries text columns"
        )
    bad = [
        row(job_id=n, status="FAILURE", repo="o/r", description="{", analysis_res="[")
        for n in range(3)
    ]
    fill([*bad, row(job_id=9, pr=7)])
    res = source.load(day())
    assert (len(res.run_list), len(res.special_list), res.miss_cnt) == (1, 3, 3)
    assert dict(res.provenance.warnings) == {
        "analysis_res is not a JSON object: failures unknown": 3,
        "description is not a JSON object: pull request unknown": 3,
    }
    out = io.StringIO()
    stat.summary(res, file=out, color=False)
    assert "Warning: 3 rows: description is not a JSON object" in out.getvalue()


def test_loading_twice_leaves_nothing_behind(source: Source, fill: Fill) -> None:
    """The collector does not track runs, so no run may refer back to its container."""
    fill(history("P F | A", pr=7) + history("F", job="nightly", pr=None, first=9))
    source.load(day())
    gc.collect()
    before = sum(
        isinstance(thing, stat.PR | stat.Job | stat.Commit | stat.Result)
        for thing in gc.get_objects()
    )
    source.load(day())
    gc.collect()
    after = sum(
        isinstance(thing, stat.PR | stat.Job | stat.Commit | stat.Result)
        for thing in gc.get_objects()
    )
    assert after == before


def test_the_collector_is_on_again_after_a_load(source: Source, fill: Fill) -> None:
    fill(history("P"))
    assert gc.isenabled()
    source.load(day())
    assert gc.isenabled()


def test_the_example_dump_needs_no_more_than_settings(url: str, fill: Fill, tmp_path: Path) -> None:
    fill(history("P F"))
    script = Path(__file__).parents[1] / "examples" / "fetch.py"
    environ = os.environ | {"CI_STAT_URL": url}
    done = subprocess.run(
        [sys.executable, script], env=environ, capture_output=True, check=True, cwd=tmp_path
    )
    assert b"\x1b[" in done.stdout
    plain = subprocess.run(
        [sys.executable, script, "--color", "never"], env=environ, capture_output=True, check=True
    )
    assert b"\x1b[" not in plain.stdout
