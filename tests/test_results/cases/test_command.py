"""`ci-stat case` with test results: the whole screen, JSON, and what is not there."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support.command import Call
from tests.support.drawn_results import BEGIN, case, draw
from tests.support.golden import Golden
from tests.support.rows import row


@pytest.fixture(autouse=True)
def _databases(tmp_path: Path, file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path}/ci.sqlite")
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path}/state.sqlite")


def fill_runs(tmp_path: Path) -> None:
    """Runs 2 and 9 of the CI database fail with the case; run 2 has test results too."""
    engine = open_engine(f"sqlite:///{tmp_path}/ci.sqlite")
    prepare(engine)
    analysis = {"case": ["x_test.go:C.shaky"]}
    times = {2: "2026-11-02T18:00", 8: "2026-11-09T10:00", 9: "2026-11-09T11:00"}
    rows = [
        row("unit", number, "SUCCESS" if number == 8 else "FAILURE", analysis_res=analysis,
            time=BEGIN.fromisoformat(time), repo="me/app", branch="main")
        for number, time in times.items()
    ]  # fmt: skip
    assert write_rows(engine, rows) == []


def without_folder(screen: str, tmp_path: Path) -> str:
    return screen.replace(str(tmp_path), "/FOLDER")


def test_the_whole_screen_of_results_alone(
    call: Call, results: Engine, golden: Golden, tmp_path: Path
) -> None:
    shaky = case("shaky", text="cart.py:7\n    assert total == 18", seconds=1.5)
    draw(results, {shaky: "P F | P P | FP F | F F"})
    draw(results, {shaky: "F"}, first=20, pull=12, labels={"db": "tidb"})
    answer = call("case", "C.shaky")
    assert (answer.code, answer.err) == (0, "")
    golden.check("tests_case.txt", without_folder(answer.out, tmp_path))


def test_the_whole_screen_of_both(
    call: Call, results: Engine, golden: Golden, tmp_path: Path
) -> None:
    draw(results, {case("shaky"): "P F P"})
    fill_runs(tmp_path)
    answer = call("case", "C.shaky")
    assert (answer.code, answer.err) == (0, "")
    golden.check("tests_case_joined.txt", without_folder(answer.out, tmp_path))


def test_json_has_the_same_keys_from_either_source(
    call: Call, results: Engine, tmp_path: Path
) -> None:
    draw(results, {case("shaky"): "P F FP", case("other"): "P P P"})
    alone = json.loads(call("case", "shaky", "--json").out)
    assert (alone["failed"], alone["passed_or_failed_runs"]) == (1, 3)
    assert (alone["runs_and_logs"], alone["test_results"]["repeated_runs"]) == (None, 1)
    assert [run["number"] for run in alone["test_results"]["runs"]] == [3, 2, 1]
    assert alone["test_results"]["failed_runs"][0]["url"] == "https://ci.example/unit/2"

    fill_runs(tmp_path)
    both = json.loads(call("case", "C.shaky", "--json").out)
    assert (both["failed"], both["failed_runs_in_both"]) == (2, 1)
    assert both["runs_and_logs"]["failed"] == 2
    assert both.keys() == alone.keys()

    (tmp_path / "results.sqlite").unlink()
    runs = json.loads(call("case", "C.shaky", "--json").out)
    assert (runs["failed"], runs["test_results"]) == (2, None)
    shared = {"case", "kind", "failed", "rate", "interval", "days", "jobs", "issue", "muted"}
    assert shared <= runs.keys() & alone.keys()


def test_lists_are_limited_and_counted(call: Call, results: Engine) -> None:
    draw(results, {"a": " ".join("F" * 9)})
    data = json.loads(call("case", "a", "--limit", "2", "--json").out)["test_results"]
    assert (data["total_runs"], len(data["runs"])) == (9, 2)
    assert "… and 7 more failed runs" in call("case", "a", "--limit", "2").out


def test_the_question_creates_no_database(call: Call, results: Engine, tmp_path: Path) -> None:
    draw(results, {"a": "F"})
    assert call("case", "a").code == 0
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == ["results.sqlite"]
    (tmp_path / "results.sqlite").unlink()
    assert call("case", "a").code == 3
    assert list(tmp_path.glob("*.sqlite")) == []


def test_several_tests_and_unknown_names_end_with_2(call: Call, results: Engine) -> None:
    draw(results, {case("t", "a.A"): "P", case("t", "b.B"): "F"})
    answer = call("case", "t")
    assert (answer.code, answer.out) == (2, "")
    assert re.search(r"c1:[0-9a-f]{8}  b\.B :: t  1 of 1 result failed", answer.err)
    answer = call("case", "A.tt")
    assert answer.code == 2
    assert "Similar: a.A :: t" in answer.err


def test_hostile_texts_are_visible(call: Call, results: Engine) -> None:
    evil = case("t\x1b[31m<b>", "C", message="m\x1b]0;x\x07", text="a\x1b[2J\u202e")
    draw(results, {evil: "F"}, branch="b\x1b[1m", url="javascript:alert(1)", labels={"k\x07": "v"})
    answer = call("case", "t\x1b[31m<b>", "--color", "always")
    assert answer.code == 0
    escapes = set(re.findall(r"\x1b[^m]*m", answer.out))
    assert all(re.fullmatch(r"\x1b\[[0-9;]*m", escape) for escape in escapes)
    assert "\x1b[31m<b>" not in answer.out
    assert not set("\x07\u202e") & set(answer.out)
    assert "\x1b]8" not in answer.out  # no link to javascript
