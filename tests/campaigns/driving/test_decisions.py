"""What a driver does next, as tables."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ci_stat.campaigns.decisions import (
    Action,
    Step,
    commands_to_repeat,
    next_look,
    next_step,
    usual_time,
)
from ci_stat.campaigns.model import (
    Budget,
    Campaign,
    CampaignState,
    JobResult,
    JobState,
    Probe,
    ProbeState,
)
from tests.campaigns.driving.world import BEGIN, SPEC


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def probe(state: ProbeState, position: int = 1, job: JobState = JobState.RUNNING) -> Probe:
    """A probe that was commanded and read at its due time, half an hour after the one before."""
    due = at(30 * (position - 1))
    begun = None if state is ProbeState.PLANNED else due
    jobs = (JobResult("unit", job), JobResult("slow", JobState.RUNNING))
    return Probe(
        position,
        due,
        "0" * 16,
        state,
        triggered=begun,
        commanded=begun,
        polled=begun,
        jobs=jobs,
    )


def campaign(*probes: Probe) -> Campaign:
    return Campaign("0" * 12, SPEC, BEGIN, probes=probes)


PLANNED, WATCHING, ENDING = ProbeState.PLANNED, ProbeState.WATCHING, ProbeState.ENDING


@pytest.mark.parametrize(
    ("probes", "minutes", "expected"),
    [
        ((probe(PLANNED),), 0, Step(Action.OPEN, 1)),
        ((probe(PLANNED, 2),), 29, Step(Action.WAIT, until=at(30))),
        ((probe(PLANNED, 2),), 30, Step(Action.OPEN, 2)),
        ((probe(WATCHING),), 0.5, Step(Action.WAIT, until=at(1))),
        ((probe(WATCHING), probe(PLANNED, 2)), 0.5, Step(Action.WAIT, until=at(1))),
        ((probe(WATCHING), probe(PLANNED, 2)), 2, Step(Action.POLL, 1)),
        ((probe(WATCHING), probe(PLANNED, 2)), 30, Step(Action.OPEN, 2)),
        ((probe(PLANNED), probe(ENDING, 2)), 60, Step(Action.END, 2)),
        ((probe(ProbeState.CLOSED), probe(ProbeState.KEPT, 2)), 60, Step(Action.FINISH)),
        ((), 0, Step(Action.FINISH)),
    ],
)
def test_the_next_step(probes: tuple[Probe, ...], minutes: float, expected: Step) -> None:
    assert next_step(campaign(*probes), at(minutes)) == expected


def test_a_cancelled_campaign_opens_no_more() -> None:
    cancelling = replace(campaign(probe(PLANNED)), state=CampaignState.CANCELLING)
    assert next_step(cancelling, at(0)) == Step(Action.SKIP, 1)
    watched = replace(cancelling, probes=(probe(WATCHING),))
    assert next_step(watched, at(0)) == Step(Action.POLL, 1)


def test_hours_of_the_budget() -> None:
    spec = replace(SPEC, budget=Budget(hours=1))
    limited = replace(campaign(probe(PLANNED)), spec=spec)
    assert next_step(limited, at(59)) == Step(Action.OPEN, 1)
    assert next_step(limited, at(60)) == Step(Action.SKIP, 1)


def test_looks_are_rare_while_jobs_usually_run() -> None:
    job = JobResult("unit", JobState.PASSED, ended=at(60))
    known = replace(probe(ProbeState.CLOSED), jobs=(job,))
    watched = probe(WATCHING, 2)
    assert look(campaign(watched), watched) == at(31)
    assert look(campaign(known, watched), watched) == at(40)
    near = replace(watched, polled=at(75))
    assert look(campaign(known, near), near) == at(78)  # 80 % of 60 minutes after 30


def test_looks_are_the_rarer_the_longer_jobs_run() -> None:
    """A result is noticed late by 5 % of the time since the commands, at most ten minutes."""
    for minutes, pause in ((15, 1), (60, 3), (180, 9), (400, 10)):
        late = replace(probe(WATCHING), triggered=at(0), polled=at(minutes))
        spec = replace(SPEC, deadline=timedelta(hours=12))
        assert next_look(spec, late, timedelta()) == at(minutes + pause)


def look(campaign: Campaign, probe: Probe) -> datetime:
    return next_look(campaign.spec, probe, usual_time(campaign))


@pytest.mark.parametrize(
    ("unit", "minutes", "repeated", "expected"),
    [
        (JobState.WAITING, 14, 0, ()),
        (JobState.WAITING, 15, 0, ("/test unit",)),  # that of the running job would abort it
        (JobState.WAITING, 15, 1, ()),
        (JobState.RUNNING, 15, 0, ()),
    ],
)
def test_commands_are_repeated_once(
    unit: JobState, minutes: float, repeated: int, expected: tuple[str, ...]
) -> None:
    silent = replace(probe(WATCHING, job=unit), repeated=repeated)
    assert commands_to_repeat(SPEC, silent, at(minutes)) == expected


def test_a_repeated_command_leaves_out_the_jobs_that_run() -> None:
    """`/test unit slow` would abort `slow`, which runs."""
    both = replace(SPEC, commands=("/test unit slow",))
    silent = probe(WATCHING, job=JobState.WAITING)
    assert commands_to_repeat(both, silent, at(15)) == ("/test unit",)

    none = replace(silent, jobs=(JobResult("unit"), JobResult("slow")))
    assert commands_to_repeat(both, none, at(15)) == ("/test unit slow",)


@pytest.mark.parametrize(
    ("state", "action"), [(WATCHING, Action.POLL), (ProbeState.OPENING, Action.OPEN)]
)
def test_a_clock_that_is_set_back_delays_no_look(state: ProbeState, action: Action) -> None:
    ahead = replace(probe(state), polled=at(24 * 60))
    assert next_step(campaign(ahead), at(5)) == Step(action, 1)
    assert next_step(campaign(replace(ahead, polled=at(5))), at(5)).action is Action.WAIT
