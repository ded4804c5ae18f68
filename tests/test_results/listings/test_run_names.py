"""Commands that take a run accept what `ci-stat tests runs` shows."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.records.case_results import Outcome
from ci_stat.records.run_info import RunInfo
from tests.support.command import Call
from tests.support.drawn_results import BEGIN, case, draw, store_run


@pytest.fixture(autouse=True)
def stored(results: Engine, file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs 1 (passed) and 2 (failed) of unit, and two of local without a number: bad, then good."""
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    draw(results, {"a": "P F"})
    for hour, outcome in enumerate((Outcome.FAILED, Outcome.PASSED)):
        run = RunInfo("local", content=f"c{hour}", started=BEGIN + timedelta(hours=hour))
        store_run(results, run, [case("a", outcome=outcome)])


@pytest.mark.parametrize("option", ["--run", "--number"])
@pytest.mark.parametrize(
    ("job", "run", "code"),
    [
        ("unit", "1", 0),
        ("unit", "2", 11),
        ("unit", "id:1", 0),
        ("local", "id:3", 11),
        ("local", "id:4", 0),
        ("local", "id:1", 2),
        ("unit", "id:99", 2),
        ("unit", "x:1", 2),
        ("unit", "id:", 2),
        ("unit", "-1", 2),
    ],
)
def test_gate(call: Call, option: str, job: str, run: str, code: int) -> None:
    assert call("gate", "--job", job, option, run).code == code


@pytest.mark.parametrize(("run", "words"), [("id:3", "1 test fails"), ("id:4", "passed")])
def test_publish(call: Call, run: str, words: str) -> None:
    answer = call("publish", "summary", "--job", "local", "--run", run)
    assert answer.code == 0, answer.err
    assert words in answer.out


def test_the_policy_of_publish_judges_the_run_that_was_named(call: Call, tmp_path: object) -> None:
    policy = f"{tmp_path}/gates.toml"
    with open(policy, "w") as file:
        file.write("")
    bad = call("publish", "summary", "--job", "local", "--run", "id:3", "--policy", policy).out
    good = call("publish", "summary", "--job", "local", "--run", "id:4", "--policy", policy).out
    assert "The gate fails" in bad
    assert "The gate fails" not in good


def test_an_id_with_files_is_refused(call: Call) -> None:
    answer = call("publish", "summary", "r.xml", "--job", "local", "--run", "id:3")
    assert (answer.code, answer.out) == (2, "")
    assert "names a stored run" in answer.err


def test_import_takes_both_names_and_documents_one(call: Call, tmp_path: object) -> None:
    name = f"{tmp_path}/r.xml"
    with open(name, "w") as file:
        file.write('<testsuite name="s"><testcase classname="C" name="a"/></testsuite>')
    for option in ("--run", "--number"):
        assert call("tests", "import", name, "--job", "both", option, "7").code == 0
    shown = json.loads(call("tests", "runs", "--job", "both", "--json").out)
    assert [run["number"] for run in shown["runs"]] == [7]
    for command in (["tests", "import"], ["gate"], ["publish", "status"]):
        page = call(*command, "--help").out
        assert "--run" in page
        assert "--number" not in page


def test_branches_choose_runs(results: Engine, call: Call) -> None:
    draw(results, {"a": "F"}, first=9, branch="topic")
    assert json.loads(call("tests", "--branch", "main", "--json").out)["run"]["number"] == 2
    assert json.loads(call("tests", "--branch", "topic", "--json").out)["run"]["number"] == 9
    answer = call("tests", "--branch", "tpoic")
    assert answer.code == 2
    assert "ci-stat tests runs" in answer.err

    window = ("2026-11-01..2026-11-02", "2026-11-02..2026-11-20")
    on_main = json.loads(call("tests", "compare", *window, "--branch", "main", "--json").out)
    assert [run["number"] for run in on_main["now"]["runs"]] == [2]
