"""Campaigns that check runs decide, through the command: GitHub Actions, reruns, two drivers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.processes.commands import Interpreter
from tests.campaigns.processes.world import Place, place_of
from tests.support.workflows import JobOf, Workflows

FILE = """\
repo = "pingcap/ticdc"
branch = "master"
count = 3
stagger_minutes = 5
contexts = ["unit (1.24)", "lint"]
failed = "keep"
"""
UNIT, LINT = JobOf("unit (1.24)", 10), JobOf("lint", 3)
NOT_EXPECTED = JobOf("deploy preview", 1, ("failure",) * 9, "Preview")
JOBS_FAILED = 11
REFUSED = 10


@contextmanager
def actions_place(
    interpreter: Interpreter, folder: Path, *jobs: JobOf, file: str = FILE
) -> Iterator[Place[Workflows]]:
    with place_of(interpreter, folder / "place", file, partial(Workflows, jobs=jobs)) as place:
        yield place


def after_minutes(place: Place[Workflows], minutes: int, act: Callable[[], object]) -> None:
    """Let something happen once, in the pause of the driver in which so many have passed."""
    begin, is_done = place.code.github.now, threading.Event()

    def watch(_pid: int, _seconds: float) -> None:
        passed = (place.code.github.now - begin).total_seconds() / 60
        if passed >= minutes and not is_done.is_set():
            is_done.set()
            act()

    place.control.before_sleep = watch


def status_of(place: Place[Workflows]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(place.run("status", "--json").out)
    return value


def test_check_runs_decide(interpreter: Interpreter, tmp_path: Path) -> None:
    """The log of a failed job is read; a job that nobody expects decides nothing."""
    unit = JobOf("unit (1.24)", 10, ("success", "failure"))
    with actions_place(interpreter, tmp_path, unit, LINT, NOT_EXPECTED) as place:
        ended = place.run("start")
        assert ended.code == JOBS_FAILED, ended.err
        status = status_of(place)
        states = [probe["jobs"]["unit (1.24)"] for probe in status["probes"]]
        assert states == ["passed", "failed", "passed"]
        assert {probe["jobs"]["lint"] for probe in status["probes"]} == {"passed"}
        kept = status["probes"][1]
        assert set(place.code.heads(place.code.github.repo)) == {"master", kept["branch"]}
        (result,) = (comment.body for comment in place.code.issue(2).comments)
        assert "TestSinkRetry" in result
        assert "/actions/runs/" in result
        assert [len(place.code.issue(number).comments) for number in (1, 2, 3)] == [1, 1, 1]
        assert "TestSinkRetry" in ended.out


def test_a_rerun_changes_no_first_result(interpreter: Interpreter, tmp_path: Path) -> None:
    """Somebody reruns a failed job while the other one still runs, and it passes then."""
    unit = JobOf("unit (1.24)", 2, ("failure", "success"))
    slow = JobOf("lint", 12)
    file = FILE.replace("count = 3", "count = 1")
    with actions_place(interpreter, tmp_path, unit, slow, file=file) as place:
        after_minutes(place, 5, lambda: place.ci.rerun(1, "unit (1.24)"))
        assert place.run("start").code == JOBS_FAILED
        assert [run.conclusion for run in place.ci.runs] == ["failure", "success", "success"]
        (probe,) = status_of(place)["probes"]
        assert probe["jobs"] == {"unit (1.24)": "failed", "lint": "passed"}
        (result,) = (comment.body for comment in place.code.issue(1).comments)
        assert "rerun" in result


def test_a_rerun_of_what_passed_that_fails(interpreter: Interpreter, tmp_path: Path) -> None:
    unit = JobOf("unit (1.24)", 2, ("success", "failure"))
    file = FILE.replace("count = 3", "count = 1")
    with actions_place(interpreter, tmp_path, unit, JobOf("lint", 12), file=file) as place:
        after_minutes(place, 5, lambda: place.ci.rerun(1, "unit (1.24)"))
        assert place.run("start").code == 0
        (probe,) = status_of(place)["probes"]
        assert probe["jobs"] == {"unit (1.24)": "passed", "lint": "passed"}
        assert place.code.heads(place.code.github.repo).keys() == {"master"}


@pytest.mark.parametrize("conclusion", ["cancelled", "timed_out", "skipped", "action_required"])
def test_other_conclusions(interpreter: Interpreter, tmp_path: Path, conclusion: str) -> None:
    expected = {
        "cancelled": "aborted",
        "timed_out": "failed",
        "skipped": "overridden",
        "action_required": "infra",
    }
    unit = JobOf("unit (1.24)", 2, (conclusion,))
    file = FILE.replace("count = 3", "count = 1").replace("keep", "close")
    with actions_place(interpreter, tmp_path, unit, LINT, file=file) as place:
        place.run("start")
        (probe,) = status_of(place)["probes"]
        assert probe["jobs"]["unit (1.24)"] == expected[conclusion]
        assert place.code.heads(place.code.github.repo).keys() == {"master"}


def test_two_workflows_with_a_job_of_one_name(interpreter: Interpreter, tmp_path: Path) -> None:
    """Both must pass, also if the failing one ends last."""
    jobs = (JobOf("lint", 2), JobOf("lint", 9, ("failure",), "Nightly"), UNIT)
    file = FILE.replace("count = 3", "count = 1")
    with actions_place(interpreter, tmp_path, *jobs, file=file) as place:
        assert place.run("start").code == JOBS_FAILED
        (probe,) = status_of(place)["probes"]
        assert probe["jobs"] == {"unit (1.24)": "passed", "lint": "failed"}
