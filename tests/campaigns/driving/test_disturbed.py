"""Campaigns that people and other processes disturb."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

import pytest
from sqlalchemy import Engine

from ci_stat.campaigns.model import (
    FINAL_STATES,
    Campaign,
    CampaignState,
    JobState,
    Probe,
    ProbeState,
)
from ci_stat.demo.forge import DemoJob
from ci_stat.errors import Refused
from ci_stat.store.state.campaign_rows import ChangedByAnother
from tests.campaigns.driving.world import SPEC, World
from tests.support.drawn import FULL, SEED

UNIT = (DemoJob("unit", 20),)
ONE = replace(SPEC, count=1, commands=("/test unit",), contexts=("unit",))
THREE = replace(ONE, count=3, stagger=timedelta(minutes=5))


class Stopped(BaseException):
    """The driver is stopped here."""


def run_until_watching(world: World) -> Campaign:
    """A campaign whose driver was stopped while its first pull request is watched."""
    running = world.campaigns()

    def watch(campaign: Campaign, _note: str) -> None:
        if campaign.probes[0].state is ProbeState.WATCHING:
            raise Stopped

    with pytest.raises(Stopped):
        running.start(THREE, watch)
    return running.ledger.all()[0]


def test_cancelling_opens_no_more_and_leaves_no_branch(state: Engine) -> None:
    world = World(state, UNIT)
    campaign = run_until_watching(world)
    cancelled = world.campaigns("host:2:b").cancel(campaign.id)

    assert cancelled.state is CampaignState.CANCELLED
    assert {probe.state for probe in cancelled.probes} == {ProbeState.CANCELLED}
    assert len(world.forge.pulls) == 1
    assert set(world.forge.heads) == {"main"}
    assert not world.forge.open_pulls("main")


def test_a_branch_that_somebody_pushed_to_is_left_alone(state: Engine) -> None:
    world = World(state, UNIT)
    campaign = run_until_watching(world)
    first = campaign.probes[0]
    world.forge.push(first.number, "d" * 40)
    comments = len(world.forge.notes[first.number])
    ended = world.campaigns("host:2:b").resume()

    probe = ended.probes[0]
    assert probe.state is ProbeState.KEPT
    assert world.forge.heads[first.branch] == "d" * 40
    assert world.forge.pulls[first.number].is_open
    assert len(world.forge.notes[first.number]) == comments
    assert [one.state for one in ended.probes[1:]] == [ProbeState.CLOSED, ProbeState.CLOSED]


@pytest.mark.concurrent
def test_the_second_driver_says_who_is_at_it(state: Engine) -> None:
    world = World(state, UNIT)
    first = world.campaigns("host:1:a", lambda _: True)
    messages: list[str] = []

    def watch(campaign: Campaign, _note: str) -> None:
        if messages or campaign.probes[0].state is not ProbeState.WATCHING:
            return
        second = world.campaigns("host:2:b", lambda _: True)
        acts: tuple[Callable[[], Campaign], ...] = (
            second.resume,
            partial(second.start, THREE),
        )
        for act in acts:
            with pytest.raises(Refused) as refusal:
                act()
            messages.append(str(refusal.value))

    campaign = first.start(THREE, watch)
    assert campaign.state is CampaignState.DONE
    assert len(messages) == 2
    assert all("A campaign on main is being driven" in message for message in messages)
    assert len(world.forge.pulls) == 3


@pytest.mark.concurrent
def test_a_driver_does_what_another_process_cancels(state: Engine) -> None:
    world = World(state, UNIT)
    first = world.campaigns("host:1:a", lambda _: True)
    answers: list[Campaign] = []

    def watch(campaign: Campaign, _note: str) -> None:
        if not answers and campaign.probes[0].state is ProbeState.WATCHING:
            answers.append(world.campaigns("host:2:b", lambda _: True).cancel())

    ended = first.start(THREE, watch)
    assert answers[0].state is CampaignState.CANCELLING
    assert ended.state is CampaignState.CANCELLED
    assert ended.reason == "cancelled"
    assert {probe.state for probe in ended.probes} == {ProbeState.CANCELLED}
    assert set(world.forge.heads) == {"main"}


@pytest.mark.concurrent
def test_a_driver_that_lost_the_campaign_overwrites_nothing(state: Engine) -> None:
    world = World(state, UNIT)
    campaign = run_until_watching(world)
    slow, fast = world.campaigns("host:2:b"), world.campaigns("host:3:c")
    known = slow.ledger.get(campaign.id)
    ended = fast.resume()
    with pytest.raises(ChangedByAnother):
        slow.ledger.put_probe(known, known.probes[0])
    assert fast.ledger.get(campaign.id) == ended


@pytest.mark.concurrent
def test_campaigns_on_two_branches_of_a_repository(state: Engine) -> None:
    world = World(state, UNIT)
    world.forge.heads["release"] = "e" * 40
    first, second = world.campaigns("host:1:a"), world.campaigns("host:2:b")
    others: list[Campaign] = []

    def watch(campaign: Campaign, _note: str) -> None:
        if not others and campaign.probes[0].state is ProbeState.WATCHING:
            others.append(second.start(replace(THREE, branch="release")))

    mine = first.start(THREE, watch)
    branches = {probe.branch for one in (mine, *others) for probe in one.probes}
    assert [one.state for one in (mine, *others)] == [CampaignState.DONE] * 2
    assert len(branches) == len(world.forge.pulls) == 6
    assert set(world.forge.heads) == {"main", "release"}


def test_kept_ones_are_limited_over_campaigns(state: Engine) -> None:
    world = World(state, (DemoJob("unit", 20, failure_rate=1),))
    spec = replace(THREE, kept_limit=2)
    older = world.campaigns().start(spec)
    newer = world.campaigns().start(spec)
    numbers = [probe.number for one in (older, newer) for probe in one.probes]

    still_open = {pull.number for pull in world.forge.open_pulls("main")}
    assert still_open == set(numbers[-2:])
    assert len(world.forge.heads) == 1 + len(still_open)


def disturb(world: World, random: Random, probe: Probe) -> bool:
    """Do to an open pull request what a person may do. Whether somebody pushed to it."""
    pull = world.forge.pulls[probe.number]
    act = random.choice(("push", "close", "retest", "talk", "nothing"))
    if act == "push" and pull.is_open:
        world.forge.push(probe.number, f"{random.getrandbits(160):040x}")
        return True
    if act == "close":
        world.forge.close_pull(probe.number)
    if act == "retest" and pull.is_open:
        world.forge.create_comment(probe.number, "/test unit")
    if act == "talk":
        world.forge.create_comment(probe.number, "What is this?")
    return False


@pytest.mark.parametrize("number", range(200 if FULL else 12))
def test_events_in_any_order(state: Engine, number: int) -> None:
    """Each campaign ends, with each result once, and touches nothing that somebody pushed to."""
    random = Random(f"{SEED} {number}")
    world = World(state, (DemoJob("unit", 20, 0.3, 0.2),), seed=number)
    pushed: set[str] = set()

    def watch(campaign: Campaign, _note: str) -> None:
        for probe in campaign.probes:
            is_watched = probe.state is ProbeState.WATCHING and probe.branch not in pushed
            if is_watched and random.random() < 0.1 and disturb(world, random, probe):
                pushed.add(probe.branch)

    campaign = world.campaigns().start(THREE, watch)
    assert campaign.state is CampaignState.DONE
    assert all(probe.state in FINAL_STATES for probe in campaign.probes)
    assert all(job.is_terminal for probe in campaign.probes for job in probe.jobs)
    assert len(world.forge.pulls) == THREE.count
    assert pushed <= set(world.forge.heads)

    kept = {probe.branch for probe in campaign.probes if probe.state is ProbeState.KEPT}
    assert set(world.forge.heads) <= kept | pushed | {"main"}
    for probe in campaign.probes:
        bodies = "".join(note.body for note in world.forge.notes[probe.number])
        assert bodies.count(" result -->") <= 1
        assert bodies.count(" commands 1 -->") == 1
        has_passed = probe.jobs[0].state is JobState.PASSED
        assert not (has_passed and probe.state is ProbeState.CANCELLED)
