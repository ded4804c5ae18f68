"""What statuses and check runs of a commit say about the expected jobs of a probe. Pure.

The rules are those of Prow and of GitHub Actions: a context is matched by its exact name, the first
result counts, and a result that a person set is not evidence.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from ci_stat.campaigns.model import OPEN_STATES, JobResult, JobState, Probe, Spec
from ci_stat.records.forge import CommitSignal, PullState

PENDING = "pending"
CHECK = "check"  # the kind of check runs
REPLACED_WITHIN = timedelta(minutes=2)  # after a command

SILENT = (
    "no status and no check run appeared: check that the bot runs in the repository, that it obeys"
    " this account, and that the job has exactly this name"
)

_BASE = re.compile(r"\s*BaseSHA:[0-9a-f]{40}\s*$")
_PADDING = "\u2001"
_STATES = {
    "success": JobState.PASSED,
    "failure": JobState.FAILED,
    "error": JobState.INFRA,
    "timed_out": JobState.FAILED,
    "startup_failure": JobState.INFRA,
    "action_required": JobState.INFRA,
    "cancelled": JobState.ABORTED,
    "stale": JobState.ABORTED,
    "skipped": JobState.OVERRIDDEN,
    "neutral": JobState.OVERRIDDEN,
}
_DESCRIBED = (  # how the description of a status begins
    ("Aborted", JobState.ABORTED),
    ("Jenkins job aborted", JobState.ABORTED),
    ("Error starting Jenkins job", JobState.INFRA),
    ("Error finding Jenkins job", JobState.INFRA),
    ("Skipped", JobState.OVERRIDDEN),
    ("Overridden", JobState.OVERRIDDEN),
)


def judged(
    spec: Spec, probe: Probe, pull: PullState, signals: Sequence[CommitSignal], now: datetime
) -> tuple[JobResult, ...]:
    """The expected jobs of a probe as they are now, in the order of `Spec.contexts`.

    `signals`: of the probe's own head commit, oldest first. Jobs that are terminal stay as they
    are, but for the number of their reruns.
    """
    changed = _changed(spec, probe, pull)
    by_context = _by_context(signals, pull.closed)
    known = {job.context: job for job in probe.jobs}
    results = []
    for context in spec.contexts:
        before = known.get(context, JobResult(context))
        job = _with_signals(before, _without_replaced(probe, by_context.get(context, [])))
        is_aborted_now = job.state is JobState.ABORTED and not before.is_terminal
        if changed is not None and is_aborted_now:
            # Prow aborts the jobs of a pull request that was changed: the change is the reason.
            job = replace(job, state=before.state)
        results.append(_ended_otherwise(spec, probe, job, changed, now))
    return tuple(results)


def cleaned(description: str) -> str:
    """A description without Prow's padding and the commit at its end."""
    return _BASE.sub("", description.replace(_PADDING, " ")).strip()


def outcome_of(signal: CommitSignal) -> JobState:
    """What one status or check run says."""
    if signal.state == PENDING:
        return JobState.RUNNING
    description = cleaned(signal.description)
    for beginning, state in _DESCRIBED:
        if signal.kind == "status" and description.startswith(beginning):
            return state
    return _STATES.get(signal.state, JobState.INFRA)


def missing_jobs(probe: Probe) -> tuple[str, ...]:
    """The contexts of which nothing was seen yet."""
    return tuple(job.context for job in probe.jobs if job.state is JobState.WAITING)


def is_ended(probe: Probe) -> bool:
    """Whether all expected jobs are terminal."""
    return bool(probe.jobs) and all(job.is_terminal for job in probe.jobs)


def _changed(spec: Spec, probe: Probe, pull: PullState) -> tuple[JobState, str] | None:
    """The state of unfinished jobs, if the pull request is no more what we opened."""
    if pull.head_sha != probe.head_sha:
        return JobState.SUPERSEDED, f"somebody pushed {pull.head_sha[:12]} to the pull request"
    if pull.base_branch != spec.branch:
        return JobState.SUPERSEDED, f"somebody changed the base branch to {pull.base_branch}"
    if pull.is_merged:
        return JobState.ABORTED, "somebody merged the pull request"
    if not pull.is_open:
        return JobState.ABORTED, "somebody closed the pull request"
    return None


def _by_context(
    signals: Iterable[CommitSignal], closed: datetime | None
) -> dict[str, list[CommitSignal]]:
    """The signals of each context in their order; without those after the pull request's end."""
    current = [signal for signal in signals if closed is None or signal.updated <= closed]
    ordered = sorted(current, key=lambda signal: (signal.context, signal.updated, signal.id))
    return {
        context: list(group) for context, group in groupby(ordered, lambda signal: signal.context)
    }


def _without_replaced(probe: Probe, signals: Sequence[CommitSignal]) -> Sequence[CommitSignal]:
    """The signals without a run that our own command replaced.

    Some jobs start when a pull request is opened. Prow aborts them when a command starts them anew.
    """
    ends = (place for place, signal in enumerate(signals) if signal.state != PENDING)
    end = next(ends, None)
    if end is None or probe.commanded is None:
        return signals
    # Times of statuses are whole seconds.
    is_older = signals[0].created < probe.commanded.replace(microsecond=0)
    is_aborted = outcome_of(signals[end]) is JobState.ABORTED
    is_by_command = signals[end].updated <= probe.commanded + REPLACED_WITHIN
    return signals[end + 1 :] if is_older and is_aborted and is_by_command else signals


def _with_signals(job: JobResult, signals: Sequence[CommitSignal]) -> JobResult:
    terminal = [signal for signal in signals if signal.state != PENDING]
    is_complete = bool(terminal) and not _running_beside(terminal[0], signals)
    if job.is_terminal:
        return replace(job, reruns=max(job.reruns, _reruns(terminal)))
    if not signals:
        return job
    first = signals[0]
    if not is_complete:
        newest = signals[-1]
        return replace(
            job,
            state=JobState.RUNNING,
            url=newest.url,
            description=cleaned(newest.description),
            started=first.created,
        )
    return _result(job, signals, terminal)


def _result(
    job: JobResult, signals: Sequence[CommitSignal], terminal: Sequence[CommitSignal]
) -> JobResult:
    beside = [signal for signal in terminal if _is_beside(signal, terminal[0])]
    result = min([terminal[0], *beside], key=_badness)
    started = [signal for signal in signals if signal.state == PENDING]
    state, reason = outcome_of(result), ""
    is_one_kind = bool(started) and started[0].kind == result.kind
    is_by_another = is_one_kind and started[0].creator != result.creator
    if state is JobState.PASSED and is_by_another:
        state, reason = JobState.OVERRIDDEN, f"{result.creator} set this result"
    return replace(
        job,
        state=state,
        reason=reason or _reason(state, result),
        url=result.url,
        description=cleaned(result.description),
        started=signals[0].created,
        ended=result.updated,
        reruns=_reruns(terminal),
    )


def _reruns(terminal: Sequence[CommitSignal]) -> int:
    later = (signal for signal in terminal[1:] if not _is_beside(signal, terminal[0]))
    return sum(1 for _ in later)


def _running_beside(first: CommitSignal, signals: Sequence[CommitSignal]) -> bool:
    return any(signal.state == PENDING and _is_beside(signal, first) for signal in signals)


def _is_beside(signal: CommitSignal, first: CommitSignal) -> bool:
    """Whether a check run began before the first result: it is no rerun, but has the same name.

    Two workflows may have jobs of one name; all of them must pass.
    """
    return signal.kind == CHECK and signal != first and signal.created < first.updated


def _badness(signal: CommitSignal) -> int:
    """Failures come first, and passes last."""
    state = outcome_of(signal)
    if state is JobState.FAILED:
        return 0
    return 2 if state is JobState.PASSED else 1


def _reason(state: JobState, signal: CommitSignal) -> str:
    if state in (JobState.PASSED, JobState.FAILED):
        return ""
    return cleaned(signal.description) or signal.state


def _ended_otherwise(
    spec: Spec,
    probe: Probe,
    job: JobResult,
    changed: tuple[JobState, str] | None,
    now: datetime,
) -> JobResult:
    """The job, ended by a change of the pull request, by its deadline or by the grace time."""
    if job.state not in OPEN_STATES:
        return job
    if changed is not None:
        state, reason = changed
        return replace(job, state=state, reason=reason, ended=now)

    triggered = probe.triggered
    if triggered is None:
        return job
    if now >= triggered + spec.deadline and job.state is JobState.RUNNING:
        return replace(job, state=JobState.TIMED_OUT, reason="deadline passed", ended=now)
    since = probe.commanded or triggered
    is_silent = job.state is JobState.WAITING and now >= since + spec.grace
    was_repeated = probe.repeated > 0 or not spec.commands
    is_too_late = job.state is JobState.WAITING and now >= triggered + spec.deadline
    if is_too_late or (is_silent and was_repeated):
        reason = SILENT
        return replace(job, state=JobState.NOT_TRIGGERED, reason=reason, ended=now)
    return job


def aborted(
    probe: Probe, now: datetime, reason: str = "the campaign was cancelled"
) -> tuple[JobResult, ...]:
    """The jobs of a probe, with those that have not ended aborted."""
    return tuple(
        job if job.is_terminal else replace(job, state=JobState.ABORTED, reason=reason, ended=now)
        for job in probe.jobs
    )
