"""Whether an open issue of ours, of which nothing failed in the window, is to be closed."""

from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from ci_stat.issues.evidence import INCIDENT, Evidence, RunRef
from ci_stat.issues.marker_updates import is_of_jobs, stamp
from ci_stat.issues.model import Marker, Reason, TrackedIssue, masked_name
from ci_stat.issues.rules import Change, Decision, Rules
from ci_stat.issues.silence import DAY, Silence, bursts
from ci_stat.issues.titles import named_in
from ci_stat.records import IssueAction, Mute
from ci_stat.rendering.format import date, plural

LEAST_SHOWN = 0.0001


def quiet_decision(
    issue: TrackedIssue,
    evidence: Evidence,
    mute: Mute | None,
    rules: Rules,
    now: datetime,
    commented: bool,
) -> Decision:
    """Close it if the silence is evidence and nobody minds.

    `mute`: what switches us off for it, if it is not over. `commented`: we have had our comment of today.
    """
    marker, number = issue.marker, issue.issue.number
    key, kind = (marker.key, marker.kind) if marker else ("", "")
    named = named_in(issue.issue.title)
    name = named.case if named and kind != INCIDENT else issue.issue.title
    base = Decision(
        key, kind, name, IssueAction.NOT, "", issue=issue, last=marker.last if marker else None
    )
    if mute and mute.until > now:
        why = f"muted until {date(mute.until, evidence.zone)}: {mute.why}"
        return replace(base, reason=Reason.MUTED, why=why, mute=mute)
    if rules.mute_label in issue.issue.labels:
        return replace(
            base, reason=Reason.SWITCHED_OFF, why=f"#{number} has the label {rules.mute_label}"
        )
    if issue.issue.locked:
        return replace(base, reason=Reason.LOCKED, why=f"#{number} is locked")
    if marker is None:
        return replace(
            base, reason=Reason.TAKEN_OVER, why=f"#{number} is ours, and its text is not any more"
        )
    call = stamp("close", number, marker.last.isoformat())
    if marker.closed == call:
        return replace(
            base,
            reason=Reason.PERSON,
            why=f"#{number}: somebody opened it again after we had closed it",
        )
    if not is_of_jobs(marker, evidence.jobs):
        return replace(
            base, reason=Reason.OTHER_JOB, why=f"#{number} is about {', '.join(marker.jobs)}"
        )
    silence = silence_of(marker, evidence)
    refused = _too_early(issue, silence, rules, now, commented and call not in issue.told)
    said = silence_words(silence)
    if refused:
        return replace(base, reason=refused[0], why=f"#{number}: {refused[1]}", silence=silence)
    marker = structs.replace(marker, closed=call)
    return replace(
        base, action=IssueAction.CLOSE, why=f"#{number}: {said}", silence=silence, marker=marker, stamp=call,
        changes=(Change("closed", said),),
    )  # fmt: skip


def silence_of(marker: Marker, evidence: Evidence) -> Silence:
    """How long nothing was heard of it, in runs that would have shown it: of its jobs and branches, with tests run."""
    return Silence(
        failures=marker.failures,
        span=marker.last - marker.first,
        quiet=max(timedelta(0), evidence.until - marker.last),
        longest=marker.longest * DAY,
        runs=_runs_of_span(marker, evidence),
        runs_since=len(_shown(marker, evidence, marker.last + timedelta(microseconds=1))),
        bursts=bursts(marker.days) + bool(marker.older),
    )


def _runs_of_span(marker: Marker, evidence: Evidence) -> int:
    """Finished runs from the first to the last failure; those before our history are estimated."""
    known = len(_shown(marker, evidence, marker.first, marker.last))
    before = evidence.since - marker.first
    if before <= timedelta(0):
        return known
    shown = len(_shown(marker, evidence, evidence.since))
    return known + int(shown * (before / (evidence.until - evidence.since)))


def _shown(
    marker: Marker, evidence: Evidence, first: datetime, last: datetime | None = None
) -> list[RunRef]:
    """The runs in [first, last) that would have shown the failure."""
    runs = (
        run
        for run in evidence.runs
        if first <= run.started and (last is None or run.started < last)
    )
    return [run for run in runs if run.shows and _is_of(marker, run)]


def _is_of(marker: Marker, run: RunRef) -> bool:
    """Whether it is a run of its jobs and branches; names that hold a secret stand masked in a marker."""
    its_branch = not marker.branches or {run.branch, masked_name(run.branch)} & set(marker.branches)
    return bool(its_branch) and is_of_jobs(marker, (run.job,))


def silence_words(silence: Silence) -> str:
    quiet = plural(silence.quiet.days, "day")
    return (
        f"{plural(silence.failures, 'failure')} over {plural(max(1, silence.span.days), 'day')}, then none for {quiet} "
        f"in {plural(silence.runs_since, 'run')}; by chance that happens in {_chance(silence.chance)} of such cases"
    )


def _chance(chance: float) -> str:
    return f"{chance:.2%}" if chance >= LEAST_SHOWN else "less than 0.01%"


def _too_early(
    issue: TrackedIssue, silence: Silence, rules: Rules, now: datetime, commented: bool
) -> tuple[Reason, str] | None:
    if silence.lacking:
        return Reason.QUIET, f"{silence_words(silence)}; {silence.lacking}"
    if not silence.enough_runs:
        return Reason.FEW_RUNS, f"only {plural(silence.runs_since, 'run')} since the last failure"
    if issue.person_wrote and now - issue.person_wrote < rules.person:
        return Reason.PERSON, f"somebody wrote in the last {rules.person.days} days"
    return (Reason.CAP, "one comment a day is the most") if commented else None
