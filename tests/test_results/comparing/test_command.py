"""`ci-stat tests compare`: the screen, JSON, CSV, limits, hostile names."""

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.test_results.views.compare_data import CHANGE_COLUMNS
from tests.support.command import Call
from tests.support.drawn_results import case, draw
from tests.support.golden import Golden


@pytest.fixture(autouse=True)
def _database(file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)


def fill(results: Engine) -> None:
    draw(
        results,
        {
            "breaks": "P | P | F",
            "errs": "P | P | E",
            "mends": "F | F | P",
            "steady": "F | F | F",
            "shaky": "PF | P | F",
            "fresh": ". | . | P",
            "fresh_fails": ". | . | F",
            "left": "P | P | .",
            "parked": "P | P | S",
            "fine": "P | P | P",
        },
    )


def test_the_whole_screen(call: Call, results: Engine, golden: Golden) -> None:
    fill(results)
    answer = call("tests", "compare", "unit#2", "unit#3")
    assert (answer.code, answer.err) == (0, "")
    golden.check("tests_compare.txt", answer.out)


def test_windows_and_slower_tests(call: Call, results: Engine, golden: Golden) -> None:
    for number in range(1, 25):
        tests = {case("slow", seconds=1.0 if number <= 12 else 3.0): "P", "a": "P"}
        draw(results, tests, first=number, step=timedelta(hours=12), commit=f"c{number}")
    answer = call("tests", "compare", "2026-11-01..2026-11-07T10:00", "2026-11-07T10:00..")
    golden.check("tests_compare_windows.txt", answer.out)


def test_json_counts_all_and_lists_some(call: Call, results: Engine) -> None:
    fill(results)
    data = json.loads(call("tests", "compare", "unit#2", "unit#3", "--json", "--limit", "1").out)
    assert data["counts"] == {
        "broken": 2,
        "still_broken": 1,
        "fixed": 1,
        "flaky": 1,
        "new": 2,
        "gone": 1,
        "now_skipped": 1,
        "new_failing": 1,
        "slower": 0,
        "faster": 0,
    }
    assert [test["name"] for test in data["broken"]] == ["breaks"]
    assert data["broken"][0]["now"] == {"outcome": "failed", "failed": 1, "runs": 1}
    assert data["new"][0]["before"] is None
    assert (data["passed_on_both"], data["now"]["runs"][0]["number"]) == (1, 3)


def test_csv_has_a_row_for_each_change_and_says_what_is_left_out(
    call: Call, results: Engine
) -> None:
    fill(results)
    answer = call("tests", "compare", "unit#2", "unit#3", "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert tuple(rows[0]) == CHANGE_COLUMNS
    assert [row["change"] for row in rows] == [
        *("broken", "broken", "still broken", "fixed", "flaky", "new", "new", "gone"),
        "now skipped",
    ]
    answer = call("tests", "compare", "unit#2", "unit#3", "--csv", "--limit", "1")
    assert answer.err == (
        "ci-stat: 1 of 2 broken tests (--limit)\nci-stat: 1 of 2 new tests (--limit)\n"
    )


def test_no_change(call: Call, results: Engine) -> None:
    draw(results, {"a": "P | P"})
    assert call("tests", "compare", "unit#1", "unit#2").out.startswith(
        "No change: 1 test passed on both sides\n"
    )


def test_unknown_sides_end_with_2_and_an_empty_database_with_12(
    call: Call, results: Engine
) -> None:
    assert call("tests", "compare", "a", "b").code == 12
    draw(results, {"a": "P"})
    answer = call("tests", "compare", "unit#1", "mian")
    assert answer.code == 2
    assert "Similar: main" in answer.err


def test_hostile_texts_are_visible(call: Call, results: Engine) -> None:
    evil = case("t\x1b[31m", "=cmd()", message="m\x1b]0;x\x07\u202e")
    for number, letter in enumerate("PF", 1):
        draw(results, {evil: letter}, first=number, commit=f"c{number}\x1b[2J", branch="b\x07")
    for form in ((), ("--json",), ("--csv",)):
        answer = call("tests", "compare", "unit#1", "unit#2", *form)
        assert answer.code == 0
        if form != ("--csv",):
            assert not set("\x1b\x07\u202e") & set(answer.out)
    assert ",'=cmd()," in answer.out
