"""A campaign that names no jobs: what `plan` shows and `start` asks, at a GitHub on loopback."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_stat.context import Context
from ci_stat.records import DeliveryState
from ci_stat.records.forge import NewFile
from tests.connectors.github.forge import REPO, code_server, forge_of
from tests.support.command import Call
from tests.support.github.code import Code
from tests.support.github.publishing import add_status

FILE = f"""\
repo = "{REPO}"
branch = "master"
count = 1
commands = ["/test unit"]
"""
HOSTILE = "\x1b[31mred @everyone"


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Code]:
    """Two merged pull requests with results, and a token that may not create branches."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Path("campaign.toml").write_text(FILE)
    with code_server(tmp_path / "code") as code:
        _merged(code, "one", "unit", "slow", "tide", HOSTILE)
        _merged(code, "two", "unit", "slow", "tide", "sometimes", HOSTILE)
        code.members.add("ci-bot")
        monkeypatch.setenv("CI_STAT_GITHUB_URL", code.github.url)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", code.github.token)
        monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
        yield code
    assert code.github.findings == []


def _merged(code: Code, branch: str, *contexts: str) -> None:
    forge = forge_of(code.github)
    base = forge.branch_head(REPO, "master")
    assert base is not None
    file = NewFile(f"{branch}.txt", f"{branch}\n")
    commit = forge.create_commit(base, [file], branch, code.github.now)
    forge.create_branch(branch, commit.sha)
    number = forge.create_pull(branch, "master", branch, "", draft=False).id
    for context in contexts:
        given = {"context": context, "state": "success", "description": "Job succeeded."}
        add_status(code.github, commit.sha, given, "ti-chi-bot")
    code.pulls[number].merged_at = code.github.moment
    assert forge.close_pull(number).state is DeliveryState.SENT
    forge.close()


def test_a_plan_shows_what_was_learnt(call: Call, code: Code) -> None:
    answer = call("campaign", "plan")
    assert answer.code == 0, answer.err
    words = " ".join(answer.out.split())
    assert "Learnt from the last 2 merged pull requests: #2, #1. They ran in all of them." in words
    assert "Ignored" in words
    assert "sometimes ran in 1 of 2 pull requests" in words
    assert "tide tests nothing" in words
    assert "\x1b" not in answer.out
    data = json.loads(call("campaign", "plan", "--json").out)
    assert data["jobs"] == ["slow", "unit"]
    assert data["learnt"]["pull_requests"] == [2, 1]
    assert set(data["learnt"]["ignored"]) == {"tide", "sometimes", HOSTILE}


def test_nobody_to_ask_starts_nothing(call: Call, code: Code) -> None:
    answer = call("campaign", "start")
    assert answer.code == 2
    assert "nobody is here to confirm" in answer.err
    assert "expected: slow" in answer.err
    assert "ignored:  tide (tests nothing)" in answer.err
    assert "\x1b" not in answer.err
    assert _campaigns() == []
    assert len(code.pulls) == 2


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def _at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_person_who_says_no_starts_nothing(
    call: Call, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at_a_terminal(monkeypatch, "n\n")
    answer = call("campaign", "start")
    assert answer.code == 10
    assert "Must these 2 jobs pass?" in answer.err
    assert 'contexts = ["slow", "unit"]' in answer.err
    assert _campaigns() == []
    assert len(code.pulls) == 2


@pytest.mark.parametrize("way", ["yes", "terminal"])
def test_confirmed_jobs_are_part_of_the_campaign(
    call: Call, code: Code, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The token may not create branches, so the campaign stops there."""
    code.github.may_push = False
    code.github.denied = {"contents"}
    if way == "terminal":
        _at_a_terminal(monkeypatch, "y\n")
    answer = call("campaign", "start", *(["--yes"] if way == "yes" else []))
    assert answer.code not in (0, 2, 10), answer.err
    assert _campaigns() == [("slow", "unit")]


def test_a_branch_without_merged_pull_requests(call: Call, code: Code) -> None:
    code.pulls.clear()
    answer = call("campaign", "start", "--yes")
    assert answer.code == 12
    assert "No merged pull request of the branch has results" in answer.err
    planned = call("campaign", "plan")
    assert planned.code == 0
    assert "contexts" in planned.out


def test_without_a_token_nothing_is_learnt(
    call: Call, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI_STAT_GH_TOKEN")
    for command in ("plan", "start"):
        answer = call("campaign", command)
        assert answer.code in (2, 4)
        assert "gh_token" in answer.err


def test_a_schedule_needs_named_jobs(call: Call, code: Code) -> None:
    answer = call("campaign", "schedule", "--at", "12:00")
    assert answer.code == 2
    assert "`contexts` is empty" in answer.err


def _campaigns() -> list[tuple[str, ...]]:
    with Context() as context:
        return [one.spec.contexts for one in context.campaigns(REPO).ledger.all()]
