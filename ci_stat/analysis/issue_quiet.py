"""Whether an open issue of ours, of which nothing failed in the window, is to be closed."""

from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from ci_stat.analysis.evidence import INCIDENT, Evidence
from ci_stat.analysis.issue_markers import stamp
from ci_stat.analysis.issue_rules import Change, Decision, Rules
from ci_stat.analysis.silence import DAY, Silence
from ci_stat.analysis.wording import date, plural
from ci_stat.failures import named_in
from ci_stat.records import IssueAction, Ledger, Marker, Reason, TrackedIssue

LEAST_SHOWN = 0.0001


def quiet_decision(
    issue: TrackedIssue, evidence: Evidence, ledger: Ledger, rules: Rules, now: datetime, commented: bool
) -> Decision:
    """Close it if the silence is evidence and nobody minds. `commented`: we have had our comment of today."""
    marker, number = issue.marker, issue.issue.number
    key, kind = (marker.key, marker.kind) if marker else ("", "")
    named = named_in(issue.issue.title)
    name = named.case if named and kind != INCIDENT else issue.issue.title
    base = Decision(key, kind, name, IssueAction.NOT, "", issue=issue, last=marker.last if marker else None)
    mute = ledger.mutes.get(key)
    if mute and mute.until > now:
        why = f"muted until {date(mute.until, evidence.zone)}: {mute.why}"
        return replace(base, reason=Reason.MUTED, why=why, mute=mute)
    if rules.mute_label in issue.issue.labels:
        return replace(base, reason=Reason.SWITCHED_OFF, why=f"#{number} has the label {rules.mute_label}")
    if issue.issue.locked:
        return replace(base, reason=Reason.LOCKED, why=f"#{number} is locked")
    if marker is None:
        return replace(base, reason=Reason.TAKEN_OVER, why=f"#{number} is ours, and its text is not any more")
    call = stamp("close", number, marker.last.isoformat())
    if marker.closed == call:
        return replace(base, reason=Reason.PERSON, why=f"#{number}: somebody opened it again after we had closed it")
    silence = silence_of(marker, evidence)
    refused = _too_early(issue, silence, rules, now, commented and call not in issue.told)
    said = silence_words(silence)
    if refused:
        return replace(base, reason=refused[0], why=f"#{number}: {refused[1] or said}", silence=silence)
    marker = structs.replace(marker, closed=call)
    return replace(
        base, action=IssueAction.CLOSE, why=f"#{number}: {said}", silence=silence, marker=marker, stamp=call,
        changes=(Change("closed", said),),
    )  # fmt: skip


def silence_of(marker: Marker, evidence: Evidence) -> Silence:
    """How long nothing was heard of it, by the end of the window."""
    return Silence(
        failures=marker.failures,
        span=marker.last - marker.first,
        quiet=max(timedelta(0), evidence.end - marker.last),
        longest=marker.longest * DAY,
        runs=_runs_of_span(marker, evidence),
        runs_since=evidence.runs_between(marker.last + timedelta(microseconds=1)),
    )


def _runs_of_span(marker: Marker, evidence: Evidence) -> int:
    """Finished runs from the first to the last failure; those before our history are estimated."""
    known = evidence.runs_between(max(marker.first, evidence.since), marker.last)
    before = evidence.since - marker.first
    if before <= timedelta(0):
        return known
    return known + int(len(evidence.runs) * (before / (evidence.end - evidence.since)))


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
    if not silence.long_enough:
        return Reason.QUIET, ""
    if not silence.enough_runs:
        return Reason.FEW_RUNS, f"only {plural(silence.runs_since, 'run')} since the last failure"
    if issue.person_wrote and now - issue.person_wrote < rules.person:
        return Reason.PERSON, f"somebody wrote in the last {rules.person.days} days"
    return (Reason.CAP, "one comment a day is the most") if commented else None
