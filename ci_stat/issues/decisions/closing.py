"""Decides whether to close an open issue of ours that did not fail in the window. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from ci_stat.issues.decisions.marker_updates import is_of_jobs, stamp
from ci_stat.issues.decisions.rules import Change, Decision, Rules
from ci_stat.issues.decisions.silence import DAY, Silence, bursts
from ci_stat.issues.evidence import INCIDENT, Evidence, RunRef
from ci_stat.issues.model import Marker, Reason, TrackedIssue, masked_name
from ci_stat.issues.titles import named_in
from ci_stat.records import IssueAction, Mute
from ci_stat.rendering.format import date, plural

LEAST_SHOWN = 0.0001
_INSTANT = timedelta(microseconds=1)


def quiet_decision(
    issue: TrackedIssue,
    evidence: Evidence,
    mute: Mute | None,
    rules: Rules,
    now: datetime,
    commented: bool,
) -> Decision:
    """Close the issue if its silence is long enough and nothing stands against it.

    - `mute`: the mute for the issue, which may have ended.
    - `commented`: we have commented on it today.
    """
    skipped = _skipped(issue)
    refusal = _refusal(issue, evidence, mute, rules, now)
    if refusal:
        reason, why = refusal
        applied_mute = mute if reason is Reason.MUTED else None
        return replace(skipped, reason=reason, why=why, mute=applied_mute)

    number, marker = issue.issue.number, issue.marker
    assert marker is not None  # else it is refused
    silence = silence_of(marker, evidence)
    close = _close_stamp(number, marker)
    at_limit = commented and close not in issue.announced
    too_early = _too_early(issue, silence, rules, now, at_limit)
    if too_early:
        reason, why = too_early
        return replace(skipped, reason=reason, why=f"#{number}: {why}", silence=silence)

    words = silence_words(silence)
    return replace(
        skipped,
        action=IssueAction.CLOSE,
        why=f"#{number}: {words}",
        silence=silence,
        marker=structs.replace(marker, closed=close),
        stamp=close,
        changes=(Change("closed", words),),
    )


def _refusal(
    issue: TrackedIssue, evidence: Evidence, mute: Mute | None, rules: Rules, now: datetime
) -> tuple[Reason, str] | None:
    """Why the issue must stay open, however long the silence."""
    if mute and mute.until > now:
        return Reason.MUTED, f"muted until {date(mute.until, evidence.zone)}: {mute.why}"

    number, marker = issue.issue.number, issue.marker
    obstacle = blocked(issue, rules)
    if obstacle or marker is None:
        return obstacle
    if marker.closed == _close_stamp(number, marker):
        return Reason.PERSON, f"#{number}: a person reopened it after we had closed it"
    if not is_of_jobs(marker, evidence.jobs):
        return Reason.OTHER_JOB, f"#{number} is about {', '.join(marker.jobs)}"
    return None


def _close_stamp(number: int, marker: Marker) -> str:
    """The id of a close; a person who reopens the issue rejects it until the next failure."""
    return stamp("close", number, marker.last.isoformat())


def blocked(issue: TrackedIssue, rules: Rules) -> tuple[Reason, str] | None:
    """Why an issue must not be changed: its label, its lock, or a text that is not ours."""
    number = issue.issue.number
    if rules.mute_label in issue.issue.labels:
        return Reason.SWITCHED_OFF, f"#{number} has the label {rules.mute_label}"
    if issue.issue.locked:
        return Reason.LOCKED, f"#{number} is locked"
    if issue.ours and issue.marker is None:
        return Reason.TAKEN_OVER, f"#{number} is ours, but its text has been replaced"
    return None


def _skipped(issue: TrackedIssue) -> Decision:
    """A decision to skip the issue, without a reason yet."""
    key, kind, last = "", "", None
    if issue.marker:
        key, kind, last = issue.marker.key, issue.marker.kind, issue.marker.last

    named = named_in(issue.issue.title)
    name = named.case if named and kind != INCIDENT else issue.issue.title
    return Decision(key, kind, name, IssueAction.SKIP, "", issue=issue, last=last)


def silence_of(marker: Marker, evidence: Evidence) -> Silence:
    """Measure the silence since the last failure, in runs that would have shown it."""
    return Silence(
        failures=marker.failures,
        span=marker.last - marker.first,
        quiet=max(timedelta(0), evidence.until - marker.last),
        longest=marker.longest * DAY,
        runs=_runs_of_span(marker, evidence),
        runs_since=len(_informative(marker, evidence, marker.last + _INSTANT)),
        bursts=bursts(marker.days) + bool(marker.older),
    )


def _runs_of_span(marker: Marker, evidence: Evidence) -> int:
    """Count the runs from the first to the last failure; estimate those before the evidence."""
    known = len(_informative(marker, evidence, marker.first, marker.last))
    before = evidence.since - marker.first
    if before <= timedelta(0):
        return known

    runs = len(_informative(marker, evidence, evidence.since))
    return known + int(runs * (before / (evidence.until - evidence.since)))


def _informative(
    marker: Marker, evidence: Evidence, first: datetime, last: datetime | None = None
) -> list[RunRef]:
    """The runs in [first, last) that would have shown the failure.

    Their tests ran, and job and branch are the marker's.
    """
    runs = (run for run in evidence.runs if run.started >= first)
    if last is not None:
        runs = (run for run in runs if run.started < last)
    return [run for run in runs if run.shows and _is_of(marker, run)]


def _is_of(marker: Marker, run: RunRef) -> bool:
    """Whether job and branch of the run are the marker's, which masks names with a secret."""
    spellings = {run.branch, masked_name(run.branch)}
    is_of_branches = not marker.branches or not spellings.isdisjoint(marker.branches)
    return is_of_branches and is_of_jobs(marker, (run.job,))


def silence_words(silence: Silence) -> str:
    failures = plural(silence.failures, "failure")
    span = plural(max(1, silence.span.days), "day")
    quiet = plural(silence.quiet.days, "day")
    runs = plural(silence.runs_since, "run")
    chance = _chance(silence.chance)
    return (
        f"{failures} over {span}, then none for {quiet} in {runs}; "
        f"the chance of that without a fix is {chance}"
    )


def _chance(chance: float) -> str:
    return f"{chance:.2%}" if chance >= LEAST_SHOWN else "less than 0.01%"


def _too_early(
    issue: TrackedIssue, silence: Silence, rules: Rules, now: datetime, at_limit: bool
) -> tuple[Reason, str] | None:
    if silence.lacking:
        return Reason.QUIET, f"{silence_words(silence)}; {silence.lacking}"
    if not silence.enough_runs:
        return Reason.FEW_RUNS, f"only {plural(silence.runs_since, 'run')} since the last failure"
    if issue.person_wrote and now - issue.person_wrote < rules.person:
        return Reason.PERSON, f"a person commented in the last {rules.person.days} days"
    if at_limit:
        return Reason.CAP, "limited to one comment per day"
    return None
