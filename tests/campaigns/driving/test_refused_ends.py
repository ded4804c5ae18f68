"""Refusals that would keep a campaign from its end: each affects one pull request only."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import FINAL_STATES, CampaignState, JobState, ProbeState
from ci_stat.demo.forge import DemoJob
from ci_stat.errors import UsageError
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite
from tests.campaigns.driving.world import SPEC, World

REFUSED = ForgeWrite(DeliveryState.FAILED, code=422, reason="Validation Failed")
UNIT = replace(SPEC, count=2, commands=("/test unit",), contexts=("unit",))


def refuse_first(world: World, name: str, number: int = 101) -> None:
    """Refuse a write that concerns one pull request, for ever."""
    write = getattr(world.forge, name)

    def call(subject: Any, *arguments: Any) -> ForgeWrite:
        pull = world.forge.pulls.get(number)
        is_first = pull is not None and subject in (number, pull.head_branch)
        is_late = name != "create_comment" or bool(world.forge.notes.get(number))
        if is_first and is_late:
            return REFUSED
        written: ForgeWrite = write(subject, *arguments)
        return written

    setattr(world.forge, name, call)


@pytest.mark.parametrize("name", ["create_comment", "close_pull", "delete_branch"])
def test_a_write_at_the_end_that_is_refused(state: Engine, name: str) -> None:
    world = World(state, (DemoJob("unit", 20),))
    refuse_first(world, name)
    campaign = world.campaigns().start(UNIT)
    assert campaign.state is CampaignState.DONE
    first, second = campaign.probes
    assert first.state is ProbeState.KEPT
    assert "Validation Failed" in first.reason
    assert first.jobs[0].state is JobState.PASSED
    assert second.state is ProbeState.CLOSED


def test_a_repeated_command_that_is_refused(state: Engine) -> None:
    world = World(state, (DemoJob("other", 20),))
    refuse_first(world, "create_comment")
    campaign = world.campaigns().start(UNIT)
    assert campaign.state is CampaignState.DONE
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert "Validation Failed" in campaign.probes[0].reason


def test_closing_kept_ones_that_is_refused(state: Engine) -> None:
    world = World(state, (DemoJob("unit", 20, failure_rate=1),))
    refuse_first(world, "close_pull")
    campaign = world.campaigns().start(replace(UNIT, count=3, kept_limit=1))
    assert campaign.state is CampaignState.DONE
    assert "Validation Failed" in campaign.probes[0].reason
    assert [pull.is_open for pull in world.forge.pulls.values()] == [True, False, True]


def test_a_base_branch_that_is_deleted_midway(state: Engine) -> None:
    world = World(state, (DemoJob("unit", 20),))
    campaigns = world.campaigns()

    def watch(campaign: Any, _note: str) -> None:
        if campaign.probes[0].state is ProbeState.WATCHING:
            world.forge.heads.pop("main", None)

    campaign = campaigns.start(UNIT, watch)
    assert campaign.state is CampaignState.DONE
    first, second = campaign.probes
    assert (first.state, second.state) == (ProbeState.CLOSED, ProbeState.BLOCKED)
    assert "no branch 'main'" in second.reason
    assert not world.forge.heads


def test_a_base_branch_that_never_was_starts_no_campaign(state: Engine) -> None:
    world = World(state)
    with pytest.raises(UsageError, match="has no branch 'mian'"):
        world.campaigns().start(replace(SPEC, branch="mian"))
    assert world.campaigns().ledger.all() == []
