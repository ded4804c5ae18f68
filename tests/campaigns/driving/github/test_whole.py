"""Whole campaigns through `GitHubForge`: the strict stand-in, real git, and a double of Prow."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Engine

from ci_stat.campaigns.model import (
    CampaignState,
    Ending,
    JobState,
    ProbeState,
)
from ci_stat.campaigns.rights import problems_of
from tests.campaigns.driving.github.steps import FAIL, ONE, PASS, SPEC, jobs, parts_of
from tests.campaigns.driving.github.world import github_world


def test_a_whole_campaign_leaves_nothing(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(PASS, FAIL, PASS)) as world:
        service = world.campaigns()
        assert problems_of(SPEC, service.driver.forge) == []
        campaign = service.start(SPEC)

        assert campaign.state is CampaignState.DONE
        assert {probe.state for probe in campaign.probes} == {ProbeState.CLOSED}
        states = [[job.state for job in probe.jobs] for probe in campaign.probes]
        passed, failed = JobState.PASSED, JobState.FAILED
        assert states == [[passed, passed], [passed, failed], [passed, passed]]

        assert world.branches == {"master"}
        assert world.open_pulls == set()
        assert len({pull.sha for pull in world.code.pulls.values()}) == 3
        for probe in campaign.probes:
            assert parts_of(world, probe) == {"commands 1": 1, "result": 1}
            assert "stability" in world.code.issue(probe.number).labels
            assert all(job.description.startswith("Jenkins job") for job in probe.jobs)
        assert [run.state for run in world.prow.runs].count("pending") == 0
        begun = [probe.opened for probe in campaign.probes if probe.opened]
        pauses = [later - earlier for earlier, later in pairwise(begun)]
        assert min(pauses) >= timedelta(minutes=29)


def test_a_failed_one_is_kept(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(FAIL)) as world:
        (probe,) = world.campaigns().start(replace(ONE, failed=Ending.KEEP)).probes
        assert probe.state is ProbeState.KEPT
        assert world.open_pulls == {probe.number}
        assert world.branches == {"master", probe.branch}


def test_branches_in_a_fork(state: Engine, tmp_path: Path) -> None:
    fork = "ci-bot/ticdc"
    with github_world(state, tmp_path, jobs(PASS)) as world:
        world.code.forks.add(fork)
        world.github.may_push = False
        service = world.campaigns(fork=fork)
        spec = replace(ONE, fork=fork, labels=())
        assert problems_of(spec, service.driver.forge) == []
        campaign = service.start(spec)
        assert [job.state for job in campaign.probes[0].jobs] == [JobState.PASSED]
        assert {pull.head_repo for pull in world.code.pulls.values()} == {fork}
        assert world.code.heads(fork) == {}
        assert world.branches == {"master"}
        assert world.open_pulls == set()
