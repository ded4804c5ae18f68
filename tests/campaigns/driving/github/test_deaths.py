"""Drivers that are killed around their writes to the stand-in and to the state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.ledger import OPEN
from ci_stat.campaigns.model import (
    Campaign,
    Spec,
)
from tests.campaigns.driving.deaths import Death, Killed
from tests.campaigns.driving.github.steps import ONE, check, jobs
from tests.campaigns.driving.github.world import GitHubWorld, github_world
from tests.support.drawn import FULL, SEED

SAMPLE = {"sqlite": 5, "mysql": 2}  # points of the crash matrix in the short form


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
@pytest.mark.transaction
def test_killed_before_and_after_writes(state: Engine, tmp_path: Path) -> None:
    spec = replace(ONE, count=2 if FULL else 1, stagger=timedelta(minutes=5))
    counted = Death()
    with github_world(state, tmp_path / "counted", jobs(), "counted") as world:
        run_until(world, spec, counted)
    outward = [at for at, name in enumerate(counted.names, 1) if not name.endswith("commit")]
    assert len(outward) >= 16 * spec.count
    commits = sorted({*range(1, counted.points + 1)} - {*outward})
    random = Random(SEED)
    sample = random.sample(outward, SAMPLE[state.dialect.name])
    full = [*outward, *random.sample(commits, min(20, len(commits)))]
    for at in sorted(full if FULL else sample):
        with github_world(state, tmp_path / str(at), jobs(), f"killed {at}") as world:
            death = Death(at)
            ended = run_until(world, spec, death)
            try:
                check(world, ended or finished_by_another(world, spec), spec.count)
            except AssertionError as error:
                raise AssertionError(f"killed at {at}: {death.names[-1]}") from error
