"""A killed driver is followed by one that finishes the campaign: nothing twice, nothing lost."""

import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.ledger import OPEN
from ci_stat.campaigns.marker import read_mark
from ci_stat.campaigns.model import FINAL_STATES, Campaign, CampaignState, JobState, ProbeState
from ci_stat.demo.forge import DemoJob
from tests.campaigns.driving.deaths import Death, Killed, watch
from tests.campaigns.driving.world import SPEC, World
from tests.support.drawn import FULL, SEED

SHORT = replace(
    SPEC,
    count=10 if FULL else 2,
    commands=("/test unit",),
    contexts=("unit",),
    labels=("stability",),
)
UNIT = (DemoJob("unit", 20, failure_rate=0.3),)
SAMPLE = {"sqlite": 12, "mysql": 4}  # points in the short form


def run_until(world: World, death: Death) -> Campaign | None:
    """Drive a campaign until it ends or the driver is killed."""
    undo = watch(death, world.state, world.forge)
    try:
        return world.campaigns("host:1:a").start(SHORT)
    except Killed:
        return None
    finally:
        undo()


def finished_by_another(world: World) -> Campaign:
    """Another process continues, or begins anew if the killed one had stored no campaign."""
    successor = world.campaigns("host:2:b", lambda owner: owner == "host:2:b")
    known = [one for one in successor.ledger.all() if one.state in OPEN]
    ended = [one for one in successor.ledger.all() if one.state not in OPEN]
    if ended:
        return ended[0]
    return successor.resume() if known else successor.start(SHORT)


def check(world: World, campaign: Campaign) -> None:
    forge = world.forge
    assert campaign.state is CampaignState.DONE
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert len(forge.pulls) == SHORT.count, "no pull request twice, none lost"

    marks = {read_mark(pull.body) for pull in forge.pulls.values()}
    assert len(marks) == SHORT.count
    heads = {pull.head_sha for pull in forge.pulls.values()}
    assert len(heads) == SHORT.count, "distinct commits"

    for probe in campaign.probes:
        bodies = [note.body for note in forge.notes[probe.number]]
        parts = Counter(re.findall(r"[0-9a-f]{16} (\w+(?: \d+)?) -->", "\n".join(bodies)))
        assert parts == {"commands 1": 1, "result": 1}
        assert [run.sha for run in forge.runs].count(probe.head_sha) == 1, "no job twice"
        has_failed = any(job.state is JobState.FAILED for job in probe.jobs)
        assert (probe.state is ProbeState.KEPT) == has_failed

    kept = {probe.branch for probe in campaign.probes if probe.state is ProbeState.KEPT}
    assert set(forge.heads) == kept | {"main"}, "no branch is left over"


def points(state: Engine) -> list[int]:
    """Where to kill: a sample; in the full suite around each write at the forge, and a sample."""
    counted = Death()
    run_until(World(state, UNIT), counted)
    every = range(1, counted.points + 1)
    sample = Random(SEED).sample(every, 200 if FULL else SAMPLE[state.dialect.name])
    outward = [at for at, name in enumerate(counted.names, 1) if not name.endswith("commit")]
    return sorted({*sample, *(outward if FULL else ())})


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_before_and_after_every_write(state: Engine) -> None:
    for at in points(state):
        world = World(state, UNIT, place=f"killed {at}")
        death = Death(at)
        ended = run_until(world, death)
        try:
            check(world, ended or finished_by_another(world))
        except AssertionError as error:
            raise AssertionError(f"killed at {at}: {death.names[-1]}") from error
