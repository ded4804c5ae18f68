"""What a driver does next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from ci_stat.campaigns.judging import missing_jobs
from ci_stat.campaigns.model import (
    FINAL_STATES,
    Campaign,
    CampaignState,
    JobState,
    Probe,
    ProbeState,
    Spec,
)

SHORTEST = timedelta(minutes=1)  # between two looks at a pull request
LONGEST = timedelta(minutes=10)
LATE = 0.05  # of the time since the commands, by which a result may be noticed late
EARLY = 0.8  # of the usual time of the jobs, until which looks are rare


class Action(StrEnum):
    """What is to be done with a probe, or with the campaign."""

    OPEN = "open"
    POLL = "poll"
    END = "end"
    SKIP = "skip"  # it was never opened, and is not any more
    FINISH = "finish"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Step:
    """`position`: of the probe; 0 for the campaign. `until`: for WAIT."""

    action: Action
    position: int = 0
    until: datetime | None = None


def next_step(campaign: Campaign, now: datetime) -> Step:
    """The next action, or how long nothing is to be done."""
    usual = usual_time(campaign)
    step = next(_urgent(campaign, usual, now), None)
    if step is not None:
        return step
    times = list(_times(campaign, usual))
    if not times:
        return Step(Action.FINISH)
    return Step(Action.WAIT, until=min(times))


def _urgent(campaign: Campaign, usual: timedelta, now: datetime) -> Iterator[Step]:
    """What can be done now: what was begun comes first."""
    by_state: dict[ProbeState, list[Probe]] = {state: [] for state in ProbeState}
    for probe in campaign.probes:
        by_state[probe.state].append(probe)

    for probe in by_state[ProbeState.ENDING]:
        yield Step(Action.END, probe.position)
    for probe in by_state[ProbeState.OPENING]:
        if _is_due(campaign, probe, usual, now):
            yield Step(Action.OPEN, probe.position)
    for probe in by_state[ProbeState.PLANNED]:
        if not opens_more(campaign, now):
            yield Step(Action.SKIP, probe.position)
        elif opening_time(campaign, probe) <= now:
            yield Step(Action.OPEN, probe.position)
    for probe in by_state[ProbeState.WATCHING]:
        is_cancelled = campaign.state is CampaignState.CANCELLING
        if is_cancelled or _is_due(campaign, probe, usual, now):
            yield Step(Action.POLL, probe.position)


def _is_due(campaign: Campaign, probe: Probe, usual: timedelta, now: datetime) -> bool:
    """Whether a probe is looked at now; also after the clock was set back."""
    is_clock_back = probe.polled is not None and probe.polled > now
    return is_clock_back or next_look(campaign.spec, probe, usual) <= now


def _times(campaign: Campaign, usual: timedelta) -> Iterator[datetime]:
    for probe in campaign.probes:
        if probe.state is ProbeState.PLANNED:
            yield opening_time(campaign, probe)
        elif probe.state not in FINAL_STATES:
            yield next_look(campaign.spec, probe, usual)


def opening_time(campaign: Campaign, probe: Probe) -> datetime:
    """When a planned pull request is opened: if drivers paused, as long after the one before."""
    begun = [one.committed for one in campaign.probes if one.committed]
    return max([probe.due, *(time + campaign.spec.stagger for time in begun)])


def opens_more(campaign: Campaign, now: datetime) -> bool:
    """Whether planned pull requests are still opened: no reason ends it, nor the budget."""
    if campaign.state is not CampaignState.RUNNING or campaign.reason:
        return False
    hours = campaign.spec.budget.hours
    return not hours or now < campaign.started + timedelta(hours=hours)


def next_look(spec: Spec, probe: Probe, usual: timedelta) -> datetime:
    """When a probe is looked at next: rarely while its jobs usually run, and the longer they run.

    `usual`: see `usual_time`.
    """
    last = probe.polled
    if last is None or probe.triggered is None:
        return (last + SHORTEST) if last else probe.due
    deadline = probe.triggered + spec.deadline
    until_usual = probe.triggered + EARLY * usual - last
    late = LATE * (last - probe.triggered)
    is_waiting = bool(missing_jobs(probe))
    pause = SHORTEST if is_waiting else max(SHORTEST, min(LONGEST, max(until_usual, late)))
    return min(last + pause, max(deadline, last + SHORTEST))


def usual_time(campaign: Campaign) -> timedelta:
    """The median time of the finished jobs of this campaign; 0 before there is one."""
    finished = (JobState.PASSED, JobState.FAILED)
    times = [
        (job.ended - probe.triggered).total_seconds()
        for probe in campaign.probes
        for job in probe.jobs
        if job.state in finished and job.ended and probe.triggered
    ]
    return timedelta(seconds=median(times)) if times else timedelta()


def commands_to_repeat(spec: Spec, probe: Probe, now: datetime) -> tuple[str, ...]:
    """The commands of jobs that did not start within the grace time, once.

    The command of a job that runs would abort it, so it is not among them: jobs that have a status
    are left out of a command that names several.
    """
    since = probe.commanded
    if probe.repeated or since is None or now < since + spec.grace:
        return ()
    missing = missing_jobs(probe)
    started = set(spec.contexts) - set(missing)
    named = tuple(
        _without(command, started) for command in spec.commands if _names(command, missing)
    )
    if named or not missing:
        return named
    return spec.commands if len(missing) == len(spec.contexts) else ()


def _names(command: str, contexts: tuple[str, ...]) -> bool:
    return bool(set(command.split()) & set(contexts))


def _without(command: str, contexts: set[str]) -> str:
    if not _names(command, tuple(contexts)):
        return command
    return " ".join(word for word in command.split() if word not in contexts)
