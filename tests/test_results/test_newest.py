"""`ci-stat tests`: the newest run, what failed, since when, and what is known to be flaky."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Call
from tests.support.golden import Golden

OUTCOMES = {
    "P": "",
    "F": '<failure message="got 17, want 18"/>',
    "E": '<error message="boom"/>',
    "S": "<skipped/>",
}


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/results.sqlite")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def history(call: Call, job: str = "unit", label: str = "", **cases: str) -> None:
    """Import runs: a letter of each case is its outcome in a run, two letters are two attempts.

    `|` starts a new commit; `.` means that the run did not have the case. Runs are a day apart.
    """
    columns = {name: text.split() for name, text in cases.items()}
    length = len(next(iter(columns.values())))
    commit = number = 0
    for column in range(length):
        cells = {name: values[column] for name, values in columns.items()}
        if "|" in cells.values():
            commit += 1
            continue
        number += 1
        inside = "".join(
            f'<testcase classname="C" name="{name}">{OUTCOMES[letter]}</testcase>'
            for name, cell in cells.items()
            for letter in cell
            if letter != "."
        )
        Path("r.xml").write_text(f'<testsuite name="s">{inside}</testsuite>')
        labels = ["--label", label] if label else []
        time = f"2026-11-{number:02}T10:00:00Z"
        answer = call(
            *("tests", "import", "r.xml", "--job", job, "--number", str(number)),
            *("--commit", f"c{commit}", "--time", time, *labels),
        )
        assert answer.code == 0, answer.err


def newest(call: Call, *arguments: str) -> dict[str, Any]:
    answer = call("tests", "--json", *arguments)
    assert answer.code == 0, answer.err
    data: dict[str, Any] = json.loads(answer.out)
    return data


def failed(call: Call, name: str, *arguments: str) -> dict[str, Any]:
    (test,) = [test for test in newest(call, *arguments)["failed"] if test["name"] == name]
    found: dict[str, Any] = test
    return found


def test_counts_of_the_newest_run(call: Call) -> None:
    history(call, a="P P", b="P F", c="P E", d="S S", e="P FP")
    data = newest(call)
    assert data["run"]["number"] == 2
    counts = {
        "tests": 5,
        "runs": 6,
        "passed": 2,
        "failed": 1,
        "errors": 1,
        "skipped": 1,
        "flaky": 1,
    }
    assert data["counts"] == {**counts, "seconds": 0.0}
    assert data["complete"] is True
    assert [test["name"] for test in data["flaky"]] == ["e"]


@pytest.mark.parametrize(
    ("outcomes", "runs", "since"),
    [
        ("P P F", 1, 3),
        ("P F F", 2, 2),
        ("F F F", 3, 1),
        ("F P F", 1, 3),
        ("P F . F", 2, 2),
        ("P F S F", 2, 2),
        ("P F FE F", 3, 2),
    ],
)
def test_since_when_a_test_fails(call: Call, outcomes: str, runs: int, since: int) -> None:
    others = " ".join("P" for _ in outcomes.split())
    history(call, a=outcomes, other=others)
    test = failed(call, "a")
    assert (test["failed_runs"], test["since"]["number"]) == (runs, since)
    assert test["at_least"] is False
    passed = [at for at, cell in enumerate(outcomes.split(), 1) if cell == "P"]
    expected = max((at for at in passed if at < since), default=None)
    last_passed = test["last_passed"]
    assert (last_passed and last_passed["number"]) == expected
    assert test["new_test"] is False


def test_a_pass_at_the_second_attempt_ends_the_row(call: Call) -> None:
    history(call, a="P F FP F", other="P P P P")
    test = failed(call, "a")
    assert (test["failed_runs"], test["last_passed"]["number"]) == (1, 3)


def test_a_new_test_is_told_from_a_new_failure(call: Call) -> None:
    history(call, a="P F", new=". F")
    assert failed(call, "a")["new_test"] is False
    assert failed(call, "new")["new_test"] is True


@pytest.mark.parametrize(
    ("outcomes", "flaky", "commits"),
    [
        ("P F | F", 1, 2),
        ("P | F", 0, 2),
        ("FP | P | F", 1, 3),
        ("S F", 0, 1),
        ("P F | P F | F", 2, 3),
    ],
)
def test_flaky_is_what_passed_and_failed_on_one_commit(
    call: Call, outcomes: str, flaky: int, commits: int
) -> None:
    others = " ".join("|" if cell == "|" else "P" for cell in outcomes.split())
    history(call, a=outcomes, other=others)
    test = failed(call, "a")
    assert (test["flaky_commits"], test["commits"]) == (flaky, commits)


def test_jobs_and_labels_have_their_own_history(call: Call) -> None:
    history(call, a="F F F")
    history(call, job="lint", a="P P P P")
    history(call, job="matrix", label="db=tidb", a="P F")
    history(call, job="matrix", label="db=mysql", a="F F")
    assert newest(call)["run"]["job"] == "lint"
    assert failed(call, "a", "--job", "unit")["failed_runs"] == 3
    assert failed(call, "a", "--job", "matrix", "--label", "db=tidb")["failed_runs"] == 1
    assert failed(call, "a", "--job", "matrix", "--label", "db=mysql")["failed_runs"] == 2


def test_unknown_names_end_with_2_and_similar_ones(call: Call) -> None:
    history(call, a="P")
    answer = call("tests", "--job", "unti")
    assert answer.code == 2
    assert "Jobs with results: unit" in answer.err
    answer = call("tests", "--label", "db=tidb")
    assert answer.code == 2
    assert "No run has these labels" in answer.err


def test_an_empty_database_cannot_tell(call: Call) -> None:
    answer = call("tests")
    assert answer.code == 12
    assert "ci-stat tests import PATH" in answer.err


def test_a_run_with_a_broken_file_is_not_green(call: Call) -> None:
    Path("r.xml").write_text('<testsuite><testcase name="a"/>')
    call("tests", "import", "r.xml", "--job", "unit", "--number", "1")
    answer = call("tests")
    assert "Cannot tell whether run 1 of unit passed" in answer.out
    assert "cut: the file ends inside <testsuite>" in answer.out
    assert newest(call)["complete"] is False


def test_lists_are_limited_and_the_rest_is_counted(call: Call) -> None:
    history(call, **{f"t{number}": "F" for number in range(9)})
    data = newest(call, "--limit", "3")
    assert (data["total_failed"], len(data["failed"])) == (9, 3)
    assert "… and 6 more failed tests" in call("tests", "--limit", "3").out


def test_the_whole_output(call: Call, golden: Golden) -> None:
    history(
        call,
        steady="P F F F | F F",
        shaky="P P F P | P F",
        fresh=". . . . | . F",
        broken="P P P P | P E",
        once="P P P P | P FP",
        fine="P P P P | P P",
    )
    Path("cut.xml").write_text('<testsuite><testcase classname="C" name="z\x1b[31m"/>')
    call("tests", "import", "cut.xml", "--job", "unit", "--number", "5", "--commit", "c1")
    # Ages depend on the current time.
    golden.check(
        "tests_newest.txt", re.sub(r"\d[\d,]* days? \d+ h|\d[\d,]* days?", "AGE", call("tests").out)
    )
