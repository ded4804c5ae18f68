"""`ci-stat campaign schedule --run`: a campaign each day, and its verdict to the recipients."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from ci_stat.campaigns.model import Campaign, CampaignState
from ci_stat.campaigns.presets import CampaignFile, Schedule
from ci_stat.campaigns.service import Campaigns
from ci_stat.cli.work.campaign.places import place_of
from ci_stat.cli.work.campaign.scheduling import stay
from ci_stat.config import PREFIX, load
from ci_stat.context import Context
from ci_stat.errors import SettingsError, SourceError
from tests.campaigns.driving.world import BEGIN, SPEC, World
from tests.support import slack

DAILY = Schedule(time(12), ZoneInfo("Asia/Shanghai"))  # BEGIN is 12:00 there
ONE = replace(SPEC, count=1)
FILE = CampaignFile(ONE, DAILY, ("slack",))


class Enough(BaseException):
    """The days that the test needs have passed."""


def world_of(context: Context) -> World:
    return World(context.state, place=context.settings.github.url)


def days(
    count: int,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    fails: int = 0,
    world: World | None = None,
) -> list[Campaign]:
    """The campaigns after so many days. `fails`: calls of the forge that fail before one works."""
    setup = context.campaigns(ONE.repo)
    world = world or world_of(context)
    last = BEGIN + timedelta(days=count, hours=20)
    left = fails

    def service(_: object, fork: str = "") -> Campaigns:
        nonlocal left
        if world.time() > BEGIN and left:
            left -= 1
            raise SourceError("GitHub is down.")
        return world.campaigns()

    def sleep(seconds: float) -> None:
        if world.time() > last:
            raise Enough
        world.time.sleep(seconds)

    monkeypatch.setattr("ci_stat.campaigns.setup.CampaignsSetup.service", service)
    with pytest.raises(Enough):
        stay(place_of(context, FILE), ONE, DAILY, world.time, sleep)
    return setup.ledger.all()


@contextmanager
def opened_in(folder: Path, hook: str = "") -> Iterator[Context]:
    """The context with a state of its own. `hook`: of Slack."""
    values = {"STATE_URL": f"sqlite:///{folder / 'state.sqlite'}", "SLACK_WEBHOOK": hook}
    with Context(load({f"{PREFIX}{key}": value for key, value in values.items()})) as context:
        event.listen(context.bare_state, "connect", _no_fsync)
        yield context


def _no_fsync(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = off")


@pytest.fixture
def hook() -> Iterator[slack.Slack]:
    with slack.running(per_second=0) as server:
        yield server


def test_each_day_sends_its_verdict(
    hook: slack.Slack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with opened_in(tmp_path, hook.hook_url) as context:
        campaigns = days(2, context, monkeypatch)
    assert len(hook.messages) == 2
    noons = [one.started.astimezone(DAILY.zone).hour for one in campaigns]
    assert noons == [12, 12]
    assert capsys.readouterr().out.count("Stability of demo/shop main") == 2


def test_a_day_that_fails_is_printed_and_the_next_one_runs(
    hook: slack.Slack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with opened_in(tmp_path, hook.hook_url) as context:
        campaigns = days(2, context, monkeypatch, fails=1)
    assert len(campaigns) == 1
    assert "ci-stat: GitHub is down." in capsys.readouterr().err


def test_one_that_was_left_open_ends_first(
    hook: slack.Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_in(tmp_path, hook.hook_url) as context:
        world = world_of(context)
        with pytest.raises(Enough):
            world.campaigns().start(ONE, _stopped)
        campaigns = days(1, context, monkeypatch, world=world)
    assert [one.state for one in campaigns] == [CampaignState.DONE] * 2
    assert len(hook.messages) == 2


def _stopped(_campaign: Campaign, _note: str) -> None:
    raise Enough


def test_a_channel_that_is_not_set_up_stops_before_the_first_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_in(tmp_path) as context, pytest.raises(SettingsError, match="Slack is not set up"):
        days(1, context, monkeypatch)
