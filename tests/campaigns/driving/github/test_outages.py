"""Rights, addresses and answers that get lost while a campaign runs."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import (
    Probe,
)
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


def test_a_repository_that_moves_midway_stops_and_resumes(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(PASS)) as world:

        def move(world: GitHubWorld, probe: Probe) -> None:
            world.code.renamed[REPO] = "pingcap/elsewhere"

        with pytest.raises(CiStatError, match="has moved"):
            campaign_disturbed(world, ONE, move)
        world.code.renamed.clear()
        check(world, world.campaigns("host:2:b").resume(), 1)


@pytest.mark.parametrize(
    "what", ["drop-after", "502-after", "429", "secondary", "html-200-after", "object-201-after"]
)
def test_every_kind_of_write_meets_a_fault_once(state: Engine, tmp_path: Path, what: str) -> None:
    paths = ("/git/trees$", "/git/commits$", "/git/refs$", "/pulls$", "/labels$", "/comments$")
    with github_world(state, tmp_path, jobs(PASS)) as world:
        faults = [Fault(what, method="POST", path=path) for path in paths]
        world.github.fault(*faults, Fault(what, method="PATCH"), Fault(what, method="DELETE"))
        check(world, world.campaigns().start(ONE), 1)
