"""Errors that name the command or the option that helps."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.command import Call
from tests.support.drawn_results import draw


@pytest.fixture(autouse=True)
def _databases(tmp_path: Path, file_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path}/ci.sqlite")


COMMANDS = {
    "summary": "`ci-stat tests`",
    "jobs": "`ci-stat tests trends`",
    "compare": "`ci-stat tests compare`",
    "failures": "`ci-stat tests`",
    "prs": "`ci-stat tests runs`",
}


@pytest.mark.parametrize("is_empty_file", [True, False])
@pytest.mark.parametrize("command", COMMANDS)
def test_results_are_named_where_no_ci_database_is(
    call: Call, results: Engine, tmp_path: Path, command: str, is_empty_file: bool
) -> None:
    draw(results, {"a": "P"})
    if is_empty_file:
        (tmp_path / "ci.sqlite").touch()
    answer = call(command)
    assert (answer.code, answer.out) == (3, "")
    assert f"There are results of tests: {COMMANDS[command]} shows them." in answer.err


@pytest.mark.parametrize("exists", [True, False])
def test_no_results_are_named_where_none_are(
    call: Call, request: pytest.FixtureRequest, tmp_path: Path, exists: bool
) -> None:
    if exists:
        request.getfixturevalue("results")
    answer = call("summary")
    assert answer.code == 3
    assert "There are results" not in answer.err
    assert (tmp_path / "results.sqlite").exists() is exists


def test_a_broken_ci_database_is_not_explained_away(
    call: Call, results: Engine, tmp_path: Path
) -> None:
    draw(results, {"a": "P"})
    (tmp_path / "ci.sqlite").write_bytes(b"no database" * 100)
    answer = call("summary")
    assert answer.code == 3
    assert "There are results" not in answer.err


def test_the_output_of_tests_run_names_the_option(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text('{\n "format": "ci-stat tests run",\n "version": 1, "tests": []}')
    answer = call("tests", "import", str(file), "--job", "unit")
    assert answer.code == 12
    assert "import the file of --junit instead" in answer.err
    assert "Formats that can be imported: JUnit XML, TRX" in answer.err


def test_a_cut_file_needs_no_list_of_formats(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "cut.xml"
    file.write_text('<testsuite name="s"><testcase classname="C" name="a"/>')
    answer = call("tests", "import", str(file), "--job", "unit")
    assert answer.code == 12
    assert "Formats" not in answer.err
