"""An order to cancel that arrives at any moment of a driver's step."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import FINAL_STATES, Campaign, CampaignState
from ci_stat.demo.forge import DemoJob
from ci_stat.store.state.campaign_rows import CampaignRow
from tests.campaigns.driving.world import SPEC, World

pytestmark = pytest.mark.concurrent

UNIT = (DemoJob("unit", 20),)
TWO = replace(
    SPEC, count=2, commands=("/test unit",), contexts=("unit",), stagger=timedelta(minutes=5)
)
WRITES = (
    "create_commit",
    "create_branch",
    "create_pull",
    "create_comment",
    "close_pull",
    "delete_branch",
)
Act = Callable[[], object]


def once(place: object, name: str, act: Act) -> None:
    """Let something happen at the first call of a method, before it."""
    method = getattr(place, name)
    acts = [act]

    def called(*arguments: Any, **more: Any) -> Any:
        if acts:
            acts.pop()()
        return method(*arguments, **more)

    object.__setattr__(place, name, called)


@pytest.mark.parametrize("name", WRITES)
def test_during_a_write(state: Engine, name: str) -> None:
    world = World(state, UNIT)
    driver = world.campaigns("host:1:a", lambda _: True)
    once(world.forge, name, world.campaigns("host:2:b", lambda _: True).cancel)
    campaign = driver.start(TWO)
    assert campaign.state is CampaignState.CANCELLED
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert set(world.forge.heads) == {"main"}
    assert not world.forge.open_pulls("main")
    numbers = [probe.number for probe in campaign.probes if probe.number]
    assert numbers == list(world.forge.pulls)


def test_while_the_end_is_being_stored(state: Engine) -> None:
    """The driver has read the campaign as running, and stores it as done."""
    world = World(state, UNIT)
    driver = world.campaigns("host:1:a", lambda _: True)
    other = world.campaigns("host:2:b", lambda _: True)
    put = driver.ledger.rows.put

    def put_after_order(row: CampaignRow) -> None:
        if row.state == CampaignState.DONE:
            other.cancel()
        put(row)

    driver.ledger.rows.put = put_after_order  # type: ignore[method-assign]
    campaign = driver.start(replace(TWO, count=1))
    assert campaign.state is CampaignState.CANCELLED
    assert other.ledger.get(campaign.id) == campaign


def test_a_driver_that_changes_the_campaign_meanwhile_does_not_stop_the_order(
    state: Engine,
) -> None:
    world = World(state, UNIT)
    driver = world.campaigns("host:1:a", lambda _: True)
    other = world.campaigns("host:2:b", lambda _: True)
    answers: list[Campaign] = []

    def watch(campaign: Campaign, _note: str) -> None:
        if answers or not campaign.probes[0].number:
            return
        again = replace(campaign, reason=campaign.reason)
        once(other.ledger.rows, "put", lambda: driver.ledger.put(again))
        answers.append(other.cancel())

    ended = driver.start(TWO, watch)
    assert answers[0].state is CampaignState.CANCELLING
    assert ended.state is CampaignState.CANCELLED
