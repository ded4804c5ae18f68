"""What statuses and check runs say about the expected jobs of a probe, as tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_stat.campaigns.judging import cleaned, judged, outcome_of
from ci_stat.campaigns.model import JobResult, JobState, Probe, ProbeState, Spec
from ci_stat.records.forge import CommitSignal, PullState

BEGIN = datetime(2026, 11, 30, 4, tzinfo=UTC)
HEAD, BASE = "a" * 40, "b" * 40
SPEC = Spec("o/r", "main", contexts=("unit",), commands=("/test unit",))
PROBE = Probe(
    1,
    BEGIN,
    "0" * 16,
    ProbeState.WATCHING,
    head_sha=HEAD,
    number=1,
    triggered=BEGIN,
    commanded=BEGIN,
    jobs=(JobResult("unit"),),
)
PULL = PullState(
    1, "url", True, False, "title", "body", "us", "o/r", "branch", HEAD, "main", True, BEGIN
)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def signal(minutes: float, state: str, description: str = "", **more: Any) -> CommitSignal:
    values: dict[str, Any] = {"kind": "status", "context": "unit", "creator": "bot", "url": "u"}
    when = at(minutes)
    values |= {"id": int(minutes * 10) + 100, "created": when, "updated": when} | more
    return CommitSignal(state=state, description=description, **values)


PENDING = signal(1, "pending", "Jenkins job running.")


def state_of(
    signals: Sequence[CommitSignal],
    pull: PullState = PULL,
    probe: Probe = PROBE,
    minutes: float = 60,
) -> JobState:
    (job,) = judged(SPEC, probe, pull, signals, at(minutes))
    return job.state


@pytest.mark.parametrize(
    ("state", "description", "expected"),
    [
        ("pending", "Jenkins job enqueued.", JobState.RUNNING),
        ("success", "Jenkins job succeeded.", JobState.PASSED),
        ("failure", "Jenkins job failed.", JobState.FAILED),
        ("failure", "Jenkins job aborted.", JobState.ABORTED),
        ("failure", "Aborted by trigger plugin.", JobState.ABORTED),
        ("error", "Error starting Jenkins job.", JobState.INFRA),
        ("error", "Error finding Jenkins job.", JobState.INFRA),
        ("error", "", JobState.INFRA),
        ("success", "Skipped", JobState.OVERRIDDEN),
        ("success", "Overridden by a-maintainer", JobState.OVERRIDDEN),
        ("state of tomorrow", "", JobState.INFRA),
    ],
)
def test_statuses_of_prow(state: str, description: str, expected: JobState) -> None:
    padded = f"{description}{chr(0x2001) * 40} BaseSHA:{BASE}"
    assert outcome_of(signal(2, state, description)) is expected
    assert outcome_of(signal(2, state, padded)) is expected
    assert cleaned(padded) == description


@pytest.mark.parametrize(
    ("conclusion", "expected"),
    [
        ("success", JobState.PASSED),
        ("failure", JobState.FAILED),
        ("timed_out", JobState.FAILED),
        ("cancelled", JobState.ABORTED),
        ("stale", JobState.ABORTED),
        ("skipped", JobState.OVERRIDDEN),
        ("neutral", JobState.OVERRIDDEN),
        ("action_required", JobState.INFRA),
    ],
)
def test_conclusions_of_check_runs(conclusion: str, expected: JobState) -> None:
    assert outcome_of(signal(2, conclusion, "Aborted", kind="check")) is expected


def test_the_first_result_counts_and_later_ones_are_reruns() -> None:
    signals = [PENDING, signal(9, "failure"), signal(10, "pending"), signal(20, "success")]
    (job,) = judged(SPEC, PROBE, PULL, signals, at(60))
    assert (job.state, job.reruns, job.ended) == (JobState.FAILED, 1, at(9))

    known = replace(PROBE, jobs=(job,))
    (again,) = judged(SPEC, known, PULL, [*signals, signal(30, "success")], at(70))
    assert again == replace(job, reruns=2)


def test_a_success_that_a_person_set_is_not_a_pass() -> None:
    assert state_of([PENDING, signal(9, "success", creator="bob")]) is JobState.OVERRIDDEN


@pytest.mark.parametrize("context", ["unit-next-gen", "uni", "Unit", "unit ", "tide"])
def test_contexts_are_compared_exactly(context: str) -> None:
    other = [signal(2, "success", context=context)]
    assert state_of(other, minutes=5) is JobState.WAITING


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"head_sha": "c" * 40}, JobState.SUPERSEDED),
        ({"base_branch": "release"}, JobState.SUPERSEDED),
        ({"is_open": False, "is_merged": True, "closed": at(5)}, JobState.ABORTED),
        ({"is_open": False, "closed": at(5)}, JobState.ABORTED),
    ],
)
def test_changes_of_the_pull_request(changes: dict[str, Any], expected: JobState) -> None:
    changed = replace(PULL, **changes)
    assert state_of([PENDING], changed) is expected
    assert state_of([PENDING, signal(3, "success")], changed) is JobState.PASSED


def test_jobs_that_a_push_aborts_are_superseded() -> None:
    aborted = signal(3, "failure", "Aborted by trigger plugin.")
    pushed = replace(PULL, head_sha="c" * 40)
    assert state_of([PENDING, aborted], pushed) is JobState.SUPERSEDED
    assert state_of([PENDING, aborted]) is JobState.ABORTED

    (before,) = judged(SPEC, PROBE, PULL, [PENDING, aborted], at(4))
    known = replace(PROBE, jobs=(before,))
    assert state_of([PENDING, aborted], pushed, known) is JobState.ABORTED, "it was before"


def test_results_after_closing_do_not_count() -> None:
    closed = replace(PULL, is_open=False, closed=at(5))
    assert state_of([PENDING, signal(6, "failure")], closed) is JobState.ABORTED


@pytest.mark.parametrize(
    ("signals", "repeated", "minutes", "expected"),
    [
        ([], 0, 14, JobState.WAITING),
        ([], 0, 16, JobState.WAITING),  # the command is repeated first
        ([], 1, 14, JobState.WAITING),
        ([], 1, 15, JobState.NOT_TRIGGERED),
        ([PENDING], 1, 15, JobState.RUNNING),
        ([PENDING], 0, 359, JobState.RUNNING),
        ([PENDING], 0, 360, JobState.TIMED_OUT),
        ([], 0, 360, JobState.NOT_TRIGGERED),  # no command names it alone: none was repeated
        ([PENDING, signal(359, "success")], 0, 400, JobState.PASSED),
    ],
)
def test_grace_and_deadline(
    signals: list[CommitSignal], repeated: int, minutes: float, expected: JobState
) -> None:
    probe = replace(PROBE, repeated=repeated)
    assert state_of(signals, probe=probe, minutes=minutes) is expected


def test_a_job_that_was_not_triggered_says_what_to_check() -> None:
    (job,) = judged(SPEC, replace(PROBE, repeated=1), PULL, [], at(60))
    assert all(word in job.reason for word in ("bot", "account", "name"))


def check_run(id: int, begin: float, end: float, state: str) -> CommitSignal:
    """A check run; `pending` has no end."""
    ended = at(begin if state == "pending" else end)
    return signal(end, state, kind="check", id=id, created=at(begin), updated=ended)


@pytest.mark.parametrize(
    ("first", "second", "expected", "reruns"),
    [
        ("success", "success", JobState.PASSED, 0),
        ("success", "failure", JobState.FAILED, 0),
        ("failure", "success", JobState.FAILED, 0),
        ("success", "cancelled", JobState.ABORTED, 0),
        ("success", "pending", JobState.RUNNING, 0),
    ],
)
def test_check_runs_of_one_name_at_once_must_all_pass(
    first: str, second: str, expected: JobState, reruns: int
) -> None:
    """Two workflows have a job of this name."""
    signals = [check_run(1, 1, 9, first), check_run(2, 2, 20, second)]
    (job,) = judged(SPEC, PROBE, PULL, signals, at(60))
    assert (job.state, job.reruns) == (expected, reruns)


def test_a_check_run_after_the_first_result_is_a_rerun() -> None:
    signals = [check_run(1, 1, 9, "failure"), check_run(2, 10, 20, "success")]
    (job,) = judged(SPEC, PROBE, PULL, signals, at(60))
    assert (job.state, job.reruns, job.ended) == (JobState.FAILED, 1, at(9))


def test_a_status_and_a_check_run_of_one_name() -> None:
    status = [PENDING, signal(30, "success")]
    passed = replace(check_run(9, 2, 20, "success"), creator="github-actions")
    assert state_of([*status, passed]) is JobState.PASSED, "its App is no person"
    assert state_of([*status, check_run(9, 2, 20, "failure")]) is JobState.FAILED
    assert state_of([*status, check_run(9, 2, 20, "pending")]) is JobState.RUNNING


def test_check_runs_at_once_are_no_reruns_at_later_looks_either() -> None:
    signals = [check_run(1, 1, 9, "success"), check_run(2, 2, 20, "failure")]
    (job,) = judged(SPEC, PROBE, PULL, signals, at(60))
    assert judged(SPEC, replace(PROBE, jobs=(job,)), PULL, signals, at(61)) == (job,)
    assert judged(SPEC, replace(PROBE, jobs=(job,)), PULL, [], at(62)) == (job,)


def test_a_run_that_our_command_replaces_does_not_count() -> None:
    """The bot starts some jobs when a pull request is opened, and starts them anew on command."""
    automatic = [signal(-1, "pending"), signal(0.1, "failure", "Aborted by trigger plugin.")]
    commanded = [signal(0.2, "pending"), signal(20, "success")]
    assert state_of(automatic, minutes=1) is JobState.WAITING
    assert state_of([*automatic, commanded[0]]) is JobState.RUNNING
    assert state_of([*automatic, *commanded]) is JobState.PASSED

    by_a_person = [signal(-1, "pending"), signal(9, "failure", "Aborted by trigger plugin.")]
    assert state_of([*by_a_person, signal(9.1, "pending")]) is JobState.ABORTED
    assert state_of([signal(-2, "pending"), signal(-1, "success")]) is JobState.PASSED
