"""Whole campaigns against the made-up forge."""

from sqlalchemy import Engine

from ci_stat.campaigns.model import CampaignState, JobState, ProbeState
from tests.campaigns.driving.world import SPEC, World


def test_a_campaign_from_plan_to_end(state: Engine) -> None:
    world = World(state)
    campaign = world.campaigns().start(SPEC)
    assert campaign.state is CampaignState.DONE
    assert {probe.state for probe in campaign.probes} <= {ProbeState.CLOSED, ProbeState.KEPT}
    assert len(world.forge.pulls) == 3
    assert [len(world.forge.notes[number]) for number in world.forge.pulls] == [2, 2, 2]
    for probe in campaign.probes:
        states = {job.state for job in probe.jobs}
        assert (probe.state is ProbeState.KEPT) == (JobState.FAILED in states)
        assert (probe.branch in world.forge.heads) == (probe.state is ProbeState.KEPT)
        assert world.forge.pulls[probe.number].is_open == (probe.state is ProbeState.KEPT)
    assert world.campaigns().ledger.get(campaign.id) == campaign
