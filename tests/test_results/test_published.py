"""`ci_stat.test_results` from Python: what is published, and its answers as values."""

import base64
import pickle
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine

import ci_stat.test_results as published
from ci_stat.config import Settings, Value
from ci_stat.errors import CannotTell, DatabaseError, UnknownName, UsageError
from tests.support.drawn_results import BEGIN, DAY, case, draw

LIGHT = """
import sys
import ci_stat.test_results as tests
heavy = {"sqlalchemy", "numpy", "pandas", "click", "rich"} & set(sys.modules)
assert not heavy, heavy
assert dir(tests) == sorted(tests.__all__), dir(tests)
assert tests.TestHistory.__name__ == "TestHistory"
from ci_stat.test_results import packages  # rooms are found all the same
"""


@pytest.fixture
def history(results: Engine, file_url: str) -> published.TestHistory:
    draw(results, {"a": "P F | P | F", "b": "P P | P | P", case("c", "D"): "P P | P | P"})
    draw(results, {"a": "P"}, job="lint", branch="dev", labels={"db": "x"})
    return published.open(file_url)


def test_the_import_is_light_and_shows_what_is_published() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True, timeout=60)
    assert not hasattr(published, "unknown")


def test_open_takes_a_url_a_path_or_the_settings(
    history: published.TestHistory, file_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings({"results_url": Value(file_url, "test")})
    path = tmp_path / "results.sqlite"
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    for opened in (
        published.open(path),
        published.open(str(path)),
        published.open(settings=settings),
        published.open(),
    ):
        with opened:
            assert opened.jobs == history.jobs == ["unit", "lint"]
    assert repr(history) == f"<TestHistory {file_url}>"


def test_open_creates_nothing_and_shows_no_password(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match="ci-stat tests import"):
        published.open(tmp_path / "none" / "results.sqlite")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DatabaseError) as error:
        published.open("mysql://me:secret@127.0.0.1:1/results")
    assert "secret" not in str(error.value)


def test_runs_of_a_window(history: published.TestHistory) -> None:
    assert [run.info.number for run in history.runs(jobs=["unit"])] == [1, 2, 3, 4]
    assert len(history.runs(timedelta(days=1))) == 1
    assert len(history.runs(BEGIN + DAY, BEGIN + 2 * DAY)) == 1
    assert len(history.runs(datetime(2026, 11, 2), datetime(2026, 11, 3))) == 1
    assert len(history.runs(branches=["dev"], labels={"db": "x"})) == 1
    runs = history.runs()
    assert (runs[0].info.job, len(runs[1:3])) in [("unit", 2), ("lint", 2)]
    assert list(runs.to_frame().columns)[:4] == ["started", "job", "number", "attempt"]
    assert len(runs.to_frame()) == len(runs) == 5
    with pytest.raises(UsageError, match=r"\['unit'\]"):
        history.runs(jobs="unit")


def test_a_case(history: published.TestHistory) -> None:
    found = history.case("C.a")
    assert (len(found.runs), found.rate) == (5, 0.4)
    low, high = found.interval
    assert low < 0.4 < high
    frame = found.to_frame()
    assert list(frame.outcome).count("failed") == 2
    assert frame.started.is_monotonic_increasing
    with pytest.raises(UnknownName, match="Similar: C :: a"):
        history.case("C.aa")


def test_the_newest_run_and_a_comparison(history: published.TestHistory) -> None:
    newest = history.newest("unit")
    assert [test.case.name for test in newest.failed] == ["a"]
    assert len(newest.to_frame()) == 1
    with pytest.raises(UnknownName, match="No failed test is in the package"):
        history.newest("unit", package="D")
    comparison = history.compare("unit#3", "unit#4")
    assert list(comparison.to_frame().change) == ["flaky"]


def test_answers_are_values(history: published.TestHistory) -> None:
    for ask in (
        lambda: history.runs(),
        lambda: history.case("C.a"),
        lambda: history.compare("unit#3", "unit#4"),
    ):
        value = ask()
        assert pickle.loads(pickle.dumps(value)) == value == ask()
    newest = history.newest("unit")
    assert pickle.loads(pickle.dumps(newest)) == newest


def test_a_notebook_shows_them_escaped(results: Engine, file_url: str) -> None:
    draw(results, {case("<script>", message="<img src=x>"): "P | F"}, url="javascript:x")
    history = published.open(file_url)
    for value in (
        history.case("<script>"),
        history.newest(),
        history.runs(),
        history.compare("unit#1", "unit#2"),
    ):
        html = value._repr_html_()
        assert "<script>" not in html
        assert "<img src=x>" not in html
        assert 'href="javascript:' not in html
        assert len(repr(value)) < 200
    html = history.case("<script>")._repr_html_()
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")


def test_empty_databases_and_frames(results: Engine, file_url: str) -> None:
    history = published.open(file_url)
    assert (history.jobs, len(history.runs())) == ([], 0)
    assert history.runs().to_frame().empty
    assert "0 runs" in history.runs()._repr_html_()
    draw(results, {"a": "P P"})
    assert history.newest().to_frame().empty
    assert history.compare("unit#1", "unit#2").to_frame().empty
