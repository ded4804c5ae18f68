"""Pure: picks out of a plan what is known and decided about one case."""

from collections.abc import Sequence
from difflib import get_close_matches

from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.evidence import Evidence, FailureHistory, key_of_case
from ci_stat.issues.plan import PlanResult
from ci_stat.issues.views.explanation import Explanation
from ci_stat.records import Intent


def explain(case: str, result: PlanResult, calls: Sequence[Intent]) -> Explanation:
    """`case`: a name as a person types it, or a key. `calls`: earlier calls for its key."""
    key = key_of_case(case)
    evidence = result.inputs.evidence.at_end
    failing = _failing(key, evidence)
    return Explanation(
        case,
        key,
        evidence,
        failing,
        _decision(key, result),
        tuple(calls),
        result.inputs.ledger.mutes.get(key),
        () if failing else _similar_names(case, evidence),
        result.plan.stopped,
    )


def _failing(key: str, evidence: Evidence) -> FailureHistory | None:
    incidents = (incident for incident in evidence.incidents if incident.key == key)
    return evidence.histories.get(key) or next(incidents, None)


def _decision(key: str, result: PlanResult) -> Decision | None:
    decisions = result.decisions.all
    return next((decision for decision in decisions if _concerns(decision, key)), None)


def _concerns(decision: Decision, key: str) -> bool:
    """Whether the decision is about this failure, or about an issue that was filed for it."""
    marker = decision.issue.marker if decision.issue else None
    return decision.key == key or (marker is not None and marker.key == key)


def _similar_names(case: str, evidence: Evidence) -> tuple[str, ...]:
    names = [failing.name for failing in evidence.histories.values()]
    return tuple(get_close_matches(case, names, n=3, cutoff=0.6))
