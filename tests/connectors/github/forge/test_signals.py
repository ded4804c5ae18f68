"""Statuses and check runs of a commit."""

from datetime import timedelta

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.errors import SourceError
from tests.connectors.github.forge import forge_of
from tests.connectors.github.forge.steps import head_of
from tests.support.github import Fault
from tests.support.github.code import Code
from tests.support.github.publishing import add_status


def put(code: Code, sha: str, context: str, state: str) -> None:
    given = {"context": context, "state": state, "description": "d"}
    add_status(code.github, sha, given, "ti-chi-bot")


def test_signals_over_several_pages(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for number in range(130):
        put(code, sha, f"job {number}", "pending")
        code.github.advance(timedelta(seconds=1))
    signals = forge.signals(sha)
    assert [signal.context for signal in signals] == [f"job {number}" for number in range(130)]
    assert {signal.creator for signal in signals} == {"ti-chi-bot"}


def test_statuses_keep_their_history_beside_check_runs(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    put(code, sha, "unit", "pending")
    code.github.advance(timedelta(minutes=5))
    put(code, sha, "unit", "failure")
    code.github.checks[1] = {
        "id": 1,
        "name": "build",
        "head_sha": sha,
        "started_at": "2026-01-05T09:01:00Z",
        "status": "in_progress",
        "output": {},
        "annotations": [],
    }
    states = [(one.kind, one.context, one.state) for one in forge.signals(sha)]
    assert states == [
        ("status", "unit", "pending"),
        ("check", "build", "pending"),
        ("status", "unit", "failure"),
    ]
    code.github.checks[1] |= {"conclusion": "success", "completed_at": "2026-01-05T09:09:00Z"}
    last = forge.signals(sha)[-1]
    assert (last.context, last.state, last.updated.minute) == ("build", "success", 9)


def test_an_unchanged_list_costs_nothing(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    put(code, sha, "unit", "pending")
    first = forge.signals(sha)
    left = code.github.rate.remaining
    assert forge.signals(sha) == first
    assert code.github.rate.remaining == left
    put(code, sha, "unit", "success")
    assert len(forge.signals(sha)) == 2


def put_many(code: Code, sha: str, count: int) -> None:
    for number in range(count):
        put(code, sha, f"job {number}", "pending")


@pytest.mark.parametrize("count", [100, 150])
def test_a_list_of_statuses_that_lost_its_link_is_not_believed(
    code: Code, forge: GitHubForge, count: int
) -> None:
    sha = head_of(forge)
    put_many(code, sha, count)
    code.github.faults.add(Fault("missing-link", path="statuses"))
    assert len(forge.signals(sha)) == count, "the list is read again"
    assert len(forge.signals(sha)) == count


def test_a_list_of_statuses_that_always_lacks_its_link_is_refused(
    code: Code, forge: GitHubForge
) -> None:
    sha = head_of(forge)
    put_many(code, sha, 150)
    code.github.faults.add(Fault("missing-link", path="statuses", times=2))
    with pytest.raises(SourceError, match="link to its next page is missing"):
        forge.signals(sha)
    assert len(forge.signals(sha)) == 150, "the list that was cut is not remembered"


def test_a_status_that_arrives_between_two_pages_is_no_second_result(
    code: Code, forge: GitHubForge
) -> None:
    sha = head_of(forge)
    put_many(code, sha, 150)

    def arrive(seconds: float) -> None:
        put(code, sha, "late", "pending")

    # The server fails once at the second page: a status arrives while the client waits.
    waiting = forge_of(code.github, sleep=arrive)
    code.github.faults.add(Fault("502", path="statuses", query="(^|&)page=2"))
    signals = waiting.signals(sha)
    ids = [signal.id for signal in signals]
    assert len(ids) == len(set(ids))
    assert {f"job {number}" for number in range(150)} <= {one.context for one in signals}


def test_a_list_of_checks_that_is_cut_is_refused(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for id in (1, 2):
        code.github.checks[id] = {
            "id": id,
            "name": f"build {id}",
            "head_sha": sha,
            "started_at": "2026-01-05T09:01:00Z",
            "output": {},
            "annotations": [],
        }
    code.github.fault(Fault("short-page", path="check-runs"))
    with pytest.raises(SourceError, match="1 of 2"):
        forge.signals(sha)
    assert len(forge.signals(sha)) == 2
