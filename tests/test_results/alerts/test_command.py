"""`ci-stat alert` over a Slack on loopback."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import slack
from tests.support.command import Call


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def stored(call: Call, number: int, body: str, name: str = "a") -> None:
    case = f'<testcase classname="C" name="{name}">{body}</testcase>'
    Path("r.xml").write_text(f'<testsuite name="s">{case}</testsuite>')
    time = datetime.now(UTC) - timedelta(hours=9 - number)
    answer = call(
        *("tests", "import", "r.xml", "--job", "unit", "--number", str(number), "--branch", "main"),
        *("--time", time.isoformat(), "--commit", "c1"),
    )
    assert answer.code == 0, answer.err


FAILURE = '<failure message="got 17"/>'


def test_a_change_is_sent_once(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(call, 1, FAILURE, "&lt;!channel&gt; @here")
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", server.hook_url)
        first, again = call("alert"), call("alert")
    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("sent for slack webhook")
    assert again.out.startswith("nothing new for slack webhook")
    (message,) = server.messages
    assert "1 test newly fails, 1 job turned red: unit on main" in json.dumps(message)
    assert slack.live_mentions(message) == []


def test_an_alert_that_does_not_arrive_ends_with_8(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(call, 1, FAILURE)
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", f"{server.hook_url}x")
        answer = call("alert")
    assert answer.code == 8
    assert "failed for slack webhook" in answer.err


def test_a_draft_needs_no_channel_and_records_nothing(call: Call) -> None:
    stored(call, 1, FAILURE)
    for _ in range(2):
        answer = call("alert", "--dry-run")
        assert answer.code == 0
        assert "To a new recipient:" in answer.out
        assert "Newly failing" in answer.out
    (alert,) = json.loads(call("alert", "--dry-run", "--json").out)["alerts"]
    assert alert["changes"][0]["newly_failing"] == ["C :: a"]
    assert alert["changes"][0]["turned_red"] is True


def test_no_run_cannot_tell(call: Call) -> None:
    stored(call, 1, "")
    assert call("alert", "--dry-run", "--branch", "nope").code == 12
    assert call("alert").code == 4  # no channel is set up


def test_the_setting_names_the_branch(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(call, 1, "")
    assert call("alert", "--dry-run").code == 0
    monkeypatch.setenv("CI_STAT_DEFAULT_BRANCH", "nope")
    assert call("alert", "--dry-run").code == 12
    assert call("alert", "--dry-run", "--branch", "main").code == 0


def test_a_gate_decides_when_a_job_turns_red(call: Call, tmp_path: Path) -> None:
    policy = """
[[may_fail]]
case = "C.a"
reason = "known to be slow"
owner = "@me"
issue = "https://github.com/me/app/issues/3"
expires = 2099-01-01
"""
    (tmp_path / "gates.toml").write_text(policy)
    stored(call, 1, FAILURE)
    judged = call("alert", "--dry-run", "--policy", "gates.toml")
    assert judged.code == 0, judged.err
    assert "1 test newly fails: unit on main" in judged.out
    (tmp_path / "gates.toml").write_text("[rules]\nmin_tests = 5\n")
    strict = call("alert", "--dry-run", "--policy", "gates.toml")
    assert "The job turned red. The gate: " in strict.out


def test_failures_that_are_left_out_are_counted(call: Call) -> None:
    stored(call, 1, FAILURE)
    stored(call, 2, "")
    stored(call, 3, FAILURE)
    answer = call("alert", "--dry-run")
    assert answer.code == 0
    assert answer.out == "nothing new for a new recipient\n"
    assert "1 failure of tests known to be flaky left out" in answer.err
    assert json.loads(call("alert", "--dry-run", "--json").out)["flaky_left_out"] == 1
