"""Pure: picks out of a plan what is known and decided about one case."""

from collections.abc import Sequence
from difflib import get_close_matches

from ci_stat.issues.decisions.matching import is_of
from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.evidence import Evidence, FailureHistory, key_of_case
from ci_stat.issues.model import TrackedIssue
from ci_stat.issues.plan import PlanResult
from ci_stat.issues.titles import is_about, named_in
from ci_stat.issues.views.explanation import Explanation
from ci_stat.records import Intent


def explain(case: str, result: PlanResult, calls: Sequence[Intent]) -> Explanation:
    """`case`: a name as a person types it, or a key. `calls`: earlier calls for its key."""
    key = key_of_case(case)
    evidence = result.inputs.evidence.at_end
    failing = _failing(key, evidence)
    issues = _issues(key, failing.name if failing else case, result)
    return Explanation(
        case,
        key,
        evidence,
        failing,
        _decision(key, issues, result),
        tuple(calls),
        result.inputs.ledger.mutes.get(key),
        () if failing else _similar_names(case, evidence),
        result.plan.stopped,
        issues,
    )


def _failing(key: str, evidence: Evidence) -> FailureHistory | None:
    incidents = (incident for incident in evidence.incidents if incident.key == key)
    of_name = (one for one in evidence.histories.values() if one.name_key == key)
    return evidence.of_key(key) or next(incidents, None) or next(of_name, None)


def _issues(key: str, name: str, result: PlanResult) -> tuple[TrackedIssue, ...]:
    """The issues about the failure: by marker, by our ledger, and by title; newest first."""
    inputs = result.inputs
    created = inputs.ledger.created.get(key, ())

    def is_about_it(tracked: TrackedIssue) -> bool:
        marker, number = tracked.marker, tracked.issue.number
        if marker is not None or number in created:
            return number in created or (marker is not None and is_of(marker, key))
        named = named_in(tracked.issue.title)
        return named is not None and is_about(named, name)

    about = filter(is_about_it, inputs.snapshot.issues)
    return tuple(sorted(about, key=lambda tracked: -tracked.issue.number))


def _decision(key: str, issues: Sequence[TrackedIssue], result: PlanResult) -> Decision | None:
    """The decision about the failure, or about an issue of it whose text may not be ours."""
    numbers = {tracked.issue.number for tracked in issues}
    decisions = result.decisions.all
    own = (decision for decision in decisions if decision.key == key)
    of_issue = (
        decision
        for decision in decisions
        if decision.issue and decision.issue.issue.number in numbers
    )
    return next(own, None) or next(of_issue, None)


def _similar_names(case: str, evidence: Evidence) -> tuple[str, ...]:
    names = [failing.name for failing in evidence.histories.values()]
    return tuple(get_close_matches(case, names, n=3, cutoff=0.6))
