"""Statuses and check runs: set once, refused with a clear reason, annotations in batches."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.records import DeliveryState
from ci_stat.test_results.publishing.checks import CheckPublisher, CheckResult, check_content
from ci_stat.test_results.publishing.model import Publication, Standing
from ci_stat.test_results.publishing.statuses import StatusPublisher, StatusResult, status_of
from ci_stat.test_results.publishing.text.markdown import Writer
from tests.support.github import Fault, GitHub
from tests.support.published import COMMIT, Kill, Killed, Process, Steps, failure, publication

RED, GREEN = publication([failure("a")]), publication()
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN


def set_status(process: Process, made: Publication, context: str = "ci/tests") -> StatusResult:
    github: Any = Steps(process.github, process.kill)
    publisher = StatusPublisher(github, process.calls)
    return publisher.publish(COMMIT, status_of(made, context, Writer()))


def create_check(process: Process, made: Publication) -> CheckResult:
    github: Any = Steps(process.github, process.kill)
    publisher = CheckPublisher(github, process.calls)
    return publisher.publish(COMMIT, "ci/tests", check_content(made, Writer()))


def states(hub: GitHub) -> list[str]:
    return [status["state"] for status in hub.statuses.get(COMMIT, [])]


def test_a_status_is_set_when_it_changes(hub: GitHub, state: Engine) -> None:
    process = Process(hub, state)
    for made in (RED, RED, GREEN, GREEN, RED):
        set_status(process, made)
    assert states(hub) == ["failure", "success", "failure"]
    assert hub.statuses[COMMIT][0]["target_url"] == "https://ci.example/run/7"
    assert set_status(process, RED, "CI/Tests").is_new is False  # contexts ignore case
    assert set_status(process, RED, "ci/other").is_new is True


@pytest.mark.parametrize("after", [False, True])
def test_a_status_is_set_once_wherever_a_process_is_killed(
    hub: GitHub, state: Engine, after: bool
) -> None:
    at = 0
    while True:
        at += 1
        made = publication(passed=at + 1)
        before = len(states(hub))
        kill = Kill(at, after)
        try:
            set_status(Process(hub, state, kill), made)
        except Killed:
            set_status(Process(hub, state), made)
            assert len(states(hub)) == before + 1
        else:
            break
    assert at > 4


@pytest.mark.parametrize(
    ("what", "outcome", "count"),
    [
        ("502-after", SENT, 1),
        ("drop-after", SENT, 1),
        ("502", UNCERTAIN, 0),
        ("429-retry-after", SENT, 1),
        ("404", FAILED, 0),
        ("401", FAILED, 0),
    ],
)
def test_faults_of_a_status(
    hub: GitHub, state: Engine, what: str, outcome: DeliveryState, count: int
) -> None:
    hub.fault(Fault(what, "POST"))
    result = set_status(Process(hub, state), RED)
    assert (result.written.state, len(states(hub))) == (outcome, count)
    set_status(Process(hub, state), RED)
    assert len(states(hub)) == 1


def test_a_status_without_permission_says_what_is_needed(hub: GitHub, state: Engine) -> None:
    hub.denied.add("statuses")
    written = set_status(Process(hub, state), RED).written
    assert (written.state, written.code) == (FAILED, 403)
    assert "Commit statuses: write" in written.hint


def located(number: int, **more: Any) -> Publication:
    failures = [
        failure(f"t{number:03}", file=f"tests/test_{number}.py", line=number)
        for number in range(number)
    ]
    return publication(failures, **more)


@pytest.mark.parametrize(
    ("made", "conclusion"),
    [
        (GREEN, "success"),
        (RED, "failure"),
        (publication(passed=0), "failure"),
        (publication([failure("a", Standing.FLAKY)]), "failure"),
        (publication([failure("a", Standing.FLAKY)], only_new=True), "neutral"),
        (publication([failure("a")], only_new=True), "failure"),
        (publication([failure("a")], may_fail=True), "neutral"),
        (publication(passed=0, may_fail=True), "neutral"),
        (publication(may_fail=True), "success"),
    ],
)
def test_conclusions(made: Publication, conclusion: str) -> None:
    assert check_content(made, Writer()).conclusion == conclusion


def test_annotations_are_sent_in_batches_and_the_rest_is_counted(
    hub: GitHub, state: Engine
) -> None:
    hub.is_app = True
    result = create_check(Process(hub, state), located(230))
    assert (result.annotations, result.content.left_out) == (200, 30)
    (check,) = hub.checks.values()
    assert [note["title"] for note in check["annotations"]] == [f"t{n:03}" for n in range(200)]
    assert "30 more failures could be annotated" in check["output"]["summary"]
    assert create_check(Process(hub, state), located(230)).is_new is False
    assert len(hub.checks) == 1


def test_a_check_is_complete_wherever_a_process_is_killed(hub: GitHub, state: Engine) -> None:
    hub.is_app = True
    for after in (False, True):
        at = 0
        while True:
            at += 1
            made = replace(
                located(60), may_fail=after, links=replace(RED.links, report=f"https://r/{at}")
            )
            before = len(hub.checks)
            try:
                create_check(Process(hub, state, Kill(at, after)), made)
            except Killed:
                create_check(Process(hub, state), made)
                assert len(hub.checks) == before + 1
                assert len(hub.checks[max(hub.checks)]["annotations"]) == 60
            else:
                break
        assert at > 5


def test_a_check_run_needs_an_app(hub: GitHub, state: Engine) -> None:
    written = create_check(Process(hub, state), RED).written
    assert (written.state, written.code) == (FAILED, 403)
    assert "the token of an App" in written.hint


@pytest.mark.parametrize(
    ("file", "is_annotated"),
    [
        ("tests/a.py", True),
        ("./tests/a.py", True),
        ("tests\\a.py", True),
        ("", False),
        ("/etc/passwd", False),
        ("../a.py", False),
        ("C:\\a.py", False),
        ("a\n.py", False),
    ],
)
def test_only_files_of_the_repository_are_annotated(file: str, is_annotated: bool) -> None:
    content = check_content(publication([failure("a", file=file, message="\0\x1b")]), Writer())
    assert len(content.annotations) == is_annotated


def test_a_huge_run_fits_into_a_check_run(hub: GitHub, state: Engine) -> None:
    hub.is_app = True
    long = "`@" * 4_000
    failures = [failure(f"{n}{long}", file="a.py", message=long) for n in range(3)]
    assert create_check(Process(hub, state), publication(failures)).written.state is SENT
