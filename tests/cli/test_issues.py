"""`ci-stat issues` and `jobs.nightly_issues`: what a person types, and what cron gets back."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from ci_stat.bug_report import bug_report
from ci_stat.connectors.github.repository import GitHub as Client
from ci_stat.records import RunRow
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from jobs.nightly_issues import main as nightly
from tests.support.command import Call
from tests.support.github import CONTRACT, GitHub, github_server

JOB = "tidb-unit-test-nightly"
DAY = datetime(2021, 6, 9)
NOW = "2021-06-10T09:00"
CASE = "testSuite.TestFlaky"


def row(number: int, hours: float, *cases: str, job: str = JOB) -> RunRow:
    analysis = {"case": [f"FAIL: a_test.go:7: {case}" for case in cases]} if cases else None
    status = "FAILURE" if cases else "SUCCESS"
    return RunRow(
        job,
        number,
        status,
        DAY + timedelta(hours=hours),
        1000,
        branch="master",
        analysis_res=analysis,
    )


ROWS = [row(1, 1), row(2, 2, CASE), row(3, 9, CASE), row(4, 10, "testSuite.TestOnce"), row(5, 30)]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    prepare(engine)
    write_rows(engine, ROWS)
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'ci.sqlite'}")
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setattr(
        "ci_stat.connectors.github.repository.GitHub",
        partial(Client, between_reads=0.0, between_writes=0.0),
    )
    with github_server(contract=CONTRACT if CONTRACT.exists() else None) as server:
        server.now = datetime(2021, 6, 10, 1, tzinfo=UTC)
        monkeypatch.setenv("CI_STAT_GITHUB_URL", server.url)
        monkeypatch.setenv("CI_STAT_GITHUB_REPO", server.repo)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", server.token)
        yield server
        assert server.findings == []


def writes(github: GitHub) -> list[str]:
    return [call.method for call in github.requests if call.method != "GET"]


def test_without_a_token_a_plan_can_be_looked_at(call: Call) -> None:
    shown = call("issues", "plan", "--begin", "2021-06-09", "--now", NOW)
    assert shown.code == 0
    assert re.search(rf"(?m)^file +{re.escape(CASE)} ", shown.out)
    assert "below the gate" in shown.out
    assert "gh_token is not set" in shown.out
    assert "--post applies" in shown.err


def test_without_a_token_nothing_is_posted(call: Call) -> None:
    shown = call("issues", "plan", "--begin", "2021-06-09", "--now", NOW, "--post")
    assert shown.code == 4
    assert "gh_token" in shown.err


def test_the_cron_job_is_dry_and_looks_at_yesterday(
    github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nightly(["--now", NOW]) == 0
    assert "2021-06-09 00:00 to 2021-06-10 00:00" in capsys.readouterr().out
    assert writes(github) == []


def test_post_files_what_the_plan_says_and_a_second_run_changes_nothing(
    github: GitHub, call: Call
) -> None:
    github.issue(f"some bug of {JOB}", author="ann")
    first = call("issues", "plan", "--now", NOW, "--post")
    assert first.code == 0, first.err
    (filed,) = (issue for issue in github.issues.values() if issue.author == github.login)
    assert filed.title == f"unstable test `{CASE}`"
    assert "done: #" in first.out
    assert writes(github) == ["POST"]
    second = call("issues", "plan", "--now", NOW, "--post")
    assert (second.code, writes(github)) == (0, ["POST"])
    assert "up to date" in second.out
    history = call("issues", "history", "--json")
    assert [(each["kind"], each["state"]) for each in json.loads(history.out)["calls"]] == [
        ("create", "done")
    ]


def test_the_misspelt_job_is_taken_as_the_real_one(
    caplog: pytest.LogCaptureFixture, call: Call
) -> None:
    shown = call("issues", "plan", "--now", NOW, "--job", "tide-unit-test-nightly")
    assert shown.code == 0
    assert JOB in shown.out
    assert "is misspelled" in caplog.text


def test_a_saved_plan_is_applied_once_and_refused_when_the_tracker_moved(
    github: GitHub, call: Call, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    saved = call("issues", "plan", "--now", NOW, "--plan-out", str(plan))
    assert saved.code == 0
    assert f"ci-stat issues apply {plan}" in saved.err
    assert "=== file" in call("issues", "show", str(plan), "--drafts").out
    late = call("issues", "apply", str(plan))
    assert (late.code, "is valid for one day" in late.err) == (10, True)
    assert call("issues", "apply", str(plan), "--now", NOW).code == 0
    again = call("issues", "apply", str(plan), "--now", NOW)
    assert again.code == 10
    assert "has changed" in again.err
    assert writes(github) == ["POST"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"repo": 1}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_plan(content: bytes, call: Call, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(content)
    shown = call("issues", "apply", str(plan))
    assert shown.code == 6
    assert "not a plan" in shown.err


def test_explain_says_why(call: Call) -> None:
    assert "failed in 2 runs" in call("issues", "explain", CASE, "--now", NOW).out
    assert (
        "below the gate"
        in call("issues", "explain", "FAIL: a_test.go:9: testSuite.TestOnce", "--now", NOW).out
    )
    unknown = call("issues", "explain", "testSuite.TestFlakey", "--now", NOW)
    assert f"Similar names: {CASE}" in unknown.out
    data = json.loads(call("issues", "explain", CASE, "--now", NOW, "--json").out)
    assert (data["decision"]["action"], len(data["failures"])) == ("file", 2)


LATER = "2021-06-12T09:00"  # the case did not fail on the day before


def test_explain_says_that_a_person_took_the_text_over(github: GitHub, call: Call) -> None:
    call("issues", "plan", "--post", "--now", NOW)
    github.issues[1].body = "I rewrote all of this."
    for now in (NOW, LATER):
        shown = call("issues", "explain", CASE, "--now", now).out
        assert "text taken over by a person: #1 is ours" in shown
        url = "https://github.com/pingcap/tidb/issues/1"
        issue = f"Issue #1, filed by ci_stat, open, a person took over the text: {url}"
        assert issue in " ".join(shown.split())
        data = json.loads(call("issues", "explain", CASE, "--now", now, "--json").out)
        assert data["decision"]["number"] == 1
        assert data["issues"][0]["taken_over"] is True


def test_explain_shows_an_issue_that_was_closed_as_not_planned(github: GitHub, call: Call) -> None:
    number = github.issue(f"unstable test `{CASE}`")
    closed = datetime(2021, 6, 9, tzinfo=UTC)
    github.close(number, reason="not_planned", at=closed)
    shown = call("issues", "explain", CASE, "--now", NOW).out
    assert "closed as not planned: #1 was closed as not planned; the label" in shown
    assert "Issue #1, by someone, closed as not planned on 2021-06-09:" in shown
    later = call("issues", "explain", CASE, "--now", LATER).out
    assert "No decision: it did not fail in the window, and it has no open issue." in later
    assert "Issue #1, by someone, closed as not planned on 2021-06-09:" in later


def test_explain_of_a_case_that_always_fails(call: Call) -> None:
    shown = call("issues", "explain", CASE, "--now", NOW).out
    assert "2 failed runs since 2021-05-10; 2 in the window. It failed in 2 of 4" in shown


def test_a_mute_needs_an_end_and_a_reason(call: Call) -> None:
    assert call("issues", "mute", CASE).code == 2
    assert call("issues", "mute", CASE, "--until", "2021-01-01", "--why", "x").code == 2
    assert call("issues", "mute", CASE, "--until", "9998-12-31", "--why", "known, #1").code == 0
    assert "known, #1" in call("issues", "history", "--mutes").out
    assert call("issues", "mute", CASE, "--off").out.strip() == f"{CASE} is no longer muted."
    assert call("issues", "mute", CASE, "--off").out.strip() == f"{CASE} is not muted."


def test_a_mute_is_in_the_plan_of_a_tracker(github: GitHub, call: Call) -> None:
    call("issues", "mute", CASE, "--until", "9998-12-31", "--why", "known, #1")
    shown = call("issues", "plan", "--now", NOW)
    assert "muted" in shown.out
    assert "known, #1" in shown.out


def test_a_backlog_is_accepted_by_a_person(
    call: Call, github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = [f"old{n}Suite.TestIt" for n in range(5)]
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    write_rows(engine, [row(100 + n, 3 + n, test) for n, test in enumerate(tests * 2)])
    monkeypatch.setenv("CI_STAT_ISSUE_IMPLAUSIBLE", "5")
    plan, asked = tmp_path / "plan.json", ("issues", "plan", "--now", NOW)
    stopped = call(*asked, "--post")
    assert (stopped.code, writes(github)) == (10, [])
    assert "6 new issues at once are not plausible (limit: 5)" in stopped.err
    assert "ci-stat issues accept PLAN --why TEXT" in stopped.err

    saved = call(*asked, "--plan-out", str(plan))
    assert saved.code == 10
    assert f"ci-stat issues show {plan}" in saved.err  # nothing to apply
    assert call("issues", "accept", str(plan)).code == 2
    accepted = call("issues", "accept", str(plan), "--why", "since \x1b[31m spring")
    assert accepted.out.startswith("Accepted until 20")
    assert writes(github) == []
    shown = call("issues", "history", "--accepted")
    assert CASE in shown.out
    assert "since \\x1b[31m spring" in shown.out
    assert len(json.loads(call("issues", "history", "--accepted", "--json").out)["accepted"]) == 6
    assert call(*asked).code == 0

    assert (
        json.loads(call("issues", "history", CASE, "--accepted", "--json").out)["accepted"][0][
            "name"
        ]
        == CASE
    )
    assert (
        len(
            json.loads(call("issues", "history", "--accepted", "--json", "--limit", "2").out)[
                "accepted"
            ]
        )
        == 2
    )
    assert call("issues", "history", "--accepted", "--since", "1d").code == 2
    stays = call("issues", "apply", str(plan), "--now", NOW)
    assert (stays.code, "The plan cannot be applied" in stays.err) == (10, True)
    assert call("issues", "accept", str(plan), "--off").out == "No longer accepted: 6 of 6.\n"
    assert call(*asked).code == 10
    assert call("issues", "accept", str(plan), "--why", "I looked").code == 0
    assert call(*asked, "--post").code == 0
    assert writes(github) == ["POST"] * 3


def test_only_a_plan_of_this_tracker_with_something_new_can_be_accepted(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "plan.json"
    call("issues", "plan", "--now", "2021-06-11T09:00", "--plan-out", str(plan))
    nothing = call("issues", "accept", str(plan), "--why", "x")
    assert (nothing.code, "nothing to accept" in nothing.err) == (2, True)
    call("issues", "plan", "--now", NOW, "--plan-out", str(plan))
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "pingcap/tikv")
    assert call("issues", "accept", str(plan), "--why", "x").code == 10
    plan.write_text(plan.read_text().replace('"zone": "', '"zone": "Nowhere/'))
    assert call("issues", "show", str(plan)).code == 6
    plan.write_text("{}")
    assert call("issues", "accept", str(plan), "--why", "x").code == 6


def test_replay_prints_a_scorecard(call: Call) -> None:
    shown = call("issues", "replay", "--since", "3d", "--end", "2021-06-11")
    assert shown.code == 0
    assert "1  would have been filed" in shown.out
    data = json.loads(
        call("issues", "replay", "--since", "3d", "--end", "2021-06-11", "--json").out
    )
    assert (data["filed"], data["windows"]) == (1, 3)


def test_a_job_is_as_careful_with_its_streams_as_the_command(tmp_path: Path) -> None:
    """Who closes a pipe ends it, and a full disk is an error with a message."""
    job = [sys.executable, "-m", "jobs.nightly_issues", "--now", NOW]
    root = Path(__file__).parents[2]
    with subprocess.Popen(job, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as gone:
        assert gone.stdout is not None
        gone.stdout.close()
        assert gone.stderr is not None
        assert b"Traceback" not in gone.stderr.read()
    assert gone.returncode == 0
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            found = subprocess.run(job, stdout=full, stderr=subprocess.PIPE, cwd=root, check=False)
        assert (found.returncode, b"cannot write the output" in found.stderr) == (6, True)


def test_an_empty_window_is_not_a_quiet_one(call: Call) -> None:
    assert call("issues", "replay", "--job", "nosuch", "--end", "2021-06-11").code == 9
    shown = call("issues", "plan", "--begin", "2021-01-01")
    assert shown.code == 9
    assert "does not mean that nothing failed" in shown.err
    assert "Nothing failed" not in shown.out
    assert (
        "similar: tidb-unit-test-nightly"
        in call("issues", "plan", "--job", "tidb-unit-nightly", "--now", NOW).err
    )


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [("401", 7, "token"), ("404", 7, "repo"), ("410", 7, "issues")],
)
def test_a_tracker_that_does_not_answer(
    fault: str, code: int, said: str, github: GitHub, call: Call
) -> None:
    from tests.support.github import Fault

    github.fault(Fault(what=fault, method="GET", path=r"/issues$", times=50))
    shown = call("issues", "plan", "--now", NOW, "--post")
    assert shown.code == code, shown
    assert said in shown.err.lower()
    assert github.token not in shown.out + shown.err
    assert writes(github) == []


def test_the_door(github: GitHub) -> None:
    now = datetime(2021, 6, 10, 1, tzinfo=UTC)
    dry = bug_report(DAY, DAY + timedelta(days=1), [JOB], now=now)
    assert dry.applied is None
    assert CASE in str(dry)
    assert writes(github) == []
    done = bug_report(DAY, DAY + timedelta(days=1), [], post=True, now=now)
    assert done.applied is not None
    assert done.applied.succeeded
    assert "done: #1" in str(done)


def test_plan_out_and_post_are_two_things(call: Call, tmp_path: Path) -> None:
    assert call("issues", "plan", "--post", "--plan-out", str(tmp_path / "p")).code == 2


def test_json_is_the_plan_with_its_texts(call: Call) -> None:
    data = json.loads(call("issues", "plan", "--now", NOW, "--json").out)
    assert [each["action"] for each in data["entries"]] == ["file", "not"]
    assert data["entries"][0]["draft"]["title"] == f"unstable test `{CASE}`"
    drafts = call("issues", "plan", "--now", NOW, "--drafts").out
    assert "=== file testSuite.TestFlaky" in drafts


def test_reports_link_the_issues_that_we_wrote(github: GitHub, call: Call) -> None:
    assert call("issues", "plan", "--now", NOW, "--post").code == 0
    shown = call("report", "daily", "--begin", "2021-06-09", "--as", "markdown")
    assert f"{github.url}/{github.repo}/issues/1" in shown.out.replace("\\", "").replace(
        "\u200b", ""
    )
