"""Runs and results are values: they compare, copy, pickle, and go into files of frames."""

import copy
import json
import pickle
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy
import pandas as pd
import pytest

from ci_stat.errors import UsageError
from ci_stat.records import Provenance, Window, names
from ci_stat.rendering.terminal import screen
from ci_stat.result import Result
from ci_stat.result.counting import count_window
from ci_stat.runs.views import tables
from tests.support.results import result
from tests.support.rows import history, row

FRAMES = ("to_frame", "jobs_frame", "prs_frame", "failures_frame")


def _result() -> Result:
    failed = row("check", 1, "FAILURE", pr=8, analysis_res={"case": ["a_test.go:S.T"]})
    return result([*history("P F F"), failed])


def test_equal_runs_of_two_loads_are_equal() -> None:
    first, second = _result(), _result()
    assert first.all_runs == second.all_runs
    assert set(first.all_runs) == set(second.all_runs)
    assert first.all_runs[0] != first.all_runs[1]


def test_equal_pull_requests_jobs_and_results_of_two_loads_are_equal() -> None:
    first, second = _result(), _result()
    assert first == second
    assert len({first, second}) == 1
    for name in ("pr_map", "job_map", "commit_hash_map", "fail_info_map"):
        ours, theirs = getattr(first, name), getattr(second, name)
        assert list(ours.values()) == list(theirs.values()), name
        assert len({*ours.values(), *theirs.values()}) == len(ours), name


def test_other_runs_make_another_pull_request_job_and_result() -> None:
    first, grown = _result(), result([*history("P F F"), row("check", 1, "FAILURE", pr=8)])
    assert first != grown
    assert first.pr_map[8] != grown.pr_map[8]
    assert first.job_map["check"] != grown.job_map["check"]
    assert first.job_map["unit"] == grown.job_map["unit"]
    assert first.job_map["unit"] != first.pr_map[8]
    in_job = first.job_map["check"].local_prs[8]
    assert in_job == first.pr_map[8]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_results_can_be_copied_and_pickled(duplicate: Any) -> None:
    res = _result()
    twin = duplicate(res)

    assert twin == res
    assert twin.all_runs == res.all_runs
    assert repr(twin) == repr(res)
    assert list(twin.pr_map) == list(res.pr_map)
    assert twin.job_map["unit"].fail_cnt == res.job_map["unit"].fail_cnt
    assert duplicate(res.all_runs[0]) == res.all_runs[0]
    assert repr(duplicate(res.pr_map[8])) == repr(res.pr_map[8])
    assert repr(duplicate(res.job_map["check"])) == repr(res.job_map["check"])


@pytest.mark.parametrize("frame", FRAMES)
def test_an_empty_window_keeps_the_types_of_the_columns(frame: str) -> None:
    full, empty = getattr(_result(), frame)(), getattr(result([]), frame)()
    assert len(full) > 0
    assert len(empty) == 0
    assert _types(empty) == _types(full)


def _types(frame: pd.DataFrame) -> dict[str, str]:
    types = {}
    for name, kind in frame.dtypes.items():
        is_category = isinstance(kind, pd.CategoricalDtype)
        types[str(name)] = f"category of {kind.categories.dtype}" if is_category else str(kind)
    return types


@pytest.mark.parametrize("frame", FRAMES)
def test_what_a_frame_says_of_itself_is_json(frame: str) -> None:
    # `to_parquet` stores the attributes of a frame as JSON.
    attributes = getattr(_result(), frame)().attrs
    assert json.loads(json.dumps(attributes)) == attributes
    assert attributes["newest_row"] == "2021-06-19 23:59:00"


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_survives_a_parquet_file(frame: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow: make test-pandas has it")
    for res in (_result(), result([])):
        written = getattr(res, frame)()
        written.to_parquet(tmp_path / "frame.parquet")
        read = pd.read_parquet(tmp_path / "frame.parquet")
        # Not the types: a zone is read as one of another library, an empty category as text.
        assert read.to_csv() == written.to_csv()
        assert read.attrs == written.attrs


def test_a_number_of_numpy_finds_a_pull_request() -> None:
    res = _result()
    number = numpy.int64(8)
    assert number in res.pr_map
    assert res.pr_map[number] is res.pr_map[8]
    assert res.pr_map.get(numpy.int32(8)) is res.pr_map[8]


def test_a_plain_number_passes_the_checks_of_types() -> None:
    assert 8 in _result().pr_map  # without a cast: mypy checks this line


def test_the_missing_time_of_pandas_is_no_time() -> None:
    with pytest.raises(UsageError, match="begin is NaTType 'NaT', not a time"):
        Window.of(pd.NaT, datetime(2021, 6, 19), ZoneInfo("UTC"))


def test_ends_in_different_passes_of_a_repeated_hour_are_refused() -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2021, 10, 31, 2, 10, tzinfo=zone)
    end = datetime(2021, 10, 31, 2, 50, tzinfo=zone, fold=1)
    with pytest.raises(UsageError, match="clocks of Europe/Berlin go back between"):
        Window.of(begin, end, zone)

    same_pass = Window.of(begin, datetime(2021, 10, 31, 2, 50, tzinfo=zone), zone)
    assert same_pass.length.seconds == 2400


@pytest.mark.parametrize(
    "collection",
    [
        {"unit": 1, "check": 2}.keys(),
        {"unit": 1, "check": 2},
        numpy.array(["unit", "check"]),
        pd.Index(["unit", "check"]),
        pd.Series(["unit", "check"]),
        (name for name in ("unit", "check")),
    ],
    ids=lambda collection: type(collection).__name__,
)
def test_names_may_be_any_collection_of_texts(collection: object) -> None:
    assert names(collection, "job_name") == ("unit", "check")
    assert {type(name) for name in names(["unit"], "job_name")} == {str}


def test_a_summary_says_whether_logs_were_read() -> None:
    res = result([row("unit", 1, "FAILURE", pr=8)])
    read = replace(res.provenance, logs=(("read", 1),))
    assert "ci-stat failures reads their logs" in _summary(res, res.provenance)
    assert "without a failure in the table or in a log" in _summary(res, read)


def _summary(res: Result, source: Provenance) -> str:
    output = StringIO()
    screen.show(tables.summary(count_window(res), source), output, False, 200)
    return output.getvalue()


def test_a_commit_knows_all_its_pull_requests() -> None:
    res = result([row("unit", number, pr=number, commit="HEAD") for number in range(1, 40)])
    (commit,) = res.commit_hash_map.values()
    assert [pr.number for pr in commit.prs] == list(range(1, 40))
