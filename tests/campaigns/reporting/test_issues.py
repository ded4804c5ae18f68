"""`ci-stat issues plan --evidence campaign`: issues for what campaigns found."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ci_stat.campaigns.evidence import CampaignRuns
from ci_stat.campaigns.model import Failure, Spec
from ci_stat.connectors.github.repository import GitHub as Client
from ci_stat.context import Context
from ci_stat.records import Origin, RunFilter, Window
from tests.campaigns.verdict.drawn import STARTED, Failures, campaign
from tests.support.command import Call
from tests.support.github import CONTRACT, GitHub, github_server

SPEC = Spec(repo="me/app", branch="main", contexts=("unit", "slow"))
DAY = f"{STARTED:%Y-%m-%d}"
NEXT = f"{STARTED + timedelta(days=1):%Y-%m-%dT08:00:00Z}"
CLOSE = Failure("TestSink/close", "timeout after 10m", "new")
DISK = Failure("no space left on device", "no space left", "new", kind="env")


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_PRESET", "none")
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "me/app")
    monkeypatch.setenv("CI_STAT_TIMEZONE", "UTC")
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'ci.sqlite'}")
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    quick = partial(Client, between_reads=0.0, between_writes=0.0)
    monkeypatch.setattr("ci_stat.connectors.github.repository.GitHub", quick)
    contract = CONTRACT if CONTRACT.exists() else None
    with github_server(contract, repo="me/app", login="ci-bot") as github:
        monkeypatch.setenv("CI_STAT_GITHUB_URL", github.url)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", github.token)
        github.now = github.now.replace(year=2026, month=12, day=1)
        yield github
        assert github.findings == []


def stored(drawing: str, failures: Failures) -> None:
    one = campaign(drawing, SPEC, failures=failures)
    probes = tuple(replace(probe, base_sha=f"{probe.position:040x}") for probe in one.probes)
    with Context() as context:
        context.campaigns("me/app").ledger.add(replace(one, probes=probes))


def plan(call: Call, *arguments: str) -> tuple[int, str, str]:
    options = ("--evidence", "campaign", "--begin", DAY, "--now", NEXT)
    return call("issues", "plan", *options, *arguments)


def entries(call: Call, *arguments: str) -> dict[str, Any]:
    code, out, err = plan(call, "--json", *arguments)
    assert code == 0, err
    return {entry["name"]: entry for entry in json.loads(out)["entries"]}


def test_a_test_that_failed_in_two_pull_requests_gets_an_issue(call: Call) -> None:
    once = Failure("TestOnce", "got 17", "new")
    stored("pp fp pp fp pf", {(2, "unit"): (CLOSE,), (4, "unit"): (CLOSE,), (5, "slow"): (once,)})
    planned = entries(call)
    assert planned["TestSink"]["action"] == "file"
    assert planned["TestSink"]["runs"] == 2
    assert planned["TestOnce"]["action"] == "not"


def test_it_is_filed_once_and_only_with_post(call: Call, hub: GitHub) -> None:
    stored("fp fp pp", {(1, "unit"): (CLOSE,), (2, "unit"): (CLOSE,)})
    assert entries(call)["TestSink"]["action"] == "file"
    assert len(hub.issues) == 0
    for _ in range(2):
        entries(call, "--post")
    (issue,) = hub.issues.values()
    assert "TestSink" in issue.title
    assert "timeout after 10m" in issue.body
    assert "https://ci.example/job/unit/2" in issue.body


def test_machines_and_unfinished_jobs_are_no_evidence(call: Call) -> None:
    stored("fp fp it aw nn", {(1, "unit"): (DISK,), (2, "unit"): (DISK,)})
    assert [one["action"] for one in entries(call).values()] == ["not"]


def test_only_the_named_job(call: Call) -> None:
    stored("ff fp", {(1, "unit"): (CLOSE,), (2, "unit"): (CLOSE,), (1, "slow"): (DISK,)})
    assert set(entries(call, "--job", "unit")) == {"TestSink"}
    code, _, err = plan(call, "--job", "absent")
    assert code == 9
    assert "It has: slow, unit." in err


def test_without_a_campaign_there_is_no_plan(call: Call) -> None:
    code, _, err = plan(call)
    assert code == 9
    assert "No job of a campaign passed or failed in this window." in err


def test_options_of_test_results_are_refused(call: Call) -> None:
    stored("pp", {})
    assert plan(call, "--per", "job")[0] == 2
    assert plan(call, "--label", "a=b")[0] == 2


def test_the_runs_of_a_campaign() -> None:
    """By the window of their start, at the base commit, and none without jobs."""
    stored("fp pi", {(1, "unit"): (CLOSE,)})
    zone = ZoneInfo("Asia/Shanghai")
    window = Window.of(STARTED, STARTED + timedelta(minutes=20), zone)
    with Context() as context:
        runs = CampaignRuns(context.campaigns("me/app").ledger, Origin(zone))
        assert runs.load(RunFilter(window)) == []
        first, second = runs.load(RunFilter(window, jobs=("unit", "slow")))
        assert runs.jobs(window) == ("slow", "unit")
    assert (first.job_name, first.status, first.log) == ("unit", "FAILURE", "read")
    assert (first.commit, first.branch, first.pr_number) == (f"{1:040x}", "main", 0)
    assert first.started == STARTED + timedelta(minutes=1)
    assert [failure.name for failure in first.failures] == ["TestSink/close"]
    assert (second.job_name, second.status, second.log) == ("slow", "SUCCESS", "")
