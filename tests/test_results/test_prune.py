"""`ci-stat tests prune`: what it says, in words and in JSON."""

import json
from pathlib import Path

import pytest

from tests.support.command import Call

CONTENT = '<testsuite name="s"><testcase classname="C" name="a"/><testcase name="b"/></testsuite>'


@pytest.fixture(autouse=True)
def _history(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three old runs and one of today."""
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/results.sqlite")
    monkeypatch.chdir(tmp_path)
    Path("r.xml").write_text(CONTENT)
    for number, time in enumerate(("2020-01-01", "2020-01-01", "2020-01-03", "now")):
        answer = call(
            *("tests", "import", "r.xml", "--job", "unit", "--number", str(number)),
            *("--time", time),
        )
        assert answer.code == 0, answer.err


def test_a_dry_run_and_the_same_done(call: Call) -> None:
    prune = ("tests", "prune", "--older-than", "90d")
    dry = call(*prune, "--dry-run")
    assert dry.out.startswith("Would delete 6 attempts of 3 runs on 2 days before 20")
    report = json.loads(call(*prune, "--json").out)
    assert report.pop("before") < "2100"
    assert report == {
        "dry_run": False,
        "days": 2,
        "runs": 3,
        "files": 3,
        "attempts": 6,
        "kept_runs": 0,
        "left_days": 0,
    }
    assert call(*prune).out.startswith("Nothing to delete before 20")
    assert call("tests", "--json").code == 0


def test_the_last_day_of_a_job_is_kept(call: Call) -> None:
    call("tests", "import", "r.xml", "--job", "lint", "--number", "1", "--time", "2020-01-01")
    answer = call("tests", "prune", "--older-than", "1d", "--dry-run")
    assert answer.out.endswith("1 older run kept: the last day of each job stays.\n")


@pytest.mark.parametrize("length", ["90", "-1d", "0d", "9999999999d", "999999w"])
def test_invalid_lengths(call: Call, length: str) -> None:
    answer = call("tests", "prune", "--older-than", length)
    assert answer.code == 2, answer
    assert answer.out == ""
