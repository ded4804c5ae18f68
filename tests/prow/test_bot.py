"""The double of Prow at work: trust, aborts, overrides, and what its statuses look like."""

from pathlib import Path

import pytest

from tests.support.github import GitHub
from tests.support.github.code import Code, PullRequest, with_code
from tests.support.prow import BOT, TIDE, Outcome, Prow, alias_job, plain_job

JOBS = (
    alias_job("unit", minutes=10),
    alias_job("slow", minutes=60, outcomes=(Outcome.FAIL,), is_optional=True),
    plain_job("review", minutes=2, is_automatic=True),
)


@pytest.fixture
def prow(tmp_path: Path) -> Prow:
    github = GitHub(repo="pingcap/ticdc", login="member")
    return Prow(with_code(github, tmp_path), JOBS)


def opened(code: Code, author: str = "member", path: str = "new.txt") -> int:
    base = code.heads("pingcap/ticdc")["master"]
    code.store.create_ref("pingcap", "refs/heads/mine", base)
    sha = code.commit({path: "ours\n"}, "mine")
    number = code.github.issue("t", "b", author, pull=True)
    code.add_pull(PullRequest(number, "pingcap/ticdc", "mine", sha, "master", base))
    return number


def states(prow: Prow, number: int, context: str) -> list[str]:
    statuses = prow.code.github.statuses[prow.code.pulls[number].sha]
    return [status["state"] for status in statuses if status["context"] == context]


def running(prow: Prow) -> list[str]:
    return [run.job.name for run in prow.runs if run.is_running]


def test_a_job_from_comment_to_result(prow: Prow) -> None:
    number = opened(prow.code)
    assert running(prow) == ["review"], "it is automatic"
    assert states(prow, number, TIDE) == ["pending"]
    prow.code.github.comment(number, "/test unit", "member")
    assert states(prow, number, "unit") == ["pending"]
    prow.advance(8 * 60)
    assert states(prow, number, "unit") == ["pending"]
    prow.advance(8 * 60)
    assert states(prow, number, "unit") == ["pending", "success"]

    last = prow.code.github.statuses[prow.code.pulls[number].sha][-1]
    base = prow.code.pulls[number].base_sha
    assert len(last["description"]) == 140
    assert last["description"].endswith(f"\u2001 BaseSHA:{base}")
    assert last["target_url"].endswith("/job/unit/2/display/redirect")


def test_a_stranger_waits_for_a_member(prow: Prow) -> None:
    number = opened(prow.code, "stranger")
    assert running(prow) == []
    prow.code.github.comment(number, "/test unit", "stranger")
    prow.code.github.comment(number, "/ok-to-test", "stranger")
    assert running(prow) == []
    assert all("/ok-to-test" in one.body for one in prow.code.issue(number).comments[1::2])
    prow.code.github.comment(number, "/ok-to-test", "member")
    assert running(prow) == ["review"]
    prow.code.github.comment(number, "/test unit", "stranger")
    assert running(prow) == ["review", "unit"]


def test_closing_and_pushing_abort(prow: Prow) -> None:
    number = opened(prow.code)
    prow.code.github.comment(number, "/test unit slow", "member")
    before = prow.code.pulls[number].sha
    prow.code.commit({"new.txt": "again\n"}, "mine")
    described = [one["description"] for one in prow.code.github.statuses[before][-3:]]
    assert all(text.startswith("Aborted by trigger plugin.") for text in described)
    assert running(prow) == ["review"], "automatic jobs start on the new commit"
    prow.code.close(number)
    assert running(prow) == []
    prow.code.github.comment(number, "/test unit", "member")
    assert running(prow) == [], "the pull request is closed"


def test_triggering_again_aborts_the_older_run(prow: Prow) -> None:
    number = opened(prow.code)
    prow.code.github.comment(number, "/test unit", "member")
    prow.code.github.comment(number, "/test unit", "member")
    assert running(prow).count("unit") == 1
    assert states(prow, number, "unit") == ["pending", "failure", "pending"]


def test_failures_are_told_in_one_comment_and_retested(prow: Prow) -> None:
    number = opened(prow.code)
    prow.code.github.comment(number, "/test slow", "member")
    prow.advance(2 * 3600)
    answers = [one for one in prow.code.issue(number).comments if one.author == BOT]
    assert len(answers) == 1
    assert "`/test slow`" in answers[0].body
    prow.code.github.comment(number, "/retest-required", "member")
    assert running(prow) == []
    prow.code.github.comment(number, "/retest", "member")
    assert running(prow) == ["slow"]


def test_skip_and_override_set_a_success(prow: Prow) -> None:
    number = opened(prow.code)
    prow.code.github.comment(number, "/test slow unit", "member")
    prow.code.github.comment(number, "/override unit", "stranger")
    assert states(prow, number, "unit") == ["pending"]
    prow.code.github.comment(number, "/override unit", "member")
    prow.advance(2 * 3600)
    assert states(prow, number, "unit") == ["pending", "success"]
    prow.code.github.comment(number, "/skip", "member")
    assert states(prow, number, "slow") == ["pending", "failure", "success"]


def test_a_conflict_silences_it(prow: Prow) -> None:
    number = opened(prow.code, path="Makefile")
    prow.code.commit({"Makefile": "theirs\n"})
    prow.code.github.comment(number, "/test unit", "member")
    assert running(prow) == ["review"]
    assert len(prow.code.issue(number).comments) == 1


def test_what_is_asked_wrongly_is_explained(prow: Prow) -> None:
    number = opened(prow.code)
    prow.code.github.comment(number, "/test ?", "member")
    assert "* `/test unit`" in prow.code.issue(number).comments[-1].body
    prow.code.github.comment(number, "@member what is this", "someone")
    assert len(prow.code.issue(number).comments) == 3


def test_the_same_seed_gives_the_same_results(tmp_path: Path) -> None:
    def results(folder: Path) -> list[str]:
        job = alias_job("flaky", failure_rate=0.5, infra_rate=0.2)
        github = GitHub(repo="pingcap/ticdc", login="member")
        prow = Prow(with_code(github, folder), (job,), seed=3)
        number = opened(prow.code)
        for _ in range(8):
            github.comment(number, "/test flaky", "member")
            prow.advance(2 * 3600)
        return [run.state for run in prow.runs]

    first = results(tmp_path / "a")
    assert first == results(tmp_path / "b")
    assert {"success", "failure", "error"} == set(first)
