"""GitHub answers "not found" to a token that lost its access: nothing is concluded from that."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import Campaign, JobState, ProbeState
from ci_stat.errors import CiStatError, NotFound
from tests.campaigns.driving.github.steps import ONE, PASS, check, jobs
from tests.campaigns.driving.github.world import GitHubWorld, github_world
from tests.support.github import Fault

Moment = Callable[[GitHubWorld, Campaign], bool]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def is_running(_world: GitHubWorld, campaign: Campaign) -> bool:
    return any(job.state is JobState.RUNNING for probe in campaign.probes for job in probe.jobs)


def is_ending(_world: GitHubWorld, campaign: Campaign) -> bool:
    return campaign.probes[0].state is ProbeState.ENDING


def is_opening(_world: GitHubWorld, campaign: Campaign) -> bool:
    return campaign.probes[0].state is ProbeState.OPENING


@pytest.mark.parametrize("moment", [is_opening, is_running, is_ending])
def test_a_hidden_repository_ends_no_pull_request(
    state: Engine, tmp_path: Path, moment: Moment
) -> None:
    with github_world(state, tmp_path, jobs(PASS)) as world:

        def watch(campaign: Campaign, _note: str) -> None:
            world.code.hidden = world.code.hidden or moment(world, campaign)

        with pytest.raises(CiStatError, match=r"may not see it|not visible"):
            world.campaigns().start(ONE, watch)
        world.code.hidden = False
        check(world, world.campaigns("host:2:b").resume(), 1)


def test_a_branch_that_could_not_be_deleted_is_deleted_later(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(PASS)) as world:

        def hide(method: str, _path: str) -> None:
            world.code.hidden = world.code.hidden or method == "DELETE"

        world.github.before = hide
        with pytest.raises(CiStatError):
            world.campaigns().start(ONE)
        world.github.before, world.code.hidden = None, False
        check(world, world.campaigns("host:2:b").resume(), 1)


def test_an_unknown_repository_starts_nothing(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs()) as world:
        world.code.hidden = True
        service = world.campaigns()
        with pytest.raises(NotFound, match="GitHub has no repository pingcap/ticdc"):
            service.start(ONE)
        assert service.ledger.all() == []


def test_a_commit_whose_base_cannot_be_read_is_tried_again(state: Engine, tmp_path: Path) -> None:
    """The read is part of the write: the write must not stay in progress."""
    with github_world(state, tmp_path, jobs(PASS)) as world:
        path = "/git/commits/[0-9a-f]+$"
        world.github.fault(*[Fault("503", method="GET", path=path)] * 30)
        service = world.campaigns(alive=lambda owner: owner == "host:1:a")
        check(world, service.start(ONE), 1)
