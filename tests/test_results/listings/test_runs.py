"""`ci-stat tests runs`: which runs it lists, and what it says of them."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.records.run_info import RunInfo
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.terminal.screen import show
from ci_stat.test_results.listings.runs import list_runs
from ci_stat.test_results.listings.runs_views import runs_document
from tests.support.command import Call
from tests.support.drawn_results import BEGIN, case, draw, store_run
from tests.support.golden import Golden

WINDOW = ["--begin", "2026-11-01", "--end", "2026-12-01"]
HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def stored(results: Engine, file_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    draw(results, {"a": "P F", "b": "FP S", "c": "E P"}, commit=HASH)
    draw(results, {"a": "P"}, first=2, attempt=2, commit=HASH, started=BEGIN + timedelta(hours=30))
    draw(results, {"a": "P"}, first=7, job="e2e nightly", branch="topic", labels={"db": "tidb"})
    for hour in (0, 1):
        started = BEGIN + timedelta(days=10, hours=hour)
        run = RunInfo("local", content=f"c{hour}", started=started)
        store_run(results, run, [case("a")])
    return results


def names(call: Call, *arguments: str) -> list[str]:
    answer = call("tests", "runs", *WINDOW, *arguments, "--json")
    assert answer.code == 0, answer.err
    return [f"{run['job']}{run['name']}" for run in json.loads(answer.out)["runs"]]


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen(stored: Engine, golden: Golden, width: int) -> None:
    out = io.StringIO()
    end = datetime(2026, 12, 1, tzinfo=UTC)
    listing = list_runs(stored, BEGIN, end, limit=5)
    show(on_terminal(runs_document(listing)), out, color=False, width=width)
    assert max(map(len, out.getvalue().splitlines())) <= width
    golden.check(f"tests_runs_{width}.txt", out.getvalue())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["localid:6", "localid:5", "e2e nightly#7", "unit#2.2", "unit#2", "unit#1"]),
        (["--job", "unit", "--limit", "2"], ["unit#2.2", "unit#2"]),
        (["--branch", "topic"], ["e2e nightly#7"]),
        (["--label", "db=tidb"], ["e2e nightly#7"]),
        (["--begin", "2026-11-11T10:30+00:00"], ["localid:6"]),
    ],
)
def test_filters(stored: Engine, call: Call, arguments: list[str], expected: list[str]) -> None:
    del stored
    assert names(call, *arguments) == expected


def test_json_and_csv_count_alike(stored: Engine, call: Call) -> None:
    del stored
    data = json.loads(call("tests", "runs", *WINDOW, "--limit", "1", "--json").out)
    assert (data["total"], data["shown"]) == (6, 1)

    table = call("tests", "runs", *WINDOW, "--job", "unit", "--csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    columns = ("tests", "passed", "failed", "errors", "skipped", "flaky", "attempts")
    counts = {row["name"]: tuple(int(row[name]) for name in columns) for row in rows}
    assert counts["#1"] == (3, 2, 0, 1, 0, 1, 4)
    assert counts["#2"] == (3, 1, 1, 0, 1, 0, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--job", "unti"], 2, "Jobs with results: unit"),
        (["--branch", "none"], 12, "Use a longer window"),
        (["--begin", "2026-12-02"], 2, "earlier time as --begin"),
    ],
)
def test_no_run(stored: Engine, call: Call, arguments: list[str], code: int, words: str) -> None:
    del stored
    answer = call("tests", "runs", *WINDOW, *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.err


def test_an_empty_database(call: Call, file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    answer = call("tests", "runs")
    assert answer.code == 12
    assert "ci-stat tests import PATH" in answer.err


def test_a_cut_file_is_marked_and_hostile_names_are_escaped(
    call: Call, file_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    file = tmp_path / "cut.xml"
    file.write_text('<testsuite name="s"><testcase classname="C" name="a"/><testcase classname=')
    job = ["--job", "=1+1\x1b[31m", "--number", "3", "--time", "2026-11-03"]
    assert call("tests", "import", str(file), *job).code == 12
    answer = call("tests", "runs", *WINDOW)
    assert "=1+1\\x1b[31m#3" in answer.out
    assert "1 *" in answer.out
    assert "* a result file is empty, cut or broken" in answer.out
    assert "'=1+1" in call("tests", "runs", *WINDOW, "--csv").out
