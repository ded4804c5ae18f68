"""A verdict as data for JSON. Rates are failure rates, 0 to 1; times are in UTC."""

from datetime import UTC
from typing import Any

from ci_stat.campaigns.verdict_model import (
    Baseline,
    Comparison,
    JobVerdict,
    Proof,
    Tally,
    TestVerdict,
    Trend,
    Verdict,
)

Row = dict[str, Any]
_DIGITS = 6
_LEVEL = 0.95


def verdict_data(verdict: Verdict) -> Row:
    """The whole verdict; no list is cut."""
    return {
        "campaign": verdict.campaign,
        "repo": verdict.repo,
        "branch": verdict.branch,
        "begin": verdict.begin.astimezone(UTC).isoformat(),
        "until": verdict.until.astimezone(UTC).isoformat(),
        "final": verdict.is_final,
        "reason": verdict.reason or None,
        "target_rate": verdict.target or None,
        "planned": verdict.planned,
        "opened": verdict.opened,
        "overall": _judged(verdict.overall),
        "jobs": [{"job": judged.job, **_judged(judged)} for judged in verdict.jobs],
        "tests": [_test(test) for test in verdict.tests],
        "unread_failures": dict(verdict.unread),
        "campaigns_with_other_jobs": verdict.left_out,
        "notes": list(verdict.notes),
    }


def _judged(judged: JobVerdict) -> Row:
    return {
        **_tally(judged.tally),
        "proof": _proof(judged.proof),
        "comparison": _comparison(judged.comparison) if judged.comparison else None,
        "trend": _trend(judged.trend) if judged.trend else None,
    }


def _tally(tally: Tally) -> Row:
    states = {str(state): count for state, count in sorted(tally.states.items())}
    return {
        "counted": tally.runs,
        "passed": tally.passed,
        "failed": tally.failed,
        "states": states,
        "without_run": tally.absent,
    }


def _proof(proof: Proof) -> Row:
    decision = proof.decision
    return {
        "method": "sequential" if proof.is_sequential else "Clopper-Pearson",
        "level": _LEVEL,
        "rate": round(proof.failed / proof.runs, _DIGITS) if proof.runs else None,
        "low": round(proof.interval.low, _DIGITS),
        "high": round(proof.interval.high, _DIGITS),
        "lower_bound": round(proof.lower, _DIGITS),
        "upper_bound": round(proof.upper, _DIGITS),
        "flake_rate": proof.flake,
        "flake_chance": round(proof.flake_chance, _DIGITS),
        "runs_needed": proof.needed,
        "answer": str(decision.answer) if decision else None,
        "answered_after": decision.runs if decision else None,
    }


def _comparison(comparison: Comparison) -> Row:
    return {
        "baseline": _counts(comparison.baseline),
        "source": comparison.baseline.source,
        "required_passes": comparison.required,
        "p_value": comparison.p_value,
        "significantly_worse": comparison.is_worse,
    }


def _trend(trend: Trend) -> Row:
    return {
        "days": trend.days,
        "recent": _counts(trend.recent),
        "before": _counts(trend.before),
        "p_value": trend.p_value,
        "significant": trend.is_significant,
    }


def _counts(baseline: Baseline) -> Row:
    return {"passed": baseline.passed, "failed": baseline.failed}


def _test(test: TestVerdict) -> Row:
    return {
        "name": test.name,
        "jobs": list(test.jobs),
        "failed_in": test.probes,
        "of": test.of,
        "known": test.known or None,
        "url": test.url or None,
        "message": test.message or None,
    }
