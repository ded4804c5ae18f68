"""What people and the CI do while a campaign runs at the stand-in."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import (
    FileMode,
    JobState,
    Probe,
    ProbeState,
)
from ci_stat.campaigns.rights import problems_of
from tests.campaigns.driving.github.steps import (
    INFRA,
    LIGHT,
    ONE,
    PASS,
    UNDERSCORES,
    Disturbance,
    campaign_disturbed,
    jobs,
    parts_of,
    says,
)
from tests.campaigns.driving.github.world import REPO, GitHubWorld, github_world


def overridden(world: GitHubWorld, probe: Probe) -> None:
    world.code.members.add("maintainer")
    world.github.comment(probe.number, f"/override {LIGHT}", "maintainer")


def pushed(world: GitHubWorld, probe: Probe) -> None:
    world.code.commit({"theirs.txt": "mine now\n"}, probe.branch)


def closed(world: GitHubWorld, probe: Probe) -> None:
    world.code.close(probe.number, "maintainer")


DISTURBANCES: dict[str, tuple[Disturbance, JobState]] = {
    "overridden": (overridden, JobState.OVERRIDDEN),
    "an override by a stranger": (says(f"/override {LIGHT}", "stranger"), JobState.PASSED),
    "pushed to": (pushed, JobState.SUPERSEDED),
    "closed": (closed, JobState.ABORTED),
    "triggered again": (says(f"/test {LIGHT}"), JobState.ABORTED),
    "a retest of what failed": (says("/retest"), JobState.PASSED),
    "a question": (says("/test ?"), JobState.PASSED),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_what_others_do(state: Engine, tmp_path: Path, name: str) -> None:
    disturb, expected = DISTURBANCES[name]
    with github_world(state, tmp_path, jobs(PASS)) as world:
        (probe,) = campaign_disturbed(world, ONE, disturb).probes
        assert [job.state for job in probe.jobs] == [expected]
        if expected is JobState.SUPERSEDED:
            assert probe.state is ProbeState.KEPT
            assert world.branches == {"master", probe.branch}, "it is theirs now"
        else:
            assert world.branches == {"master"}
            assert world.open_pulls == set()


def test_infrastructure_is_no_failure(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(INFRA)) as world:
        (probe,) = world.campaigns().start(ONE).probes
        assert probe.jobs[0].state is JobState.INFRA
        assert probe.jobs[0].reason == "Error starting Jenkins job."


def test_a_name_with_underscores_starts_nothing(state: Engine, tmp_path: Path) -> None:
    spec = replace(ONE, commands=(f"/test {UNDERSCORES}",), contexts=(UNDERSCORES,))
    with github_world(state, tmp_path, jobs()) as world:
        (probe,) = world.campaigns().start(spec).probes
        assert probe.jobs[0].state is JobState.NOT_TRIGGERED
        assert parts_of(world, probe) == {"commands 1": 1, "repeated 1": 1, "result": 1}
        assert world.prow.runs == []
        assert world.branches == {"master"}


def test_a_stranger_starts_nothing(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs()) as world:
        world.code.members.clear()
        service = world.campaigns()
        (problem,) = problems_of(ONE, service.driver.forge)
        assert "/ok-to-test" in problem
        (probe,) = service.start(ONE).probes
        assert probe.jobs[0].state is JobState.NOT_TRIGGERED
        assert world.prow.runs == []


def test_a_job_that_lasts_too_long(state: Engine, tmp_path: Path) -> None:
    with github_world(state, tmp_path, jobs(PASS, minutes=90)) as world:
        (probe,) = world.campaigns().start(replace(ONE, deadline=timedelta(minutes=20))).probes
        assert probe.jobs[0].state is JobState.TIMED_OUT
        assert [run.state for run in world.prow.runs] == ["failure"], "aborted by closing"
        assert world.branches == {"master"}


def test_a_conflict_starts_nothing(state: Engine, tmp_path: Path) -> None:
    spec = replace(ONE, file_mode=FileMode.LINE, file="Makefile")
    with github_world(state, tmp_path, jobs()) as world:

        def change_base(method: str, path: str) -> None:
            if (method, path) == ("POST", f"/repos/{REPO}/git/commits"):
                world.code.commit({"Makefile": "all: theirs\n"})

        world.github.after = change_base
        (probe,) = world.campaigns().start(spec).probes
        assert probe.state is ProbeState.BLOCKED
        assert probe.reason == "conflict with master in Makefile"
        assert world.prow.runs == []
        assert world.branches == {"master"}
