"""Rights, addresses and answers that get lost while a campaign runs."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import (
    Move,
    Probe,
)
from ci_stat.campaigns.rights import problems_of
from ci_stat.campaigns.views.list_document import list_data
from ci_stat.campaigns.views.progress import progress_lines
from ci_stat.errors import CiStatError
from tests.campaigns.driving.github.steps import ONE, PASS, campaign_disturbed, check, jobs
from tests.campaigns.driving.github.world import REPO, GitHubWorld, github_world
from tests.support.github import Fault


def test_a_token_that_loses_its_rights_stops_and_resumes(state: Engine, tmp_path: Path) -> None:
    spec = replace(ONE, count=2)
    with github_world(state, tmp_path, jobs(PASS, PASS)) as world:
        token = world.github.token

        def lose(method: str, path: str) -> None:
            if method == "POST" and path.endswith("/comments"):
                world.github.token = "another"

        world.github.after = lose
        with pytest.raises(CiStatError, match="401"):
            world.campaigns().start(spec)
        world.github.after, world.github.token = None, token
        check(world, world.campaigns("host:2:b").resume(), 2)


@pytest.mark.parametrize("new", ["pingcap/elsewhere", "tikv/ticdc"])
def test_a_campaign_goes_on_in_a_repository_that_moved(
    state: Engine, tmp_path: Path, new: str
) -> None:
    spec = replace(ONE, count=2)
    with github_world(state, tmp_path, jobs(PASS, PASS)) as world:

        def move(world: GitHubWorld, probe: Probe) -> None:
            world.code.rename(REPO, new)

        campaign = campaign_disturbed(world, spec, move)
        assert campaign.moves == (Move(REPO, new),)
        check(world, campaign, 2)
        said = " ".join(progress_lines(None, campaign))
        assert f"{REPO} has moved to {new}: use the new name" in said
        (listed,) = list_data([campaign])
        assert listed["moved"] == {REPO: new}
        (problem, *_) = problems_of(ONE, world.campaigns().driver.forge)
        assert problem == f"{REPO} has moved to {new}: use the new name from the next campaign on."


@pytest.mark.parametrize(
    "what", ["drop-after", "502-after", "429", "secondary", "html-200-after", "object-201-after"]
)
def test_every_kind_of_write_meets_a_fault_once(state: Engine, tmp_path: Path, what: str) -> None:
    paths = ("/git/trees$", "/git/commits$", "/git/refs$", "/pulls$", "/labels$", "/comments$")
    with github_world(state, tmp_path, jobs(PASS)) as world:
        faults = [Fault(what, method="POST", path=path) for path in paths]
        world.github.fault(*faults, Fault(what, method="PATCH"), Fault(what, method="DELETE"))
        check(world, world.campaigns().start(ONE), 1)
