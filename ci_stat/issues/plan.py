"""Pure: turns decisions into a plan with all texts that would be written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC

from ci_stat import __version__
from ci_stat.issues.decisions.rules import Decision, Decisions
from ci_stat.issues.digests import issue_digest, tracker_digest
from ci_stat.issues.evidence import Evidence, FailureHistory
from ci_stat.issues.inputs import FilingSettings, PlanInputs
from ci_stat.issues.model import IssuePlan, PlanEntry
from ci_stat.issues.text.draft import About, issue_draft
from ci_stat.records import IssueAction
from ci_stat.rendering.format import plural

WITHOUT_TRACKER = "gh_token is not set, so the plan ignores existing issues"

Commits = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class PlanResult:
    """A plan, with the decisions behind it and the inputs of these."""

    plan: IssuePlan
    decisions: Decisions
    inputs: PlanInputs


def new_failures(decisions: Decisions) -> list[FailureHistory]:
    """Return the failures for which an issue is filed: their texts name commits."""
    return [
        decision.history
        for decision in decisions.acting
        if decision.action is IssueAction.FILE and decision.history
    ]


def make_plan(
    inputs: PlanInputs, decisions: Decisions, commits: Commits, settings: FilingSettings
) -> IssuePlan:
    """Write the plan and its texts: equal arguments give equal plans.

    `commits`: by key of a new failure, the commit of its first failed run and of the last pass
    before it, "" if unknown. Texts tell what was known at the window's end, so that a second run
    on the same day writes the same.
    """
    evidence = inputs.evidence.at_end
    labels = _usable_labels(inputs, settings)
    about = About(
        repo=settings.repo,
        rules=settings.rules,
        now=inputs.now,
        owners=settings.owners,
        labels=labels,
        hosts=settings.hosts,
        reproduce=settings.reproduce,
        version=__version__,
        commits=commits,
    )
    return IssuePlan(
        repo=settings.repo,
        tracker_url=settings.tracker_url,
        window=(evidence.begin, evidence.end),
        jobs=evidence.jobs,
        made_at=inputs.now.astimezone(UTC),
        looked_at=inputs.snapshot.taken_at.astimezone(UTC),
        tracker=tracker_digest(inputs.snapshot, inputs.ledger.mutes.values()),
        entries=tuple(_entry(decision, evidence, about) for decision in decisions.all),
        stopped=decisions.stopped,
        hint=decisions.hint,
        notes=tuple(_notes(inputs, decisions, labels, settings)),
        zone=evidence.zone.key,
        version=__version__,
        tracker_read=inputs.tracker_read,
    )


def _usable_labels(inputs: PlanInputs, settings: FilingSettings) -> tuple[str, ...]:
    """The labels that the repository has; all of them if the tracker was not read."""
    if not inputs.tracker_read:
        return settings.labels
    return tuple(label for label in settings.labels if label in inputs.snapshot.labels)


def _entry(decision: Decision, evidence: Evidence, about: About) -> PlanEntry:
    tracked = decision.issue or decision.before
    files = decision.action is IssueAction.FILE
    skips = decision.action is IssueAction.SKIP
    return PlanEntry(
        key=decision.key,
        kind=decision.kind,
        name=decision.name,
        action=decision.action,
        why=decision.why,
        reason=decision.reason or "",
        runs=decision.runs,
        last=decision.last,
        number=tracked.issue.number if tracked and not files else 0,
        url=tracked.issue.url if tracked else "",
        seen=issue_digest(tracked.issue) if tracked else "",
        draft=None if skips else issue_draft(decision, evidence, about),
    )


def _notes(
    inputs: PlanInputs, decisions: Decisions, labels: tuple[str, ...], settings: FilingSettings
) -> Iterable[str]:
    """Remarks for a reader. They decide nothing."""
    for label in settings.labels:
        if label not in labels:
            yield f"the repository has no label {label}, so new issues do not get it"

    if not inputs.tracker_read:
        yield WITHOUT_TRACKER

    without_owner = sum(not _has_owner(failing, settings) for failing in new_failures(decisions))
    if settings.owners and without_owner:
        yield f"{plural(without_owner, 'new issue')} without an owner in issue_owners"


def _has_owner(failing: FailureHistory, settings: FilingSettings) -> bool:
    owners, suite = settings.owners, failing.newest.suite
    return owners is not None and owners.of(failing.name, suite, settings.repo) is not None
