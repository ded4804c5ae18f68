"""Pull requests that cannot be opened end alone: the others go on, and nothing is left over."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import Campaign, CampaignState, JobState, ProbeState
from ci_stat.campaigns.opening import NotAccepted
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite
from tests.campaigns.driving.world import SPEC, World


def refusing(world: World, write: str, code: int, times: int = 1) -> None:
    """Let a write at the forge be refused."""
    accept = getattr(world.forge, write)
    left = times

    def refuse(*arguments: Any, **more: Any) -> ForgeWrite:
        nonlocal left
        if left > 0:
            left -= 1
            return ForgeWrite(DeliveryState.FAILED, code=code, reason="Validation Failed")
        answer: ForgeWrite = accept(*arguments, **more)
        return answer

    setattr(world.forge, write, refuse)


@pytest.mark.parametrize("write", ["create_commit", "create_branch", "create_pull", "add_labels"])
@pytest.mark.parametrize("code", [409, 422])
def test_one_that_is_refused_is_blocked(state: Engine, write: str, code: int) -> None:
    world = World(state)
    refusing(world, write, code)
    campaign = world.campaigns().start(replace(SPEC, labels=("stability",)))

    assert campaign.state is CampaignState.DONE
    first, *others = campaign.probes
    assert first.state is ProbeState.BLOCKED
    assert "Validation Failed" in first.reason
    assert {job.state for job in first.jobs} == {JobState.ABORTED}
    assert all(probe.state in (ProbeState.CLOSED, ProbeState.KEPT) for probe in others)
    assert first.branch not in world.forge.heads
    assert not [pull for pull in world.forge.pulls_of(first.branch) if pull.is_open]


def test_no_right_to_write_ends_the_driver_and_resume_continues(state: Engine) -> None:
    world = World(state)
    refusing(world, "create_branch", 403)
    with pytest.raises(Exception, match="could not create the branch") as refusal:
        world.campaigns("host:1:a").start(SPEC)
    assert not isinstance(refusal.value, NotAccepted)
    campaign = world.campaigns("host:2:b").resume()
    assert campaign.state is CampaignState.DONE
    assert len(world.forge.pulls) == SPEC.count


class Stopped(BaseException):
    """The driver ends."""


@pytest.mark.parametrize("write", ["create_branch", "create_pull"])
def test_cancelled_between_two_writes(state: Engine, write: str) -> None:
    """The branch, or the pull request, exists, and our state does not know it."""
    world = World(state)
    create = getattr(world.forge, write)

    def and_stop(*arguments: Any) -> ForgeWrite:
        create(*arguments)
        raise Stopped

    setattr(world.forge, write, and_stop)
    with pytest.raises(Stopped):
        world.campaigns("host:1:a").start(SPEC)
    delattr(world.forge, write)

    cancelled: Campaign = world.campaigns("host:2:b").cancel()
    assert cancelled.state is CampaignState.CANCELLED
    assert set(world.forge.heads) == {"main"}
    assert not world.forge.open_pulls("main")
    assert {probe.state for probe in cancelled.probes} == {ProbeState.CANCELLED}
