"""Whole campaigns through `GitHubForge`: the strict stand-in, real git, and a double of Prow."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.ledger import OPEN
from ci_stat.campaigns.model import (
    FINAL_STATES,
    Campaign,
    CampaignState,
    Ending,
    FileMode,
    JobState,
    Probe,
    ProbeState,
    Spec,
)
from ci_stat.campaigns.rights import problems_of
from ci_stat.errors import CiStatError
from tests.campaigns.driving.deaths import Death, Killed
from tests.campaigns.driving.github_world import REPO, GitHubWorld, github_world
from tests.support.drawn import FULL, SEED
from tests.support.github import Fault
from tests.support.prow import Job, Outcome, alias_job

UNIT, LIGHT = "pull-unit-test", "pull-cdc-mysql-integration-light"
UNDERSCORES = "pull_cdc_mysql_integration_light_next_gen"
PASS, FAIL, INFRA = Outcome.PASS, Outcome.FAIL, Outcome.INFRA
SPEC = Spec(
    repo=REPO,
    branch="master",
    count=3,
    stagger=timedelta(minutes=30),
    labels=("stability",),
    commands=(f"/test {UNIT}", f"/test {LIGHT}"),
    contexts=(UNIT, LIGHT),
    failed=Ending.CLOSE,
)
ONE = replace(SPEC, count=1, commands=(f"/test {LIGHT}",), contexts=(LIGHT,))
SAMPLE = 5  # points of the crash matrix in the short form


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def jobs(*light: Outcome, minutes: int = 12) -> tuple[Job, ...]:
    return (
        alias_job(UNIT, minutes=6, agent="kubernetes"),
        alias_job(LIGHT, "light", "mysql", minutes=minutes, outcomes=light),
    )


def parts_of(world: GitHubWorld, probe: Probe) -> Counter[str]:
    """Our comments on a pull request, by the part that their markers name."""
    bodies = [comment.body for comment in world.code.issue(probe.number).comments]
    return Counter(re.findall(r"[0-9a-f]{16} (\w+(?: \d+)?) -->", "\n".join(bodies)))


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


# What people and the CI do meanwhile

Disturbance = Callable[[GitHubWorld, Probe], object]


def campaign_disturbed(world: GitHubWorld, spec: Spec, disturb: Disturbance) -> Campaign:
    """A campaign; `disturb` is called once, as soon as the first job of a probe runs."""
    is_done: set[int] = set()

    def watch(campaign: Campaign, _note: str) -> None:
        for probe in campaign.probes:
            is_running = any(job.state is JobState.RUNNING for job in probe.jobs)
            if is_running and not is_done:
                is_done.add(probe.position)
                disturb(world, probe)

    return world.campaigns().start(spec, watch)


def says(text: str, author: str = "ci-bot") -> Disturbance:
    return lambda world, probe: world.github.comment(probe.number, text, author)


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


# Faults and deaths


@pytest.mark.parametrize("what", ["drop-after", "502-after", "429", "secondary", "html-200-after"])
def test_every_kind_of_write_meets_a_fault_once(state: Engine, tmp_path: Path, what: str) -> None:
    paths = ("/git/trees$", "/git/commits$", "/git/refs$", "/pulls$", "/labels$", "/comments$")
    with github_world(state, tmp_path, jobs(PASS)) as world:
        faults = [Fault(what, method="POST", path=path) for path in paths]
        world.github.fault(*faults, Fault(what, method="PATCH"), Fault(what, method="DELETE"))
        check(world, world.campaigns().start(ONE), 1)


def check(world: GitHubWorld, campaign: Campaign, count: int) -> None:
    assert campaign.state is CampaignState.DONE
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert len(world.code.pulls) == count, "no pull request twice, none lost"
    assert len({pull.sha for pull in world.code.pulls.values()}) == count
    for probe in campaign.probes:
        assert parts_of(world, probe) == {"commands 1": 1, "result": 1}
        assert [run.number for run in world.prow.runs].count(probe.number) == 1
        assert [job.state for job in probe.jobs] == [JobState.PASSED]
    assert world.branches == {"master"}
    assert world.open_pulls == set()


@contextmanager
def mortal_commits(death: Death, state: Engine) -> Iterator[None]:
    """Let a death happen around each commit of the state, too."""
    commit = state.dialect.do_commit

    def around(connection: object) -> None:
        death.around("commit", commit, connection)

    state.dialect.do_commit = around  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del state.dialect.__dict__["do_commit"]


def run_until(world: GitHubWorld, spec: Spec, death: Death) -> Campaign | None:
    with mortal_commits(death, world.state):
        try:
            return world.campaigns(death=death).start(spec)
        except Killed:
            return None


def finished_by_another(world: GitHubWorld, spec: Spec) -> Campaign:
    """Another process continues, or begins anew if the killed one had stored no campaign."""
    successor = world.campaigns("host:2:b", lambda owner: owner == "host:2:b")
    known = successor.ledger.all()
    if not known:
        return successor.start(spec)
    return successor.resume() if known[0].state in OPEN else known[0]


@pytest.mark.chaos
def test_killed_before_and_after_writes(state: Engine, tmp_path: Path) -> None:
    spec = replace(ONE, count=2 if FULL else 1, stagger=timedelta(minutes=5))
    counted = Death()
    with github_world(state, tmp_path / "counted", jobs(), "counted") as world:
        run_until(world, spec, counted)
    outward = [at for at, name in enumerate(counted.names, 1) if not name.endswith("commit")]
    assert len(outward) >= 16 * spec.count
    commits = sorted({*range(1, counted.points + 1)} - {*outward})
    random = Random(SEED)
    sample = random.sample(outward, SAMPLE)
    full = [*outward, *random.sample(commits, min(20, len(commits)))]
    for at in sorted(full if FULL else sample):
        with github_world(state, tmp_path / str(at), jobs(), f"killed {at}") as world:
            death = Death(at)
            ended = run_until(world, spec, death)
            try:
                check(world, ended or finished_by_another(world, spec), spec.count)
            except AssertionError as error:
                raise AssertionError(f"killed at {at}: {death.names[-1]}") from error
