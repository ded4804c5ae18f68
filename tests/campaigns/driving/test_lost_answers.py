"""Writes whose answers are lost, or that the forge refuses: once, for a while, for ever."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import CampaignState
from ci_stat.campaigns.service import PATIENCE
from ci_stat.demo.forge import DemoForge, DemoJob
from ci_stat.errors import NotDelivered, SourceError
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite
from tests.campaigns.driving.deaths import WRITES
from tests.campaigns.driving.world import SPEC, World

ONE = replace(SPEC, count=1, commands=("/test unit",), contexts=("unit",), labels=("stability",))
LOST = ForgeWrite(DeliveryState.UNCERTAIN, code=502, reason="no valid answer")
BUSY = ForgeWrite(DeliveryState.FAILED, code=429, reason="too many requests")
DENIED = ForgeWrite(DeliveryState.FAILED, code=403, reason="the token lost its rights")


@dataclass
class Fault:
    """Spoils the first `times` calls of one write. `has_effect`: although the answer is lost."""

    answer: ForgeWrite
    times: int
    has_effect: bool = False
    calls: int = 0

    def spoil(self, forge: DemoForge, name: str) -> None:
        write = getattr(DemoForge, name).__get__(forge)
        setattr(forge, name, partial(self._call, write))

    def _call(self, write: Any, *arguments: Any) -> ForgeWrite:
        self.calls += 1
        if self.calls > self.times:
            written: ForgeWrite = write(*arguments)
            return written
        if self.has_effect:
            write(*arguments)
        return self.answer


def check(world: World) -> None:
    assert len(world.forge.pulls) == 1
    assert len(world.forge.notes[101]) == 2
    assert len(world.forge.runs) == 1
    assert set(world.forge.heads) == {"main"}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("fault", [Fault(LOST, 3), Fault(LOST, 1, has_effect=True), Fault(BUSY, 3)])
def test_passing_faults_end_no_campaign(state: Engine, name: str, fault: Fault) -> None:
    world = World(state, (DemoJob("unit", 20),))
    replace(fault, calls=0).spoil(world.forge, name)
    assert world.campaigns().start(ONE).state is CampaignState.DONE
    check(world)


@pytest.mark.parametrize("name", WRITES)
def test_lost_rights_are_said_at_once_and_the_campaign_can_be_resumed(
    state: Engine, name: str
) -> None:
    world = World(state, (DemoJob("unit", 20),))
    fault = Fault(DENIED, 1)
    fault.spoil(world.forge, name)
    with pytest.raises(NotDelivered, match="the token lost its rights"):
        world.campaigns().start(ONE)
    assert fault.calls == 1
    assert world.campaigns("host:2:b").resume().state is CampaignState.DONE
    check(world)


def test_a_forge_that_stays_away_ends_the_driver_and_not_the_campaign(state: Engine) -> None:
    world = World(state, (DemoJob("unit", 20),))
    fault = Fault(BUSY, PATIENCE)
    fault.spoil(world.forge, "create_pull")
    with pytest.raises(NotDelivered, match="too many requests"):
        world.campaigns().start(ONE)
    assert fault.calls == PATIENCE
    assert world.campaigns("host:2:b").resume().state is CampaignState.DONE
    check(world)


@pytest.mark.transaction
@pytest.mark.parametrize("name", ["create_branch", "create_pull", "create_comment"])
def test_a_lost_answer_that_cannot_be_looked_up_at_first(state: Engine, name: str) -> None:
    """The forge fails while it is asked whether the write took effect; then it is back."""
    world = World(state, (DemoJob("unit", 20),))
    Fault(LOST, 1, has_effect=True).spoil(world.forge, name)
    write = getattr(world.forge, name)
    failing = 0

    def and_fail(*arguments: Any) -> ForgeWrite:
        nonlocal failing
        written: ForgeWrite = write(*arguments)
        failing = 2 if written is LOST else 0
        return written

    def fail(read: Any, *arguments: Any) -> Any:
        nonlocal failing
        failing -= 1
        if failing >= 0:
            raise SourceError("GitHub does not answer.")
        return read(*arguments)

    setattr(world.forge, name, and_fail)
    for read in ("branch_head", "pulls_of", "comments"):
        setattr(world.forge, read, partial(fail, getattr(world.forge, read)))
    alive = world.campaigns("host:1:a", lambda owner: owner == "host:1:a")
    assert alive.start(ONE).state is CampaignState.DONE
    check(world)
