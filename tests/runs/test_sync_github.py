"""`ci-stat sync github` stores each attempt of each job once, also if the sync is interrupted."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.client import GitHubClient
from ci_stat.records import RunRow
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.sync_github import ranges, run_jobs
from ci_stat.runs.sync_github.model import GitHubPlan, GitHubResult
from ci_stat.runs.sync_github.service import sync
from ci_stat.store.ci_data.actions_runs import repository_of, stored_runs
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from ci_stat.store.state.actions_sync import ActionsSync
from ci_stat.store.state.setup import prepare_state
from tests.conftest import SHANGHAI
from tests.support.forks import fork_command
from tests.support.github import Fault, GitHub, actions_server
from tests.support.github.actions import WorkflowRun

REPO = "pingcap/tidb"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def github() -> Iterator[GitHub]:
    with actions_server() as server:
        yield server
        assert server.findings == []


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the table and our state, to be copied."""
    file = tmp_path_factory.mktemp("github") / "empty.sqlite"
    engine = open_engine(f"sqlite:///{file}")
    prepare(engine)
    prepare_state(engine)
    engine.dispose()
    return file


@pytest.fixture
def lite(empty_database: Path, tmp_path: Path) -> Engine:
    """SQLite, for tests in which databases do not differ."""
    file = shutil.copy(empty_database, tmp_path / "lite.sqlite")
    return open_engine(f"sqlite:///{file}")


def client(github: GitHub, token: str | None = None) -> Actions:
    waits = github.waits
    return Actions(
        github.url,
        github.token if token is None else token,
        timeout=10,
        sleep=waits.append,
        wall=lambda: github.now.timestamp(),
        between_reads=0,
    )


def run_sync(engine: Engine, github: GitHub, **plan: Any) -> GitHubResult:
    """One sync; `engine` holds the table and our state."""

    def state(repo: str) -> ActionsSync:
        workflows = plan.get("workflows", ())
        return ActionsSync(engine, "ci", github.url, repo, workflows)

    with client(github) as actions:
        given = GitHubPlan(**{"now": github.now} | plan)
        return sync(engine, actions, (REPO,), state, SHANGHAI, given)


def rows(engine: Engine) -> list[RunRow]:
    return list(read_rows(engine, None))


def described(row: RunRow) -> dict[str, Any]:
    assert isinstance(row.description, dict)
    return row.description


def stored(engine: Engine) -> list[tuple[str, str]]:
    return [(row.job, row.status) for row in rows(engine)]


def job_ids(github: GitHub) -> set[int]:
    """All jobs that ended with success, failure or cancelled."""
    return {
        job.id
        for run in github.actions.runs.values()
        for job in github.actions.jobs(run)
        if job.conclusion in ("success", "failure", "timed_out", "cancelled")
    }


def paths(github: GitHub, part: str = "") -> list[str]:
    """The requests since the last call."""
    asked = [call.path for call in github.requests if part in call.path]
    github.requests.clear()
    return asked


def test_a_job_becomes_a_row(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    run = github.actions.run("failure", workflow="Unit tests", at=NOW - 2 * HOUR)
    (job,) = run.last.jobs
    result = run_sync(engine, github)

    (row,) = rows(engine)
    assert (row.job, row.job_id, row.status) == ("Unit tests / test", job.id, "FAILURE")
    assert row.time == datetime(2026, 1, 5, 15, 0, 20), "Shanghai"
    assert row.duration == 180_000
    assert (row.repo, row.commit, row.branch, row.comment) == (REPO, run.sha, "master", None)
    assert row.analysis_res is None
    assert row.description == {
        "ci_stat_attempt": 1,
        "ci_stat_run": str(run.id),
        "ci_stat_url": f"https://github.com/{REPO}/actions/runs/{run.id}/job/{job.id}",
        "ci_stat_event": "push",
        "ci_stat_conclusion": "failure",
        "ci_stat_queue_ms": 20_000,
    }
    assert (result.runs, result.stored, result.failed) == (1, 1, [])
    assert result.since == {REPO: datetime(2025, 12, 6, tzinfo=UTC)}


def test_the_second_sync_reads_and_stores_nothing(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    for number in range(5):
        github.actions.run("failure", at=NOW - number * 5 * DAY)
    assert run_sync(engine, github).stored == 5
    before, _ = github.rate.remaining, paths(github)
    again = run_sync(engine, github)
    assert (again.runs, again.stored) == (0, 0)
    assert paths(github, "/jobs") == []
    assert before - github.rate.remaining == 1, "the repository; all pages are unchanged"
    assert len(rows(engine)) == 5


def test_a_rerun_never_overwrites_the_failure(lite: Engine, github: GitHub) -> None:
    run = github.actions.run("failure", at=NOW - 2 * HOUR)
    run_sync(lite, github)
    github.actions.rerun(run, "success")
    result = run_sync(lite, github)
    assert stored(lite) == [("CI / test", "FAILURE"), ("CI / test", "SUCCESS")]
    assert [described(row)["ci_stat_attempt"] for row in rows(lite)] == [1, 2]
    assert len({row.job_id for row in rows(lite)}) == 2
    assert (result.stored, result.repeated) == (1, 1)


@pytest.mark.parametrize("reappear", ["same", "copied"])
@pytest.mark.parametrize("at_once", [False, True])
def test_jobs_that_only_reappear_are_stored_once(
    lite: Engine, github: GitHub, reappear: str, at_once: bool
) -> None:
    run = github.actions.run([("lint", "success"), ("test", "failure")], at=NOW - 2 * HOUR)
    if not at_once:
        run_sync(lite, github)
    github.actions.rerun(run, [("test", "success")], reappear=reappear)
    result = run_sync(lite, github)
    assert sorted(stored(lite)) == [
        ("CI / lint", "SUCCESS"),
        ("CI / test", "FAILURE"),
        ("CI / test", "SUCCESS"),
    ]
    assert result.reappeared == (reappear == "copied")


def test_conclusions(lite: Engine, github: GitHub) -> None:
    words = (
        *("success", "failure", "timed_out", "cancelled"),
        *("skipped", "neutral", "action_required", "stale", "curious"),
    )
    github.actions.run([(word, word) for word in words], at=NOW - HOUR)
    result = run_sync(lite, github)
    assert sorted(stored(lite)) == [
        ("CI / cancelled", "ABORTED"),
        ("CI / failure", "FAILURE"),
        ("CI / success", "SUCCESS"),
        ("CI / timed_out", "FAILURE"),
    ]
    names = ("skipped", "neutral", "action_required", "stale")
    assert result.not_counted == dict.fromkeys(names, 1)
    assert result.left_out == {"with the unknown conclusion curious": 1}


def test_a_workflow_that_does_not_start_is_a_failure(lite: Engine, github: GitHub) -> None:
    run = github.actions.run([], at=NOW - HOUR, conclusion="startup_failure")
    github.actions.rerun(run, [], conclusion="startup_failure")
    assert run_sync(lite, github).stored == 1
    (row,) = rows(lite)
    assert (row.job, row.status) == ("CI", "FAILURE")
    assert row.job_id == 2 * 10**15 + run.id
    assert described(row)["ci_stat_number"] == run.id
    assert described(row)["ci_stat_attempt"] == 2
    assert run_sync(lite, github).stored == 0


def test_running_runs_are_stored_once_they_have_ended(lite: Engine, github: GitHub) -> None:
    run = github.actions.run([("lint", "success"), ("test", None)], at=NOW - HOUR)
    result = run_sync(lite, github)
    assert (result.running, result.stored, stored(lite)) == (1, 0, [])
    github.actions.finish(run, "failure")
    assert run_sync(lite, github).stored == 2
    assert sorted(stored(lite)) == [("CI / lint", "SUCCESS"), ("CI / test", "FAILURE")]


def test_a_rerun_that_runs_does_not_hide_the_attempts_before_it(
    lite: Engine, github: GitHub
) -> None:
    run = github.actions.run("failure", at=NOW - HOUR)
    github.actions.rerun(run, "running")
    assert run_sync(lite, github).running == 1
    assert stored(lite) == [("CI / test", "FAILURE")]
    github.actions.finish(run, "success")
    run_sync(lite, github)
    assert stored(lite) == [("CI / test", "FAILURE"), ("CI / test", "SUCCESS")]


def test_a_run_that_runs_for_weeks_is_found(lite: Engine, github: GitHub) -> None:
    run = github.actions.run("running", at=NOW - HOUR)
    run_sync(lite, github)
    github.advance(35 * DAY)
    assert run_sync(lite, github).stored == 0
    github.actions.finish(run, "timed_out", at=github.now)
    assert run_sync(lite, github).stored == 1
    assert run_sync(lite, github).runs == 0


def test_a_job_that_ends_after_its_run_is_not_lost(lite: Engine, github: GitHub) -> None:
    run = github.actions.run([("a", "success"), ("late", None)], at=NOW - HOUR)
    run.last.conclusion = "success"
    assert run_sync(lite, github).stored == 1
    run.last.jobs[1].conclusion = "failure"
    run.last.jobs[1].completed_at = NOW
    assert run_sync(lite, github).stored == 1
    assert run_sync(lite, github).runs == 0
    assert {row.job_id for row in rows(lite)} == job_ids(github)


def test_an_old_run_that_is_repeated_within_a_month_is_found(lite: Engine, github: GitHub) -> None:
    run = github.actions.run("failure", at=NOW - HOUR)
    run_sync(lite, github)
    github.advance(29 * DAY)
    github.actions.rerun(run, "success", at=github.now)
    assert run_sync(lite, github).stored == 1


def test_a_range_with_too_many_runs_is_halved(lite: Engine, github: GitHub) -> None:
    _many(github, 25)
    result = run_sync(lite, github)
    assert result.stored == 25
    assert {row.job_id for row in rows(lite)} == job_ids(github)
    assert result.unlisted == 0
    assert run_sync(lite, github).runs == 0


def test_a_count_that_stops_at_the_cap(lite: Engine, github: GitHub) -> None:
    _many(github, 25)
    github.actions.count_capped = True
    assert run_sync(lite, github).stored == 25


def test_runs_beyond_the_cap_in_one_second_are_counted(lite: Engine, github: GitHub) -> None:
    for _ in range(12):
        github.actions.run(at=NOW - HOUR)
    result = run_sync(lite, github)
    assert (result.stored, result.unlisted) == (10, 2)


@pytest.fixture(autouse=True)
def _small_cap(monkeypatch: pytest.MonkeyPatch, github: GitHub) -> None:
    """A cap of ten runs instead of a thousand."""
    github.actions.cap = 10
    github.waits = []
    monkeypatch.setattr("ci_stat.runs.sync_github.listing.MOST", 10)


def _many(github: GitHub, count: int) -> list[WorkflowRun]:
    return [github.actions.run(at=NOW - HOUR - n * timedelta(hours=6)) for n in range(count)]


# Pull requests


def pull_facts(row: RunRow) -> tuple[str | None, ...]:
    names = ("ghprbPullId", "ghprbPullAuthorLogin", "ghprbPullTitle", "ghprbPullLink")
    return (row.branch, *(described(row).get(name) for name in names))


def test_a_pull_request_is_found_by_the_run(lite: Engine, github: GitHub) -> None:
    pull = github.actions.pull(7, "Fix <b>", base="release-8.5")
    run: dict[str, Any] = {
        "event": "pull_request",
        "branch": pull.branch,
        "sha": pull.sha,
        "listed": (7,),
    }
    for hours in (1, 2):
        github.actions.run(at=NOW - hours * HOUR, **run)
    run_sync(lite, github)
    link = f"https://github.com/{REPO}/pull/7"
    assert list(map(pull_facts, rows(lite))) == [("release-8.5", "7", "alice", "Fix <b>", link)] * 2
    assert paths(github, "/pulls") == [f"/repos/{REPO}/pulls/7"], "once"


@pytest.mark.parametrize(
    ("state", "merged", "requests"), [("open", False, 1), ("closed", True, 1), ("closed", False, 2)]
)
def test_a_pull_request_from_a_fork_is_found_by_the_commit(
    lite: Engine, github: GitHub, state: str, merged: bool, requests: int
) -> None:
    """A closed one by its branch: GitHub does not list it with the commit."""
    github.actions.pull(6, head_repo="mallory/tidb", branch="fix")
    github.actions.pull(7, head_repo="bob/tidb", branch="fix", state=state, merged=merged)
    sha = github.actions.pulls[7].sha
    fork: dict[str, Any] = {
        "event": "pull_request",
        "branch": "fix",
        "sha": sha,
        "head_repo": "bob/tidb",
    }
    for hours in (1, 2):
        github.actions.run(at=NOW - hours * HOUR, **fork)
    run_sync(lite, github)
    assert [pull_facts(row)[:2] for row in rows(lite)] == [("master", "7")] * 2
    assert len(paths(github, "/pulls")) == requests


def test_runs_that_belong_to_no_pull_request(lite: Engine, github: GitHub) -> None:
    """One on the default branch, which is being merged elsewhere; one that only shares a name."""
    github.actions.pull(5, branch="master", base="production")
    github.actions.pull(6, branch="fix")
    github.actions.run(at=NOW - HOUR, listed=(5,))
    github.actions.run("success", "Nightly", "schedule", at=NOW - HOUR, listed=(5,))
    other: dict[str, Any] = {
        "event": "pull_request",
        "branch": "fix",
        "head_repo": "bob/tidb",
        "listed": (6,),
    }
    github.actions.run("success", "Fork", at=NOW - HOUR, **other)
    result = run_sync(lite, github)
    assert [pull_facts(row)[1] for row in rows(lite)] == [None] * 3
    assert result.without_pull == 1


def test_a_push_to_a_branch_and_a_merge_queue(lite: Engine, github: GitHub) -> None:
    pull = github.actions.pull(7, base="release-8.5")
    github.actions.run("success", "Push", branch=pull.branch, at=NOW - HOUR, listed=(7,))
    queue = f"gh-readonly-queue/release-8.5/pr-7-{'a' * 40}"
    github.actions.run("success", "Queue", "merge_group", queue, at=NOW - HOUR)
    run_sync(lite, github)
    assert [pull_facts(row)[:2] for row in rows(lite)] == [("release-8.5", "7")] * 2


def test_without_permission_for_pull_requests(lite: Engine, github: GitHub) -> None:
    pull = github.actions.pull(7)
    known: dict[str, Any] = {
        "event": "pull_request",
        "branch": pull.branch,
        "sha": pull.sha,
        "listed": (7,),
    }
    github.actions.run("success", "Known", at=NOW - HOUR, **known)
    github.actions.run("success", "Fork", at=NOW - HOUR, event="pull_request", branch="x")
    github.actions.denied = {"pulls"}
    result = run_sync(lite, github)
    facts = {row.job: pull_facts(row) for row in rows(lite)}
    link = f"https://github.com/{REPO}/pull/7"
    assert facts["Known / test"] == ("master", "7", None, None, link)
    assert facts["Fork / test"] == ("x", None, None, None, None)
    assert (result.without_pull, result.failed) == (1, [])


# Interruptions and faults


class Countdown:
    """Kills a sync after so many requests and writes; 0 for never."""

    left = 0

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = function(*arguments, **named)
            self.step()
            return result

        return counted


@pytest.fixture
def countdown(monkeypatch: pytest.MonkeyPatch) -> Countdown:
    made = Countdown()
    for owner, name in (
        (GitHubClient, "request"),
        (ActionsSync, "_put"),
        (run_jobs, "write_again"),
    ):
        monkeypatch.setattr(owner, name, made.around(getattr(owner, name)))
    return made


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_at_any_point_and_repeated(
    engine: Engine, github: GitHub, countdown: Countdown
) -> None:
    """Each sync dies one step later than the one before it, until one ends."""
    prepare_state(engine)
    pull = github.actions.pull(7, head_repo="bob/tidb")
    fork: dict[str, Any] = {"event": "pull_request", "branch": pull.branch, "sha": pull.sha}
    run = github.actions.run("failure", at=NOW - HOUR, head_repo="bob/tidb", **fork)
    github.actions.rerun(run, "success")
    github.actions.run([("a", "failure"), ("b", "success")], at=NOW - 9 * DAY)
    github.actions.run("failure", at=NOW - 20 * DAY)

    kills = 0
    for steps in range(1, 200):
        countdown.left = steps
        with suppress(KeyboardInterrupt):
            run_sync(engine, github)
            break
        kills += 1
    assert kills > 15
    assert sorted(row.job_id for row in rows(engine)) == sorted(job_ids(github))
    assert {pull_facts(row)[1] for row in rows(engine)} == {"7", None}
    countdown.left = 0
    assert run_sync(engine, github).runs == 0


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_by_the_system_and_repeated(github: GitHub, tmp_path: Path) -> None:
    """The command, with SIGKILL while GitHub is about to answer."""
    for days in range(6):
        github.actions.run("failure", at=datetime.now(UTC) - days * DAY - HOUR)
    environment = settings(github, tmp_path)
    github.before = waiting = Waiting("/jobs", 3)
    process = fork_command(environment, "sync", "github", "--repo", REPO)
    assert waiting.reached.wait(60)
    process.kill()
    process.finish()
    waiting.go_on.set()
    github.before = None

    again = fork_command(environment, "sync", "github", "--repo", REPO)
    code, error = again.finish()
    assert (code, error) == (0, "")
    engine = open_engine(environment["CI_STAT_URL"])
    assert sorted(row.job_id for row in rows(engine)) == sorted(job_ids(github))


class Waiting:
    """A hook that holds the nth request whose path has `part`."""

    def __init__(self, part: str, nth: int) -> None:
        self.part, self.left = part, nth
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, _method: str, path: str) -> None:
        self.left -= self.part in path
        if self.left == 0 and not self.reached.is_set():
            self.reached.set()
            self.go_on.wait(30)


def settings(github: GitHub, folder: Path) -> dict[str, str]:
    return {
        "CI_STAT_URL": f"sqlite:///{folder / 'ci.sqlite'}",
        "CI_STAT_STATE_URL": f"sqlite:///{folder / 'state.sqlite'}",
        "CI_STAT_GITHUB_URL": github.url,
        "CI_STAT_GH_TOKEN": github.token,
        "CI_STAT_PRESET": "",
        "NO_PROXY": "127.0.0.1,localhost",
    }


@pytest.mark.chaos
@pytest.mark.concurrent
def test_two_at_once_store_nothing_twice(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    for hours in range(1, 9):
        github.actions.run([("a", "failure"), ("b", "success")], at=NOW - hours * HOUR)
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda _: run_sync(engine, github), range(2)))
    assert [result.failed for result in results] == [[], []]
    assert sorted(row.job_id for row in rows(engine)) == sorted(job_ids(github))


def test_a_run_that_fails_does_not_stop_the_others(lite: Engine, github: GitHub) -> None:
    runs = [github.actions.run(at=NOW - hours * HOUR) for hours in range(1, 4)]
    github.fault(Fault("truncated", path=f"{runs[1].id}/jobs", times=100))
    result = run_sync(lite, github)
    assert result.stored == 2
    assert [where for where, _ in result.failed] == [f"{REPO} run {runs[1].id}"]
    assert "truncated" in result.failed[0][1].message
    assert result.since == {}
    github.faults.waiting.clear()
    assert run_sync(lite, github).stored == 1


def test_three_failures_of_a_dead_server_end_the_sync(lite: Engine, github: GitHub) -> None:
    for hours in range(1, 9):
        github.actions.run(at=NOW - hours * HOUR)
    github.fault(Fault("502", path="/jobs", times=1_000))
    github.fault(Fault("502", path=f"{REPO}$", nth=2, times=1_000))
    result = run_sync(lite, github)
    assert (result.runs, result.stored, len(result.failed)) == (3, 0, 4)
    assert "the remaining runs are skipped" in result.failed[-1][1].message


def test_broken_runs_in_a_row_do_not_hide_the_older_ones(lite: Engine, github: GitHub) -> None:
    """They are named and counted, and tried again by each sync."""
    runs = [github.actions.run(at=NOW - hours * HOUR) for hours in range(1, 9)]
    broken = [f"{REPO} run {run.id}" for run in runs[1:5]]
    for run in runs[1:5]:
        github.fault(Fault("502", path=f"{run.id}/jobs", times=1_000))
    result = run_sync(lite, github)
    assert (result.runs, result.stored) == (8, 4)
    assert [where for where, _ in result.failed] == broken
    again = run_sync(lite, github)
    assert (again.runs, [where for where, _ in again.failed]) == (4, broken)
    github.faults.waiting.clear()
    assert run_sync(lite, github).stored == 4


def test_a_run_that_always_fails_costs_no_older_run_again(lite: Engine, github: GitHub) -> None:
    runs = [github.actions.run(at=NOW - days * DAY) for days in range(3, 160, 20)]
    github.fault(Fault("502", path=f"{runs[1].id}/jobs", times=1_000))
    since = NOW - 160 * DAY
    assert run_sync(lite, github, since=since).runs == len(runs)
    for _ in range(2):
        github.advance(HOUR)
        assert run_sync(lite, github, since=since).runs == 1, "the one that fails"
    github.faults.waiting.clear()
    assert run_sync(lite, github).stored == 1
    assert run_sync(lite, github).runs == 0


def test_a_deleted_run_is_no_failure(lite: Engine, github: GitHub) -> None:
    run = github.actions.run(at=NOW - HOUR)
    github.fault(Fault("404", path="/jobs"))
    result = run_sync(lite, github)
    assert result.left_out == {"because the workflow run was deleted meanwhile": 1}
    assert (result.failed, run_sync(lite, github).runs) == ([], 0)
    assert run.id not in {row.job_id for row in rows(lite)}


def test_a_repository_that_becomes_invisible_is_a_failure(lite: Engine, github: GitHub) -> None:
    github.actions.run(at=NOW - HOUR)
    github.fault(Fault("404", path="/jobs"), Fault("404", path=f"{REPO}$", nth=2))
    assert len(run_sync(lite, github).failed) == 1
    assert run_sync(lite, github).stored == 1


@pytest.mark.parametrize("fault", ["missing-link", "short-page", "truncated", "html-200"])
def test_a_list_that_is_not_whole_is_not_remembered(
    lite: Engine, github: GitHub, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of ten runs, of eleven."""
    github.actions.cap = 1_000
    monkeypatch.setattr("ci_stat.runs.sync_github.listing.MOST", 1_000)
    for module in ("runs.sync_github.listing", "connectors.github.actions"):
        monkeypatch.setattr(f"ci_stat.{module}.PER_PAGE", 10)
    for minutes in range(11):
        github.actions.run([], at=NOW - minutes * timedelta(minutes=10), conclusion="success")
    github.fault(Fault(fault, path="actions/runs$", times=5))
    result = run_sync(lite, github)
    assert len(result.failed) == 1
    github.faults.waiting.clear()
    again = run_sync(lite, github)
    assert (again.failed, result.runs + again.runs) == ([], 11)


@pytest.mark.parametrize("what", ["secondary", "429-retry-after", "primary", "502", "drop-after"])
def test_limits_and_errors_that_pass(lite: Engine, github: GitHub, what: str) -> None:
    """The waits of the filer: Retry-After, the reset of the limit, or a backoff."""
    github.actions.run(at=NOW - HOUR)
    github.fault(Fault(what, path="/jobs", seconds=37))
    assert run_sync(lite, github).stored == 1
    (wait,) = github.waits
    assert (37 <= wait <= 39) == (what in ("secondary", "429-retry-after", "primary"))


def test_a_limit_that_lasts_too_long_ends_the_sync(lite: Engine, github: GitHub) -> None:
    for hours in range(1, 9):
        github.actions.run(at=NOW - hours * HOUR)
    github.rate.remaining = 5
    github.rate.reset = NOW + timedelta(minutes=50)
    result = run_sync(lite, github)
    assert result.stored == 3
    assert "the rate limit is reached" in result.failed[0][1].message
    assert github.waits == []
    github.advance(timedelta(hours=1))
    assert run_sync(lite, github).stored == 5


@pytest.mark.parametrize(
    ("fault", "says"),
    [("401", "token is wrong"), ("404", "not found"), ("403", "'Actions: read'")],
)
def test_refusals_say_what_to_do(lite: Engine, github: GitHub, fault: str, says: str) -> None:
    github.fault(Fault(fault, path=f"{REPO}$"))
    ((where, error),) = run_sync(lite, github).failed
    assert (where, says in str(error), github.token in str(error)) == (REPO, True, False)


def test_odd_json_costs_what_is_odd(lite: Engine, github: GitHub) -> None:
    run = github.actions.run([("", "failure"), ("good", "success")], at=NOW - HOUR)
    odd = github.actions.run(at=NOW - HOUR)
    odd.id = 0
    result = run_sync(lite, github)
    assert stored(lite) == [("CI / good", "SUCCESS")]
    assert sum(result.left_out.values()) == 2
    assert run.id != odd.id


def test_hostile_names_are_stored_as_they_are(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    name = "test'; drop table ci_data; -- 🐧 \x1b[31m"
    pull = github.actions.pull(7, "@all <at id=all></at> \ud800")
    run: dict[str, Any] = {"event": "pull_request", "branch": pull.branch, "listed": (7,)}
    github.actions.run([(name, "failure")], at=NOW - HOUR, **run)
    assert run_sync(engine, github).stored == 1
    assert run_sync(engine, github).runs == 0
    (row,) = rows(engine)
    assert row.job == f"CI / {name}"
    assert pull_facts(row)[3] == "@all <at id=all></at> \ufffd"


def test_a_name_that_is_too_long_for_the_column(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    name = f"test ({'x' * 300})"
    (job,) = github.actions.run([(name, "failure")], at=NOW - HOUR).last.jobs
    assert run_sync(engine, github).stored == 1
    assert stored_runs(engine, [(f"CI / {name}", job.id)]) == {(f"CI / {name}", job.id)}
    assert repository_of(engine, f"CI / {name}", job.id) == REPO
    (row,) = rows(engine)
    assert described(row).get("ci_stat_job", row.job) == f"CI / {name}"


# The choice of runs


def test_since_limit_and_the_way_back(lite: Engine, github: GitHub) -> None:
    runs = [github.actions.run(at=NOW - days * DAY - HOUR) for days in range(0, 60, 5)]

    def days() -> list[int]:
        newest = NOW.replace(tzinfo=None)
        zone = timedelta(hours=8)
        return sorted((newest + zone - row.time).days for row in rows(lite) if row.time)

    assert run_sync(lite, github, limit=2).runs == 2
    assert days() == [0, 5]
    assert run_sync(lite, github, since=NOW - 12 * DAY).stored == 1
    assert run_sync(lite, github).runs == 4, "as far back as the first sync was asked to"
    assert days() == [0, 5, 10, 15, 20, 25, 30]
    result = run_sync(lite, github, since=NOW - 57 * DAY)
    assert len(days()) == len(runs)
    assert result.since == {REPO: datetime(2025, 11, 9, tzinfo=UTC)}
    before, _ = github.rate.remaining, paths(github)
    assert run_sync(lite, github).runs == 0
    assert before - github.rate.remaining == 1
    assert len(paths(github)) < 8, "weeks that are older than any rerun are not listed again"


def test_since_before_there_was_anything(
    lite: Engine, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither GitHub Actions nor the repository."""
    long_ago = datetime(1, 1, 2, tzinfo=UTC)
    monkeypatch.setattr("ci_stat.runs.sync_github.repository._FIRST_RUNS", NOW - 12 * DAY)
    assert run_sync(lite, github, since=long_ago).since[REPO].day == 24
    github.created_at = NOW - 9 * DAY
    result = run_sync(lite, github, since=long_ago, workflows=("CI",))
    assert result.since[REPO].day == 27


def test_a_gap_between_two_syncs_is_not_called_read(lite: Engine, github: GitHub) -> None:
    run_sync(lite, github)
    github.advance(60 * DAY)
    github.actions.run(at=github.now - 30 * DAY)
    result = run_sync(lite, github, since=github.now - 3 * DAY)
    assert (result.stored, result.since) == (0, {REPO: datetime(2026, 3, 3, tzinfo=UTC)})
    result = run_sync(lite, github)
    assert (result.stored, result.since) == (1, {REPO: datetime(2025, 12, 6, tzinfo=UTC)})


def test_a_lost_state_stores_nothing_twice(engine: Engine, github: GitHub) -> None:
    prepare_state(engine)
    run = github.actions.run("failure", at=NOW - HOUR)
    github.actions.rerun(run, "success")
    run_sync(engine, github)
    before = rows(engine)
    for table in ("actions_syncs", "actions_pages", "actions_runs"):
        with engine.begin() as connection:
            connection.execute(text(f"delete from {table}"))
    again = run_sync(engine, github)
    assert (again.runs, again.stored, rows(engine)) == (1, 0, before)


@pytest.mark.parametrize("lost", ["delete from ci_data", "drop table ci_data"])
@pytest.mark.parametrize("state_was_lost", [False, True])
def test_an_emptied_table_is_read_again(
    engine: Engine, github: GitHub, lost: str, state_was_lost: bool
) -> None:
    prepare_state(engine)
    for days in (1, 9, 40):
        github.actions.run("failure", at=NOW - days * DAY)
    run_sync(engine, github, since=NOW - 45 * DAY)
    if state_was_lost:
        _execute(engine, "delete from actions_syncs", "delete from actions_pages")
        _execute(engine, "delete from actions_runs", "delete from actions_stored")
        run_sync(engine, github, since=NOW - 45 * DAY)
    before = rows(engine)
    _execute(engine, lost)
    assert run_sync(engine, github, dry_run=True).read_again == [REPO]
    again = run_sync(engine, github)
    assert (again.read_again, again.stored, rows(engine)) == ([REPO], 3, before)
    assert (run_sync(engine, github).read_again, run_sync(engine, github).runs) == ([], 0)


def test_a_backup_of_the_table_is_read_again(lite: Engine, github: GitHub) -> None:
    github.actions.run("failure", at=NOW - 9 * DAY)
    run_sync(lite, github)
    _execute(lite, "create table backup as select * from ci_data")
    github.actions.run("failure", at=NOW - HOUR)
    run_sync(lite, github, workflows=("CI",))
    _execute(lite, "delete from ci_data", "insert into ci_data select * from backup")
    result = run_sync(lite, github)
    assert (result.read_again, result.stored, len(rows(lite))) == ([REPO], 1, 2)


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_while_an_emptied_table_is_read_again(
    lite: Engine, github: GitHub, countdown: Countdown
) -> None:
    for days in (1, 9):
        github.actions.run("failure", at=NOW - days * DAY)
    run_sync(lite, github)
    _execute(lite, "delete from ci_data")
    for steps in range(1, 200):
        countdown.left = steps
        with suppress(KeyboardInterrupt):
            run_sync(lite, github)
            break
    assert steps > 10
    assert {row.job_id for row in rows(lite)} == job_ids(github)


def _execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_workflows_by_name_or_file(lite: Engine, github: GitHub) -> None:
    github.actions.run("success", "CI", at=NOW - HOUR)
    github.actions.run("success", "Nightly", at=NOW - HOUR, path=".github/workflows/night.yml")
    github.actions.run("success", "Docs", at=NOW - HOUR, path=".github/workflows/docs.yml")
    run_sync(lite, github, workflows=("ci", "night.yml"))
    assert sorted(name for name, _ in stored(lite)) == ["CI / test", "Nightly / test"]
    run_sync(lite, github)
    assert len(stored(lite)) == 3, "the sync of some workflows hides no run from that of all"


def test_a_dry_run_stores_nothing(lite: Engine, github: GitHub) -> None:
    github.actions.run("failure", at=NOW - HOUR)
    github.actions.run("running", at=NOW - HOUR)
    for _ in range(2):
        result = run_sync(lite, github, dry_run=True)
        assert (result.runs, result.running, rows(lite)) == (1, 1, [])
    assert run_sync(lite, github).stored == 1
    assert run_sync(lite, github, dry_run=True).runs == 0


def test_ranges_meet_and_halve() -> None:
    week = next(ranges.weeks(0, ranges.WEEK - 1))
    assert (week.first, week.last) == (0, ranges.WEEK - 1)
    assert week.created == "1970-01-01T00:00:00Z..1970-01-07T23:59:59Z"
    later, earlier = week.halves() or (week, week)
    assert (earlier.first, earlier.last + 1, later.last) == (0, later.first, week.last)
    assert ranges.Range(5, 5).halves() is None
    parts = list(ranges.weeks(ranges.WEEK + 7, 3 * ranges.WEEK))
    assert [part.first for part in parts] == [3 * ranges.WEEK, 2 * ranges.WEEK, ranges.WEEK + 7]
