"""Counts the results of probes: by job, by state, and for the whole campaign."""

from collections import Counter
from collections.abc import Iterable, Iterator

from ci_stat.campaigns.model import (
    COUNTED_STATES,
    FINAL_STATES,
    OPEN_STATES,
    Campaign,
    JobResult,
    JobState,
    Probe,
    ProbeState,
)
from ci_stat.campaigns.verdict_model import OVERALL, Tally

# The state of a probe without a failed job is the first of these that one of its jobs has.
_INCOMPLETE = (
    JobState.WAITING,
    JobState.RUNNING,
    JobState.SUPERSEDED,
    JobState.ABORTED,
    JobState.TIMED_OUT,
    JobState.NOT_TRIGGERED,
    JobState.INFRA,
    JobState.OVERRIDDEN,
)


def jobs_of(campaign: Campaign) -> tuple[str, ...]:
    """The expected jobs; without an explicit list, those that the probes have, sorted."""
    if campaign.spec.contexts:
        return campaign.spec.contexts
    seen = {job.context for probe in campaign.probes for job in probe.jobs}
    return tuple(sorted(seen))


def state_of(probe: Probe, job: str, jobs: Iterable[str]) -> JobState | None:
    """The state of a job of a probe, or of the probe (`OVERALL`); None if it is absent.

    A job that no longer can end, because its probe was closed, is aborted.
    """
    if job == OVERALL:
        return _state_of_all(probe, tuple(jobs))
    result = job_of(probe, job)
    if result is None:
        return JobState.WAITING if probe.state is ProbeState.WATCHING else None
    is_lost = result.state in OPEN_STATES and probe.state in FINAL_STATES
    return JobState.ABORTED if is_lost else result.state


def job_of(probe: Probe, job: str) -> JobResult | None:
    """The result of a job, if the probe has it."""
    return next((result for result in probe.jobs if result.context == job), None)


def _state_of_all(probe: Probe, jobs: tuple[str, ...]) -> JobState | None:
    """A failed job decides. Else all expected jobs must have passed.

    This never makes a branch look better than it is: where one job failed and the infrastructure
    broke another, the probe failed.
    """
    states = [state_of(probe, job, jobs) for job in jobs]
    known = [state for state in states if state is not None]
    if not known:
        return None
    is_open = any(state in OPEN_STATES for state in known)
    if JobState.FAILED in known and not is_open:
        return JobState.FAILED
    if all(state is JobState.PASSED for state in states):
        return JobState.PASSED
    incomplete = (state for state in _INCOMPLETE if state in known)
    return next(incomplete, JobState.NOT_TRIGGERED)


def tally_of(campaign: Campaign, job: str) -> Tally:
    """The states of a job, or of the probes (`OVERALL`)."""
    jobs = jobs_of(campaign)
    states = [state_of(probe, job, jobs) for probe in campaign.probes]
    counts = Counter(state for state in states if state is not None)
    return Tally(dict(counts), states.count(None))


def outcomes_in_order(campaign: Campaign, job: str) -> Iterator[bool]:
    """Whether each counted run failed, in the order of probes, up to the first that is not over.

    A failed run often ends sooner than a passed one. If runs counted in the order in which they
    end, failures would come first, and a decision while they arrive would err too often.
    """
    jobs = jobs_of(campaign)
    for probe in sorted(campaign.probes, key=lambda probe: probe.position):
        state = state_of(probe, job, jobs)
        is_over = state not in OPEN_STATES if state else probe.state in FINAL_STATES
        if not is_over:
            return
        if state in COUNTED_STATES:
            yield state is JobState.FAILED
