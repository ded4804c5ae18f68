"""Campaigns whose clock is wrong for a while."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import CampaignState, ProbeState
from tests.campaigns.driving.world import BEGIN, JOBS, SPEC, Time, World

DAY = timedelta(days=1)


@dataclass
class SetTime(Time):
    """A time that somebody sets once, after some sleeps. That of the forge stays right.

    `slept`: seconds in all.
    """

    after: int = 0
    by: timedelta = timedelta()
    slept: float = 0

    def of_forge(self) -> datetime:
        return BEGIN + timedelta(seconds=self.slept)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.slept += seconds
        self.after -= 1
        if self.after == 0:
            self.now += self.by


@pytest.mark.parametrize("after", [1, 5, 40])
def test_a_clock_that_is_set_back_prolongs_no_wait(state: Engine, after: int) -> None:
    time = SetTime(after=after, by=-DAY)
    jobs = tuple(replace(job, failure_rate=0, infra_rate=0) for job in JOBS)
    world = World(state, jobs, time=time)
    world.forge.clock = time.of_forge
    campaign = world.campaigns().start(replace(SPEC, count=1))
    assert campaign.state is CampaignState.DONE
    assert {probe.state for probe in campaign.probes} <= {ProbeState.CLOSED, ProbeState.KEPT}
    assert time.slept < timedelta(hours=4).total_seconds()
