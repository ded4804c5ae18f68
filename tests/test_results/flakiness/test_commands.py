"""`ci-stat tests flaky`, `slow` and `new`, and what `ci-stat flaky` says of test results."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from tests.conftest import Fill
from tests.support import hostile
from tests.support.command import Call
from tests.support.rows import history
from tests.test_results.flakiness.test_find import fill as fill_tests

TESTS = {"flaky": "PFP PP P FPPF PP", "slow": "PPP FF P PPPP PP", "quiet": "PPP PP P PPPP PP"}
WINDOW = ["--begin", "2026-11-01", "--end", "2026-12-01"]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    url = f"sqlite:///{tmp_path}/results.sqlite"
    monkeypatch.setenv("CI_STAT_RESULTS_URL", url)
    engine = open_engine(url)
    prepare_results(engine)
    return engine


def answer(call: Call, *arguments: str) -> dict[str, Any]:
    given = call(*arguments, "--json")
    assert given.code == 0, given.err
    data: dict[str, Any] = json.loads(given.out)
    return data


def test_the_document_says_what_is_proven_and_what_it_rests_on(stored: Engine, call: Call) -> None:
    fill_tests(
        stored, flaky="PFP PP P FPPF PP", slow="PPP FF P PPPP PP", quiet="PPP PP P PPPP PP", cut=9
    )
    shown = call("tests", "flaky", *WINDOW)
    assert (shown.code, shown.err) == (0, "")
    assert "1 of 3 tests is proven flaky" in shown.out
    assert "2 of 5 commits (40.0%, 11.8–76.9%)" in shown.out
    assert "Failure rates on main (2)" in shown.out
    assert "Left out: 1 of 12 runs (1 with files that are not whole)." in shown.out
    assert (
        "first attempts of 11 runs on main (the branch with most runs outside of pull requests)"
        in shown.out
    )


def test_json_and_csv_have_the_same_numbers(stored: Engine, call: Call) -> None:
    fill_tests(stored, TESTS)
    data = answer(call, "tests", "flaky", *WINDOW)
    assert data["left_out"]["runs_left_out"] == 0
    assert data["default_branch"]["names"] == ["main"]
    (proven,) = data["proven"]["rows"]
    rates = {
        row["name"]: (row["failed_runs"], row["finished_runs"]) for row in data["rates"]["rows"]
    }
    assert (proven["mixed_commits"], proven["commits"]) == (2, 5)
    assert rates == {"flaky": (3, 12), "slow": (2, 12)}

    table = call("tests", "flaky", *WINDOW, "--csv")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [(row["name"], row["proven"], row["failed_runs"]) for row in rows] == [
        ("flaky", "True", "3"),
        ("slow", "False", "2"),
    ]
    assert "Every run and result counts." in table.err


def test_variants_of_one_test_are_one_entry(stored: Engine, call: Call) -> None:
    names = {"TestA/one": "PF PF", "TestA/two": "PF PP", "TestB": "PP PF"}
    fill_tests(stored, names)
    shown = call("tests", "flaky", *WINDOW, "--limit", "1").out
    assert "TestA  (2 variants)" in shown
    assert "/one: 2 of 2 commits" in shown
    assert "and 1 more test" in shown


def test_a_setting_names_the_default_branch(
    stored: Engine, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_tests(stored, flaky="PFP PP")
    monkeypatch.setenv("CI_STAT_DEFAULT_BRANCH", "release")
    assert answer(call, "tests", "flaky", *WINDOW)["default_branch"] == {
        "names": ["release"],
        "by": "setting",
        "runs": 0,
    }


@pytest.mark.parametrize("command", ["flaky", "slow", "new"])
def test_no_runs_are_no_answer(stored: Engine, call: Call, command: str) -> None:
    assert call("tests", command).code == 12
    fill_tests(stored, a="P")
    empty = call("tests", command, "--begin", "2026-10-01", "--end", "2026-10-02")
    assert empty.code == 12
    assert "newest run of all is from 2026-11-01" in empty.err
    assert call("tests", command, *WINDOW, "--job", "unti").code == 2
    assert call("tests", command, "--begin", "2026-12-01", "--end", "2026-11-01").code == 2


def test_one_run_a_commit_cannot_tell(stored: Engine, call: Call) -> None:
    fill_tests(stored, a="P F P")
    shown = call("tests", "flaky", *WINDOW)
    assert shown.code == 12
    assert "flakiness cannot be proven" in shown.out
    assert "Cannot tell" in shown.out


def test_hostile_names_are_shown_escaped(stored: Engine, call: Call) -> None:
    fill_tests(stored, {"a&#x85;[31m&#x202e;": "PF PF", "=cmd()": "PP PF"})
    for form in ([], ["--csv"], ["--json"]):
        assert not hostile.raw(call("tests", "flaky", *WINDOW, *form).out)
    assert "'=cmd()" in call("tests", "flaky", *WINDOW, "--csv").out


def test_the_slowest_tests(stored: Engine, call: Call) -> None:
    """A test takes as many seconds as the run has its number."""
    fill_tests(stored, a="P P P P P . .", b=". S F P P P P", c="P . . . . . .")
    data = answer(call, "tests", "slow", *WINDOW)
    assert [test["name"] for test in data["tests"]] == ["b", "a", "c"]
    assert data["tests"][0] == {
        "name": "b",
        "class": "C",
        "suite": "s",
        "file": None,
        "p50": 5.0,
        "p95": 7.0,
        "total": 25.0,
        "share": round(25 / 41, 6),
        "runs": 5,
    }
    assert (data["total"], data["total_seconds"], data["results_without_time"]) == (3, 41.0, 0)
    assert data["left_out"]["runs_left_out"] == 0
    shown = call("tests", "slow", *WINDOW, "--limit", "1", "--sort", "total").out
    assert "and 2 more tests" in shown
    assert "61.0%" in shown


def test_new_and_gone_tests(stored: Engine, call: Call) -> None:
    fill_tests(stored, old="P P P S", steady="P P P P", new=". P F F")
    since = ["--end", "2026-12-01", "--begin"]
    data = answer(call, "tests", "new", *since, "2026-11-01")
    assert data["of_first_runs"] == 2  # nothing is known before the first run
    (new,) = data["new"]
    assert (new["name"], new["first_run"]["number"]) == ("new", 2)
    assert (new["runs"], new["failed"], new["last_outcome"]) == (3, 2, "failed")
    assert data["gone"] is None

    fill_tests(stored, first=5, old="P .", steady="P P", new="P P", newer=". P")
    later = answer(call, "tests", "new", "--gone", *since, "2026-11-01T04:30+00:00")
    assert [test["name"] for test in later["new"]] == ["newer"]
    assert [(test["name"], test["last_run"]["number"]) for test in later["gone"]] == [("old", 5)]
    table = call("tests", "new", "--gone", *since, "2026-11-01T04:30+00:00", "--csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["change"], row["name"], row["run_number"]) for row in rows] == [
        ("new", "newer", "6"),
        ("gone", "old", "5"),
    ]


@pytest.mark.parametrize("more", [[], ["--gone"], ["--csv"], ["--json"]])
def test_no_test_is_new_in_a_first_run(stored: Engine, call: Call, more: list[str]) -> None:
    fill_tests(stored, only="P .")
    answered = call("tests", "new", *WINDOW, *more)
    assert (answered.code, "Traceback" in answered.err) == (0, False)


# `ci-stat flaky`


@pytest.fixture
def database(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


def test_without_a_ci_database_test_results_answer(
    stored: Engine, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path}/none.sqlite")
    assert call("flaky", *WINDOW).code == 3
    fill_tests(stored, flaky="PF PP")
    data = answer(call, "flaky", *WINDOW)
    assert data["tests"]["proven"]["total"] == 1
    assert "1 of 1 test is proven flaky" in call("flaky", *WINDOW).out


def test_both_sections(stored: Engine, call: Call, database: Engine, fill: Fill) -> None:
    fill(history("F P"))
    window = ["--begin", "2021-06-19", "--end", "2021-06-20"]
    assert answer(call, "flaky", *window)["tests"] is None

    fill_tests(stored, flaky="PF PP", begin=datetime(2021, 6, 19, tzinfo=UTC))
    data = answer(call, "flaky", *window)
    assert data["commits"]["flaky"] == 1
    assert data["tests"]["proven"]["rows"][0]["name"] == "flaky"
    shown = call("flaky", *window).out
    assert shown.index("A job passed and failed") < shown.index("1 of 1 test is proven flaky")


def test_no_results_database_is_created(
    database: Engine, fill: Fill, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(history("F P"))
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/no.sqlite")
    assert call("flaky", "--begin", "2021-06-19", "--end", "2021-06-20").code == 0
    assert not (tmp_path / "no.sqlite").exists()


def test_the_only_run_has_no_new_test(stored: Engine, call: Call) -> None:
    fill_tests(stored, a="P", b="F")
    data = answer(call, "tests", "new", "--gone", *WINDOW)
    assert (data["new"], data["gone"], data["of_first_runs"]) == ([], [], 2)
