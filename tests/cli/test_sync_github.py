"""The command `ci-stat sync github`, and what the other commands make of its rows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command import Call
from tests.support.github import Fault, GitHub, actions_server

REPO = "pingcap/tidb"
HOUR = timedelta(hours=1)
FAILED = b"""\
2026-01-05T09:01:01.1234567Z === RUN   TestMerge
2026-01-05T09:01:02.1234567Z     merge_test.go:42: got 3, want 4
2026-01-05T09:01:02.1234567Z --- FAIL: TestMerge (0.00s)
"""


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHub]:
    monkeypatch.setattr("ci_stat.connectors.github.rate_limits.Timing.between_reads", 0.0)
    with actions_server(now=datetime.now(UTC)) as server:
        settings = {
            "CI_STAT_URL": f"sqlite:///{tmp_path / 'ci.sqlite'}",
            "CI_STAT_STATE_URL": f"sqlite:///{tmp_path / 'state.sqlite'}",
            "CI_STAT_GITHUB_URL": server.url,
            "CI_STAT_GH_TOKEN": server.token,
            "CI_STAT_PRESET": "",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield server
        assert server.findings == []


def test_what_it_stored_and_what_not(github: GitHub, call: Call) -> None:
    jobs = [("lint", "success"), ("test", "failure"), ("deploy", "skipped")]
    run = github.actions.run(jobs, workflow="\x1b[31mCI")
    run.last.jobs[1].log = FAILED
    github.actions.rerun(run, [("test", "failure")])
    run.last.jobs[0].log_status = 410
    github.actions.run("running")
    github.actions.run("success", event="pull_request", branch="fork")

    assert call("sync", "github", "--repo", REPO, "--dry-run").out == (
        f"2 workflow runs would be read, from {REPO} at {github.url}.\n"
        "1 still running; copied once they have ended.\n"
    )
    day = f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}"
    assert call("sync", "github", "--repo", REPO) == (
        0,
        f"4 jobs of 2 workflow runs stored, from {REPO} at {github.url}.\n"
        "1 of them from reruns.\n"
        "1 still running; copied once they have ended.\n"
        "Jobs that are not counted: 1 skipped.\n"
        "1 workflow run of pull requests that GitHub does not name, or hides.\n"
        "Logs of failed jobs: 1 expired, 1 read.\n"
        f"{REPO}: all runs since {day} are read.\n",
        "",
    )
    code, out, _ = call("sync", "github", "--repo", REPO, "--json")
    assert code == 0
    assert json.loads(out) == {
        "github": github.url,
        "dry_run": False,
        "repositories": [REPO],
        "runs": 0,
        "stored": 0,
        "repeated": 0,
        "reappeared": 0,
        "running": 1,
        "not_counted": {},
        "left_out": {},
        "read_again": [],
        "without_pull": 0,
        "unlisted": 0,
        "logs": {},
        "since": {REPO: f"{day}T00:00:00+00:00"},
        "failed": [],
    }


def test_logs_are_read_once_and_answer_after_they_expire(github: GitHub, call: Call) -> None:
    run = github.actions.run("failure")
    (job,) = run.last.jobs
    job.log = FAILED
    call("sync", "github", "--repo", REPO)
    assert len(github.actions.downloads) == 1
    assert "TestMerge" in call("explain", "CI / test", str(job.id)).out
    job.log_status = 410
    _code, out, _err = call("explain", "CI / test", str(job.id))
    assert "expired: GitHub has deleted the log" in out

    downloads = len(github.actions.downloads)
    failures = json.loads(call("failures", "--since", "1d", "--json").out)
    (failure,) = failures["failures"]
    assert (failure["case"], failures["source"]["logs"]) == ("TestMerge", {"read": 1})
    assert failure["newest_run"].endswith(f"/actions/runs/{run.id}/job/{job.id}")
    assert len(github.actions.downloads) == downloads


def test_a_run_of_another_ci_asks_github_nothing(
    github: GitHub, call: Call, tmp_path: Path
) -> None:
    runs = tmp_path / "runs.jsonl"
    now = f"{datetime.now(UTC) - HOUR:%Y-%m-%dT%H:%M:%S}"
    record = {"job_name": "other", "job_id": 7, "status": "FAILURE", "time": now}
    runs.write_text(json.dumps(record) + "\n")
    assert call("import", str(runs)).code == 0
    result = json.loads(call("failures", "--since", "1d", "--json").out)
    assert result["source"].get("logs", {}) == {}, "a token alone is no place of logs"

    github.actions.run("success")
    call("sync", "github", "--repo", REPO)
    github.requests.clear()
    result = json.loads(call("failures", "--since", "1d", "--json").out)
    assert (result["source"]["logs"], github.requests) == ({"missing": 1}, [])


def test_a_workflow_that_did_not_start_has_no_log(github: GitHub, call: Call) -> None:
    run = github.actions.run([], conclusion="startup_failure")
    call("sync", "github", "--repo", REPO)
    github.requests.clear()
    assert "missing" in call("explain", "CI", str(run.id)).out
    assert github.requests == []


def test_no_logs(github: GitHub, call: Call) -> None:
    github.actions.run("failure")
    assert "Logs" not in call("sync", "github", "--repo", REPO, "--no-logs").out
    assert github.actions.downloads == []


def test_without_a_token(github: GitHub, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    github.anonymous = True
    github.actions.run("failure")
    monkeypatch.delenv("CI_STAT_GH_TOKEN")
    code, out, err = call("sync", "github", "--repo", REPO)
    assert (code, out.splitlines()[0][:38]) == (0, "1 job of 1 workflow run stored, from p")
    assert "60 requests an hour" in err
    assert all(not request.token for request in github.requests)
    assert not [request for request in github.requests if request.path.endswith("/logs")]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--repo", "pingcap/none"], 7, "not found, or not visible to the token"),
        (["--repo", "nonsense"], 2, "Write OWNER/NAME"),
        ([], 2, "Use --repo OWNER/NAME, or set github_repo"),
        (["--repo", REPO, "--since", "soon"], 2, "soon"),
        (["--repo", REPO, "--since", "2199-01-01"], 2, "lies in the future"),
    ],
)
def test_errors_say_what_to_do(
    github: GitHub, call: Call, arguments: list[str], code: int, says: str
) -> None:
    answer = call("sync", "github", *arguments)
    assert (answer.code, says in answer.err, answer.out) == (code, True, "")


@pytest.mark.parametrize(
    "address",
    [
        f"https://github.com/{REPO}",
        f"https://github.com/{REPO}.git",
        f"git@github.com:{REPO}.git",
        f"ssh://git@github.com/{REPO}.git",
        f"https://x-access-token:ghs_s3cret@github.com/{REPO}",
    ],
)
def test_a_repository_may_be_an_address(github: GitHub, call: Call, address: str) -> None:
    github.actions.run("success")
    code, out, err = call("sync", "github", "--repo", address)
    assert (code, err) == (0, "")
    assert f"1 job of 1 workflow run stored, from {REPO} at" in out


@pytest.mark.parametrize(
    "address",
    [
        "https://x:s3cret@example.com/o/r",
        "https://s3cret@github.com/o",
        "x:s3cret@github.com/o/r/tree",
        "https://a/s3cret@github.com:o",
        "https://github.com/o/r?token=s3cret",
    ],
)
def test_a_token_in_a_wrong_address_is_not_shown(github: GitHub, call: Call, address: str) -> None:
    for command in (("sync", "github", "--repo"), ("init", "--no-check", "--github")):
        code, out, err = call(*command, address)
        assert (code, out, "s3cret" in err) == (2, "", False)
        assert "is not the name of a repository" in err


def test_a_bad_token_is_named_but_never_shown(
    github: GitHub, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "ghp_wrong_secret")
    code, out, err = call("sync", "github", "--repo", REPO)
    assert (code, out) == (7, "")
    assert "set gh_token" in err
    assert "ghp_wrong" not in err


def test_the_repository_of_the_settings(
    github: GitHub, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", REPO.upper())
    github.actions.run("success")
    assert f"1 job of 1 workflow run stored, from {REPO}" in call("sync", "github").out


def test_one_repository_that_fails_does_not_stop_the_others(github: GitHub, call: Call) -> None:
    github.actions.run("success")
    code, out, err = call("sync", "github", "--repo", "a/none", "--repo", REPO)
    assert code == 7
    assert f"1 job of 1 workflow run stored, from {REPO}" in out
    assert "a/none: GitHub: not found" in err


def test_a_run_that_fails_is_named(github: GitHub, call: Call) -> None:
    run = github.actions.run("success")
    github.fault(Fault("403", path="/jobs"))
    code, out, err = call("sync", "github", "--repo", REPO)
    assert code == 7
    assert f"{REPO} run {run.id}: GitHub: access is denied" in err
    assert "'Actions: read'" in err
    assert "all runs since" not in out


@pytest.mark.parametrize(
    ("name", "near"), [("unit test", ": Unit tests."), ("nope.yml", "ci.yml"), ("?", "Unit tests")]
)
def test_a_workflow_that_is_not_there_is_an_error_with_near_names(
    github: GitHub, call: Call, name: str, near: str
) -> None:
    github.actions.run("success", "Unit tests")
    for more in ((), ("--dry-run",), ("--workflow", "ci.yml")):
        code, out, err = call("sync", "github", "--repo", REPO, "--workflow", name, *more)
        assert (code, out) == (2, "")
        assert f"{REPO} has no workflow '{name}'." in err
        assert near in err
    assert call("sync", "github", "--repo", REPO, "--workflow", "CI.yml").code == 0


def test_counts_are_those_of_the_chosen_workflows(github: GitHub, call: Call) -> None:
    github.actions.run("running", "Slow", path=".github/workflows/slow.yml")
    github.actions.run("running", "Quick", path=".github/workflows/quick.yml")
    github.actions.run("success", "Quick", path=".github/workflows/quick.yml")
    assert "2 still running" in call("sync", "github", "--repo", REPO).out
    for _ in range(2):
        command = ("sync", "github", "--repo", REPO, "--workflow", "quick.yml", "--json")
        counts = json.loads(call(*command).out)
        assert (counts["running"], counts["stored"]) == (1, 0)


def test_a_deleted_database_is_noticed(github: GitHub, call: Call, tmp_path: Path) -> None:
    github.actions.run("success")
    call("sync", "github", "--repo", REPO)
    (tmp_path / "ci.sqlite").unlink()
    for more, says in (("--dry-run",), "would be read"), ((), "1 job of 1 workflow run stored"):
        out = call("sync", "github", "--repo", REPO, *more).out
        assert says in out
        assert f"{REPO}: ci_data has lost stored rows; all runs are read again.\n" in out
    assert "lost" not in call("sync", "github", "--repo", REPO).out


def test_the_limit_is_said(github: GitHub, call: Call) -> None:
    for _ in range(3):
        github.actions.run("success")
    out = call("sync", "github", "--repo", REPO, "--limit", "2").out
    assert "2 jobs of 2 workflow runs stored" in out
    assert "Stopped at --limit; the next sync continues." in out
    assert "1 job of 1 workflow run stored" in call("sync", "github", "--repo", REPO).out
