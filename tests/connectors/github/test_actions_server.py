"""Tests of the stand-in for GitHub Actions, with plain requests and GitHub's own description."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import github as client
import pytest
import requests

from tests.support.github import CONTRACT, MISSING, Fault, GitHub, actions_server
from tests.support.github.contract import Contract

HERE = "/repos/pingcap/tidb"
RUNS = f"{HERE}/actions/runs"
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def server() -> Iterator[GitHub]:
    with actions_server(contract=CONTRACT if CONTRACT.exists() else None) as github:
        yield github
        assert github.findings == []


class Asking:
    def __init__(self, server: GitHub, session: requests.Session) -> None:
        self.server, self.session = server, session

    def __call__(self, path: str, headers: Any = None, **query: Any) -> Any:
        url = path if path.startswith("http") else self.server.url + path
        return self.session.get(
            url, params=query, headers=headers, timeout=5, allow_redirects=False
        )


@pytest.fixture
def ask(server: GitHub) -> Iterator[Asking]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {server.token}"
        yield Asking(server, session)


def ids(answer: requests.Response, name: str = "workflow_runs") -> list[int]:
    return [item["id"] for item in answer.json()[name]]


@pytest.mark.skipif(not CONTRACT.exists(), reason=MISSING)
def test_every_answer_fits_the_description_of_github(server: GitHub, ask: Asking) -> None:
    pull = server.actions.pull(7, head_repo="alice/tidb")
    server.actions.pull(8, head_repo="", state="closed", merged=True)
    run = server.actions.run("failure", sha=pull.sha, branch=pull.branch, listed=(7,))
    server.actions.rerun(run, "running")
    (job,) = run.attempts[0].jobs
    paths = (
        RUNS,
        f"{RUNS}/{run.id}",
        f"{RUNS}/{run.id}/jobs",
        f"{RUNS}/{run.id}/attempts/2/jobs",
        f"{HERE}/actions/jobs/{job.id}",
        f"{HERE}/commits/{pull.sha}/pulls",
        f"{HERE}/pulls/7",
        f"{HERE}/pulls/8",
        HERE,
    )
    assert [ask(path).status_code for path in paths] == [200] * len(paths)
    assert ask(f"{HERE}/pulls", state="all").status_code == 200

    contract = Contract()
    listed = ask(RUNS).json()
    del listed["workflow_runs"][0]["jobs_url"]
    assert contract.of_answer("GET", RUNS, 200, listed), "the check must be able to fail"


def test_a_range_of_times_has_both_its_ends(server: GitHub, ask: Asking) -> None:
    runs = [server.actions.run(at=START + timedelta(seconds=second)) for second in range(4)]
    answer = ask(RUNS, created="2026-01-01T00:00:01Z..2026-01-01T00:00:02Z")
    assert ids(answer) == [runs[2].id, runs[1].id]
    assert ids(ask(RUNS)) == [run.id for run in reversed(runs)]


@pytest.mark.parametrize("capped", [False, True])
def test_a_search_ends_after_the_cap(server: GitHub, ask: Asking, capped: bool) -> None:
    server.actions.cap, server.actions.count_capped = 5, capped
    for second in range(7):
        server.actions.run(at=START + timedelta(seconds=second))
    query = {"created": "2026-01-01T00:00:00Z..2026-01-01T01:00:00Z", "per_page": 2}
    first = ask(RUNS, **query)
    assert first.json()["total_count"] == (5 if capped else 7)

    sizes, answer = [2], first
    while "next" in answer.links:
        answer = ask(answer.links["next"]["url"])
        sizes.append(len(ids(answer)))
    assert sizes == [2, 2, 1]
    assert ids(ask(RUNS, **query, page=4)) == []


def test_an_unchanged_answer_is_304_and_free(server: GitHub, ask: Asking) -> None:
    run = server.actions.run("running")
    tag = ask(RUNS).headers["ETag"]
    before = server.rate.remaining
    same = ask(RUNS, {"If-None-Match": tag})
    assert (same.status_code, same.content, server.rate.remaining) == (304, b"", before)

    server.actions.finish(run, "success")
    assert ask(RUNS, {"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("reappear", ["same", "copied"])
def test_jobs_of_a_rerun(server: GitHub, ask: Asking, reappear: str) -> None:
    run = server.actions.run([("lint", "success"), ("test", "failure")])
    lint, test = run.attempts[0].jobs
    server.actions.rerun(run, [("test", "success")], reappear=reappear)
    again, retest = run.attempts[1].jobs

    path = f"{RUNS}/{run.id}"
    assert ids(ask(f"{path}/attempts/1/jobs"), "jobs") == [lint.id, test.id]
    assert ids(ask(f"{path}/attempts/2/jobs"), "jobs") == [again.id, retest.id]
    assert ids(ask(f"{path}/jobs"), "jobs") == [again.id, retest.id]
    everything = ids(ask(f"{path}/jobs", filter="all"), "jobs")
    assert everything == list(dict.fromkeys([lint.id, test.id, again.id, retest.id]))
    assert (again.id == lint.id) == (reappear == "same")
    assert again.started_at == lint.started_at
    assert ask(f"{path}/attempts/3/jobs").status_code == 404


def test_a_log_is_at_a_signed_address_elsewhere(server: GitHub, ask: Asking) -> None:
    (job,) = server.actions.run("failure").last.jobs
    answer = ask(f"{HERE}/actions/jobs/{job.id}/logs")
    address = answer.headers["Location"]
    assert answer.status_code == 302
    assert not address.startswith(server.url)

    assert requests.get(address, timeout=5).content == b"\xef\xbb\xbf" + job.log
    part = requests.get(address, headers={"Range": "bytes=3-"}, timeout=5)
    assert (part.status_code, part.content) == (206, job.log)
    assert ask(address).status_code == 400, "a token beside the signature"
    assert requests.get(address[:-1] + "x", timeout=5).status_code == 403

    server.actions.sign_seconds = -1
    late = ask(f"{HERE}/actions/jobs/{job.id}/logs").headers["Location"]
    assert requests.get(late, timeout=5).status_code == 403


def test_logs_that_cannot_be_had(server: GitHub, ask: Asking) -> None:
    def status(job: int) -> int:
        return int(ask(f"{HERE}/actions/jobs/{job}/logs").status_code)

    (old,) = server.actions.run("failure").last.jobs
    old.log_status = 410
    (gone,) = server.actions.run("failure").last.jobs
    gone.log_status = 404
    (running,) = server.actions.run("running").last.jobs
    assert [status(job) for job in (old.id, gone.id, running.id, 1)] == [410, 404, 404, 404]


def test_without_a_token_few_requests_and_no_logs(server: GitHub, ask: Asking) -> None:
    (job,) = server.actions.run("failure").last.jobs
    assert requests.get(server.url + RUNS, timeout=5).status_code == 401
    server.anonymous = True
    answer = requests.get(server.url + RUNS, timeout=5)
    assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, "60")
    log = requests.get(f"{server.url}{HERE}/actions/jobs/{job.id}/logs", timeout=5)
    assert (log.status_code, log.json()["message"]) == (
        403,
        "Must have admin rights to Repository.",
    )
    server.anonymous_rate.remaining = 0
    assert requests.get(server.url + RUNS, timeout=5).status_code == 403
    assert ask(RUNS).status_code == 200


def test_refusals(server: GitHub, ask: Asking) -> None:
    server.actions.denied = {"actions", "pulls"}
    assert ask(RUNS).status_code == 403
    assert ask(f"{HERE}/pulls/1").headers["X-Accepted-GitHub-Permissions"] == "pull_requests=read"
    assert ask("/repos/pingcap/none/actions/runs").status_code == 404
    for what, status in (("secondary", 403), ("primary", 403), ("429", 429), ("502", 502)):
        server.fault(Fault(what))
        assert ask(RUNS).status_code == status
    server.token = "ghp_other"
    assert ask(RUNS).status_code == 401


def test_pull_requests_of_a_commit_are_open_or_merged(server: GitHub, ask: Asking) -> None:
    closed = server.actions.pull(3, head_repo="bob/tidb", state="closed")
    opened = server.actions.pull(4, head_repo="bob/tidb", sha=closed.sha)

    def numbers(path: str, **query: str) -> list[int]:
        return [pull["number"] for pull in ask(path, **query).json()]

    assert numbers(f"{HERE}/commits/{closed.sha}/pulls") == [4]
    assert numbers(f"{HERE}/pulls", state="all", head=f"bob:{closed.branch}") == [3]
    assert numbers(f"{HERE}/pulls", head=f"bob:{opened.branch}") == [4]


def test_another_client_reads_the_same(server: GitHub) -> None:
    """PyGithub, by other authors."""
    pull = server.actions.pull(7)
    run = server.actions.run([("lint", "success"), ("test", "failure")], sha=pull.sha)
    server.actions.rerun(run, [("test", "success")], reappear="copied")
    with client.Github(
        auth=client.Auth.Token(server.token),
        base_url=server.url,
        retry=None,
        seconds_between_requests=0,
    ) as hub:
        repository = hub.get_repo(server.repo)
        created = "2026-01-01T00:00:00Z..2026-01-31T00:00:00Z"
        (listed,) = repository.get_workflow_runs(created=created)
        assert (listed.id, listed.run_attempt, listed.conclusion) == (run.id, 2, "success")
        jobs = [(job.name, job.conclusion) for job in listed.jobs("all")]
        assert jobs == [(job.name, job.conclusion) for job in server.actions.jobs(run)]
        assert [job.name for job in listed.jobs("latest")] == ["lint", "test"]
        found = repository.get_pull(7)
        assert (found.title, found.head.sha) == ("a change", pull.sha)
