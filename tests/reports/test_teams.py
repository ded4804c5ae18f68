"""Reports of teams as cron sends them: their runs, their recipients, outages of the whole CI."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.store.ci_data.write import write_rows
from jobs.hourly_report import main as hourly_job
from tests.support.busy import HOUR, NOW, run
from tests.support.command import Call
from tests.support.feishu import Chat, Feishu
from tests.support.feishu.cards import visible_text

TEAMS = {
    "storage": {"repos": ["tikv/tikv"], "chat_id": "oc_storage"},
    "nights": {"repos": ["o/r"], "chat_id": "oc_storage"},
}


@pytest.fixture
def teams(app: Feishu, database: Engine, monkeypatch: pytest.MonkeyPatch) -> Feishu:
    app.chats.append(Chat("oc_storage", "storage"))
    monkeypatch.setenv("CI_STAT_REPORTS", json.dumps(TEAMS))
    rows = [
        run(HOUR + timedelta(minutes=20 + n), 8000 + n, "FAILURE", pr=50 + n, **outage(n))
        for n in range(8)
    ]
    write_rows(database, rows)
    return app


def outage(number: int) -> dict[str, Any]:
    repo = "tikv/tikv" if number < 2 else "pingcap/pd"
    return {"repo": repo, "analysis_res": {"env": ["no space left on device"]}}


def post(call: Call, *options: str) -> Any:
    return call("report", "hourly", "--now", NOW, "--post", *options)


def test_a_team_gets_its_report_once_in_its_chat(teams: Feishu, call: Call) -> None:
    assert post(call, "--name", "storage").code == 0
    assert post(call, "--name", "storage").out.startswith("not sent to feishu chat oc_storage")
    assert post(call).code == 0
    (own, everybody) = teams.messages
    assert (own.chat, everybody.chat) == ("oc_storage", "oc_1")
    title = own.content["header"]["title"]["content"]
    assert title.startswith("CI hourly of storage: 2 runs, 2 failures")
    assert "repo tikv/tikv" in visible_text(own.content)


def test_an_outage_is_one_of_the_whole_ci(teams: Feishu, call: Call) -> None:
    """Two runs of two pull requests are none; eight of eight are."""
    answer = call("report", "hourly", "--now", NOW, "--name", "storage", "--json")
    (row,) = json.loads(answer.out)["outages"]
    assert (row["runs"], row["prs"], row["runs_here"]) == (8, 8, 2)
    shown = call("report", "hourly", "--now", NOW, "--repo", "tikv/tikv").out
    assert "Looks like an outage" in shown
    words = " ".join(shown.split())
    assert "2 of the 2 failed runs of this window; in the whole CI, 8 of 8 pull requests" in words
    assert json.loads(answer.out)["jobs"] == []  # explained by the outage
    whole = json.loads(call("report", "hourly", "--now", NOW, "--json").out)
    assert not whole["outages"][0]["whole_ci"]


def test_deliveries_show_names_and_filters(teams: Feishu, call: Call) -> None:
    assert post(call, "--name", "storage").code == 0
    assert post(call, "--repo", "tikv/tikv").code == 0
    rows = json.loads(call("deliveries", "--json").out)["deliveries"]
    assert {(row["name"], row["about"]) for row in rows} == {
        ("storage", "repo tikv/tikv"),
        ("", "repo tikv/tikv"),
    }
    assert "storage: repo tikv/tikv" in " ".join(call("deliveries").out.split())


def test_a_report_that_gets_another_filter_is_the_same_report(
    teams: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(call, "--name", "storage").code == 0
    wider = {"storage": {"repos": ["tikv/tikv", "pingcap/pd"], "chat_id": "oc_storage"}}
    monkeypatch.setenv("CI_STAT_REPORTS", json.dumps(wider))
    assert "already sent" in post(call, "--name", "storage").out
    assert len(teams.messages) == 1


def test_the_job_takes_a_name(teams: Feishu) -> None:
    assert hourly_job(["--now", NOW, "--name", "storage", "--post"]) == 0
    assert teams.messages[0].chat == "oc_storage"


def test_names_that_cannot_be_used(teams: Feishu, call: Call) -> None:
    unknown = call("report", "daily", "--name", "storge")
    assert (unknown.code, "Did you mean 'storage'?" in unknown.err) == (4, True)
    both = call("report", "daily", "--name", "storage", "--job", "unit")
    assert (both.code, "--name has the filter" in both.err) == (2, True)


def test_a_repository_keeps_the_nightly_jobs_that_are_assigned_to_it(
    teams: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("report", "hourly", "--now", NOW, "--name", "nights", "--json")
    without = json.loads(call(*options).out)
    assert "s.TestNight" not in str(without["new_failures"])
    monkeypatch.setenv("CI_STAT_NIGHTLY_REPOS", json.dumps({"unit": "o/r", "other": "tikv/tikv"}))
    report = json.loads(call(*options).out)
    assert "s.TestNight" in str(report["new_failures"])
    assert sum_of(report) == sum_of(without) + 1
    window = ("--begin", "2021-06-19T14", "--end", "2021-06-19T15")
    summary = json.loads(call("summary", "--json", "--repo", "o/r", *window).out)
    assert report["tally"] == summary["together"]


def test_names_that_match_nothing_together(teams: Feishu, call: Call) -> None:
    answer = call("report", "hourly", "--now", NOW, "--repo", "tikv/tikv", "--branch", "release")
    assert "no run has the branch 'release'" in answer.err
    write = call("summary", "--since", "24h", "--end", "latest", "--job", "unit", "--repo", "o/r")
    assert "no run has" not in write.err
    answer = call("report", "hourly", "--now", NOW, "--job", "night", "--repo", "o/r")
    assert "no run has the job 'night'" in answer.err


def test_a_job_and_a_repository_that_never_go_together(database: Engine, call: Call) -> None:
    write_rows(database, [run(HOUR + timedelta(minutes=30), 1, pr=None)])
    late = run(HOUR + timedelta(minutes=31), 2, pr=None)
    late.job = "nightly"
    write_rows(database, [late])
    answer = call("report", "hourly", "--now", NOW, "--job", "nightly", "--repo", "o/r")
    assert "no run has all of job nightly · repo o/r" in answer.err
    assert "the setting nightly_repos assigns their jobs" in answer.err


def sum_of(report: dict[str, Any]) -> int:
    """The number of runs."""
    return sum(int(row["now"]) for row in report["numbers"] if row["name"] == "runs")
