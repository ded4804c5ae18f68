"""A driver that is killed while it keeps and trims pull requests leaves no more than the limit."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.ledger import OPEN
from ci_stat.campaigns.model import CampaignState
from ci_stat.demo.forge import DemoJob
from tests.campaigns.driving.deaths import Death, Killed, watch
from tests.campaigns.driving.world import SPEC, World
from tests.support.drawn import drawn

FAILING = (DemoJob("unit", 20, failure_rate=1),)
TWO = replace(SPEC, count=2, commands=("/test unit",), contexts=("unit",), kept_limit=1)


def run_until(world: World, death: Death) -> None:
    undo = watch(death, world.state, world.forge)
    try:
        world.campaigns().start(TWO)
    except Killed:
        pass
    finally:
        undo()


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_around_the_end_of_kept_ones(state: Engine) -> None:
    counted = Death()
    run_until(World(state, FAILING, place="undisturbed"), counted)
    last_result = max(at for at, name in enumerate(counted.names) if "create_comment" in name)
    second_end = max(1, last_result - 12)
    ending = range(second_end, counted.points + 1)
    outward = [at for at in ending if not counted.names[at - 1].endswith("commit")]
    points = sorted({*outward, *drawn(ending, 4, "kept deaths")})
    is_slow = state.dialect.name != "sqlite"
    for at in drawn(points, 4, "kept deaths on a server") if is_slow else points:
        world = World(state, FAILING, place=f"killed {at}")
        run_until(world, Death(at))
        successor = world.campaigns("host:2:b", lambda owner: owner == "host:2:b")
        (campaign,) = successor.ledger.all()
        ended = successor.resume() if campaign.state in OPEN else campaign

        where = f"killed at {at}: {counted.names[at - 1]}"
        assert ended.state is CampaignState.DONE, where
        assert len(world.forge.open_pulls("main")) == 1, where
        assert len(world.forge.heads) == 2, where
        closings = "".join(note.body for notes in world.forge.notes.values() for note in notes)
        assert closings.count(" closing 1 -->") + closings.count(" closing -->") == 1, where
