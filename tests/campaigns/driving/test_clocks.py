"""Campaigns whose clock is wrong for a while."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import Campaign, CampaignState, ProbeState
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


class Gone(BaseException):
    """The driver ends."""


def test_a_campaign_that_is_resumed_after_a_week_is_staggered(state: Engine) -> None:
    world = World(state)

    def leave(campaign: Campaign, _note: str) -> None:
        if campaign.probes[0].state is ProbeState.WATCHING:
            raise Gone

    with pytest.raises(Gone):
        world.campaigns("host:1:a").start(SPEC, leave)
    world.time.now += 7 * DAY
    campaign = world.campaigns("host:2:b").resume()
    assert campaign.state is CampaignState.DONE
    opened = [probe.opened for probe in campaign.probes if probe.opened]
    assert opened[1] - opened[0] >= 7 * DAY
    assert opened[2] - opened[1] >= SPEC.stagger
