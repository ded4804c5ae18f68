"""Issues from results of tests: for each failing test, or one for each job and matrix entry."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ci_stat.connectors.github.repository import GitHub as Client
from ci_stat.issues.test_runs import joined
from ci_stat.records import CaseFailure, Origin, Run
from ci_stat.records.run_info import RunInfo
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.service import TestResults
from tests.support.command import Call
from tests.support.github import CONTRACT, GitHub, github_server

OUTCOMES = {"P": "", "F": '<failure message="got 17">trace of a failure</failure>'}


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CI_STAT_PRESET", "none")
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "me/app")
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path / 'results.sqlite'}")
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'ci.sqlite'}")
    prepare(open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    quick = partial(Client, between_reads=0.0, between_writes=0.0)
    monkeypatch.setattr("ci_stat.connectors.github.repository.GitHub", quick)
    contract = CONTRACT if CONTRACT.exists() else None
    with github_server(contract, repo="me/app", login="ci-bot") as github:
        monkeypatch.setenv("CI_STAT_GITHUB_URL", github.url)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", github.token)
        yield github
        assert github.findings == []


def weekly(call: Call, week: int, label: str = "", **cases: str) -> None:
    """Store the run of a week: Sundays from 2026-06-07 on."""
    inside = "".join(
        f'<testcase classname="tests.Cart" name="{name}">{OUTCOMES[letter]}</testcase>'
        for name, letter in cases.items()
    )
    Path("r.xml").write_text(f'<testsuite name="s">{inside}</testsuite>')
    labels = ["--label", label] if label else []
    answer = call(
        *("tests", "import", "r.xml", "--job", "weekly", "--number", str(week), *labels),
        *("--time", f"{_day(week)}T03:00:00Z", "--commit", f"{week:040x}", "--branch", "main"),
        *("--url", f"https://ci.example/{week}"),
    )
    assert answer.code == 0, answer.err


def _day(week: int, offset: int = 0) -> str:
    return (date(2026, 6, 7) + timedelta(weeks=week - 1, days=offset)).isoformat()


def plan(call: Call, week: int, *arguments: str, per: str = "job") -> list[dict[str, Any]]:
    answer = call(
        *("issues", "plan", "--job", "weekly", "--evidence", "tests", "--per", per, "--json"),
        *("--begin", _day(week), "--now", f"{_day(week, 1)}T08:00:00Z", *arguments),
    )
    assert answer.code == 0, answer.err
    entries: list[dict[str, Any]] = json.loads(answer.out)["entries"]
    return entries


def actions(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in entries}


def test_one_issue_for_each_job_and_entry(call: Call, hub: GitHub) -> None:
    hub.now = hub.now.replace(year=2026, month=6, day=8)
    weekly(call, 1, "spark=3.5.7", a="F", b="F", c="P")
    weekly(call, 1, "spark=4.0.0", a="F", b="P", c="P")
    assert actions(plan(call, 1, "--post")) == {
        "weekly (spark=3.5.7)": "file",
        "weekly (spark=4.0.0)": "file",
    }
    assert len(hub.issues) == 2
    body = next(issue.body for issue in hub.issues.values() if "3.5.7" in issue.title)
    assert "2 failed of 3 tests" in body
    assert "tests.Cart.a" in body


def test_the_next_failing_week_updates_the_same_issue(call: Call, hub: GitHub) -> None:
    hub.now = hub.now.replace(year=2026, month=6, day=8)
    weekly(call, 1, a="F", b="P")
    assert actions(plan(call, 1, "--post")) == {"weekly": "file"}
    hub.now = hub.now.replace(day=15)
    weekly(call, 2, a="F", b="F")
    (entry,) = plan(call, 2, "--post")
    assert entry["action"] in ("update", "comment")
    assert len(hub.issues) == 1
    assert "2 failed of 2 tests" in hub.issues[1].body + str(hub.issues[1].comments)


def test_each_failing_test_can_have_its_issue(call: Call) -> None:
    weekly(call, 1, a="F", b="P")
    weekly(call, 2, a="F", b="P")
    (entry,) = plan(call, 2, per="case")
    assert entry["name"] == "tests.Cart.a"
    assert entry["reason"] == "flaky but rare"  # weekly windows are few for one test


def test_only_the_entry_of_a_label(call: Call) -> None:
    weekly(call, 1, "spark=3.5.7", a="F")
    weekly(call, 1, "spark=4.0.0", a="F")
    entries = plan(call, 1, "--label", "spark=4.0.0")
    assert actions(entries) == {"weekly (spark=4.0.0)": "file"}


def test_a_plan_of_test_results_is_a_value(call: Call) -> None:
    weekly(call, 1, a="F")
    plan(call, 1, "--plan-out", "plan.json")
    assert "weekly" in call("issues", "show", "plan.json").out


def test_runs_whose_results_are_missing_are_no_evidence(call: Call) -> None:
    weekly(call, 1, a="F")
    Path("r.xml").write_text('<testsuite><testcase name="a"/>')
    call("tests", "import", "r.xml", "--job", "weekly", "--number", "2", "--time", _day(2))
    assert plan(call, 2) == []


def test_without_runs_there_is_no_plan(call: Call) -> None:
    answer = call("issues", "plan", "--job", "weekly", "--evidence", "tests")
    assert answer.code == 9


def green_runs(folder: Path, number: int) -> None:
    """Store green runs, 12 hours apart, from 2026-06-08 on."""
    engine = open_engine(f"sqlite:///{folder / 'results.sqlite'}")
    content = b'<testsuite name="s"><testcase classname="tests.Cart" name="a"/></testsuite>'
    file = Input("r.xml", lambda: iter([content]), True)
    results = TestResults(engine, lambda: datetime(2026, 6, 8, tzinfo=UTC))
    for run in range(number):
        started = datetime(2026, 6, 8, tzinfo=UTC) + run * timedelta(hours=12)
        results.import_files([file], RunInfo("weekly", 100 + run, branch="main", started=started))
    engine.dispose()


def test_the_rule_of_the_filer_closes_the_issue(call: Call, hub: GitHub, tmp_path: Path) -> None:
    """After a single failure: 90 quiet days, and 50 runs."""
    hub.now = hub.now.replace(year=2026, month=6, day=8)
    weekly(call, 1, a="F")
    plan(call, 1, "--post")
    weekly(call, 15, a="P")
    hub.now += timedelta(weeks=14)
    (entry,) = plan(call, 15, "--post")
    assert (entry["reason"], hub.issues[1].state) == ("quiet, in too few runs", "open")
    green_runs(tmp_path, 50)
    assert actions(plan(call, 15, "--post")) == {"weekly": "close"}
    assert hub.issues[1].state == "closed"


def test_logs_say_what_else_failed() -> None:
    def run(status: str, *failures: CaseFailure) -> Run:
        origin = Origin(ZoneInfo("UTC"))
        empty: dict[str, Any] = dict.fromkeys(
            ("duration", "repo", "branch", "commit", "comment", "author", "pr_title", "pr_link")
        )
        return Run("weekly", 1, status, datetime(2026, 10, 4), **empty, pr_number=0,
                   failures=failures, origin=origin)  # fmt: skip

    case, crash = CaseFailure("case", "tests/cart.py::a"), CaseFailure("crash", "core dumped")
    test = CaseFailure("case", "tests.cart.a", source="tests")
    (both,) = joined([run("FAILURE", crash, case)], [run("FAILURE", test)])
    assert both.failures == (crash, test)
    (red,) = joined([run("SUCCESS")], [run("FAILURE", test)])
    assert (red.status, red.failures) == ("FAILURE", (test,))
    (log_only,) = joined([run("FAILURE", crash, case)], [run("SUCCESS")])
    assert (log_only.status, log_only.failures) == ("FAILURE", (crash, case))
    assert joined([run("FAILURE", crash)], []) == [run("FAILURE", crash)]
