"""`ci-stat campaign report --post` and the end of a campaign, over a Slack on loopback."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_stat.campaigns.model import Campaign, CampaignState, Failure
from ci_stat.context import Context
from ci_stat.records import RunRow
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.campaigns.verdict.drawn import JOBS, SPEC, STARTED, campaign
from tests.support import slack
from tests.support.command import Call

FILE = """\
preset = "ticdc"
[report]
channels = ["slack"]
"""
HOSTILE = "<!channel> @here `*"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'ci.sqlite'}")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[slack.Slack]:
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", server.hook_url)
        yield server


def stored(one: Campaign) -> None:
    with Context() as context:
        context.campaigns(one.spec.repo).ledger.add(one)


def report(call: Call, *arguments: str) -> tuple[int, str, str]:
    return call("campaign", "report", "--repo", SPEC.repo, *arguments)


def test_a_verdict_is_posted_once(call: Call, hook: slack.Slack) -> None:
    failures = {(3, JOBS[0]): (Failure(HOSTILE, HOSTILE, "new"),)}
    stored(campaign("pp pp fp", failures=failures))
    first, again = report(call, "--post"), report(call, "--post")
    assert (first[0], again[0]) == (0, 0)
    assert "ci-stat: sent to slack webhook" in first[2]
    assert "ci-stat: not sent to slack webhook" in again[2]
    assert "already sent at" in again[2]
    (message,) = hook.messages
    assert "2 of 3 pull requests passed" in json.dumps(message)
    assert slack.live_mentions(message) == []
    data = json.loads(report(call, "--post", "--json")[1])
    assert [one["sent_now"] for one in data["deliveries"]] == [False]


def test_a_dry_run_sends_nothing(call: Call, hook: slack.Slack) -> None:
    stored(campaign("pp pp"))
    code, out, err = report(call, "--post", "--dry-run")
    assert code == 0
    assert "would be sent to slack webhook" in err
    assert "2 of 2 pull requests passed" in out
    assert hook.messages == []
    assert report(call, "--post")[0] == 0
    assert len(hook.messages) == 1


def test_without_a_channel(call: Call) -> None:
    stored(campaign("pp"))
    code, _, err = report(call, "--post", "--dry-run")
    assert (code, "nobody would get it" in err) == (0, True)
    assert report(call, "--post")[0] == 4
    assert report(call, "--post", "--channel", "mail")[0] == 4


def test_a_verdict_that_may_change_is_not_posted(call: Call, hook: slack.Slack) -> None:
    stored(campaign("pp rw", state=CampaignState.RUNNING))
    code, _, err = report(call, "--post")
    assert code == 2
    assert "has not ended" in err
    assert hook.messages == []


def test_options_of_posting_need_it(call: Call) -> None:
    assert report(call, "--force")[0] == 2
    assert report(call, "--channel", "slack")[0] == 2


def test_a_channel_that_fails_ends_with_8(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(campaign("pp"))
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", f"{server.hook_url}x")
        code, out, err = report(call, "--post")
    assert code == 8
    assert "Stability of pingcap/ticdc master" in out
    assert "report 0123456789ab --post" in err


def test_the_end_of_a_campaign_posts_over_the_channels_of_the_file(
    call: Call, hook: slack.Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is left to do for this campaign is to end it."""
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "ghp_0123456789abcdefghijABCDEFGHIJ012345")
    Path("campaign.toml").write_text(FILE)
    stored(replace(campaign("pp pp fp"), state=CampaignState.RUNNING, ended=None))
    answer = call("campaign", "resume")
    assert answer.code == 11, answer.err
    assert "sent to slack webhook" in answer.err
    assert len(hook.messages) == 1
    assert call("campaign", "report", "--post").code == 0
    assert len(hook.messages) == 1


def test_a_channel_that_is_not_set_up_stops_before_anything_is_written(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "ghp_0123456789abcdefghijABCDEFGHIJ012345")
    Path("campaign.toml").write_text(FILE)
    answer = call("campaign", "start")
    assert answer.code == 4
    assert "Slack is not set up" in answer.err
    assert call("campaign", "list").out.startswith("0 campaigns")


def test_the_baseline_is_of_the_ci_database(call: Call, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    prepare(engine)
    name = f"pingcap/ticdc/{JOBS[0].replace('-', '_')}"
    day = (STARTED - timedelta(days=5)).replace(tzinfo=None)
    statuses = [*["SUCCESS"] * 19, "FAILURE", "ABORTED"]
    common: dict[str, Any] = {"branch": "master", "repo": "pingcap/ticdc"}
    rows = [
        RunRow(name, id, status, day + timedelta(minutes=id), **common)
        for id, status in enumerate(statuses, 1)
    ]
    assert write_rows(engine, rows) == []
    engine.dispose()
    stored(campaign("pp pp fp"))
    data = json.loads(report(call, "--json")[1])
    (first, second) = data["jobs"]
    assert first["comparison"]["baseline"] == {"passed": 19, "failed": 1}
    assert first["comparison"]["source"] == "ci_data, 30 days"
    assert second["comparison"] is None
    assert data["notes"] == []
    assert "19 of 20 passed before (ci_data, 30 days)" in " ".join(report(call)[1].split())


def test_no_database_is_no_note(call: Call) -> None:
    stored(campaign("pp"))
    assert json.loads(report(call, "--json")[1])["notes"] == []


def test_a_damaged_database_is_a_note(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ci.sqlite").write_bytes(b"no database at all " * 100)
    stored(campaign("pp"))
    code, out, _ = report(call, "--json")
    (note,) = json.loads(out)["notes"]
    assert code == 0
    assert note.startswith("No baseline from ci_data: ")
    assert "No baseline from ci_data" in report(call)[1]
    assert "- Note: `No baseline from ci_data" in report(call, "--markdown")[1]
