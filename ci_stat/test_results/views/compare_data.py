"""A comparison of tests as data for JSON, CSV and frames."""

from typing import Any

from ci_stat.test_results.comparing.model import (
    Change,
    Comparison,
    DurationChange,
    Numbers,
    Side,
    TestChange,
)
from ci_stat.test_results.views.data import case_row, run_row

Row = dict[str, Any]
_RUNS = 20  # runs of a side in the JSON, the newest
CHANGE_COLUMNS = (
    "change", "name", "class", "suite", "file", "outcome_before", "failed_before", "runs_before",
    "outcome_now", "failed_now", "runs_now", "seconds_before", "seconds_now", "q_value", "places",
    "flaky_commits", "other_message", "message", "fingerprint",
)  # fmt: skip


def comparison_data(comparison: Comparison, limit: int) -> Row:
    """The comparison. Lists have at most `limit` entries; `counts` are of all."""
    timing = comparison.timing
    return {
        "before": _side(comparison.before, comparison.tests_before),
        "now": _side(comparison.now, comparison.tests_now),
        "counts": counts(comparison),
        "passed_on_both": comparison.passed,
        **{
            _key(change): [_change(test) for test in comparison.of(change)[:limit]]
            for change in Change
        },
        "slower": [_duration(one) for one in comparison.slower[:limit]],
        "faster": [_duration(one) for one in comparison.faster[:limit]],
        "durations_compared": timing.compared,
        "earlier_runs_for_durations": timing.baseline,
        "all_tests_slower_by": round(timing.shift - 1, 4),
        "only_before": list(comparison.only_before),
        "only_now": list(comparison.only_now),
        "notes": list(comparison.notes),
    }


def counts(comparison: Comparison) -> dict[str, int]:
    """How many tests have each change."""
    numbers = {_key(change): len(comparison.of(change)) for change in Change}
    new = comparison.of(Change.NEW)
    failing = sum(test.fails for test in new)
    slower, faster = len(comparison.slower), len(comparison.faster)
    return {**numbers, "new_failing": failing, "slower": slower, "faster": faster}


def _key(change: Change) -> str:
    return change.value.replace(" ", "_")


def _side(side: Side, tests: int) -> Row:
    return {
        "name": side.words,
        "tests": tests,
        "total_runs": len(side.runs),
        "runs": [run_row(run.info) | {"id": run.id} for run in side.runs[::-1][:_RUNS]],
    }


def _change(test: TestChange) -> Row:
    return {
        **case_row(test.case),
        "before": _numbers(test.before),
        "now": _numbers(test.now),
        "places": list(test.places),
        "message": test.message or None,
        "fingerprint": test.fingerprint or None,
        "other_message": test.is_other_message,
        "flaky_commits": test.flaky_commits,
    }


def _numbers(numbers: Numbers) -> Row | None:
    if not numbers.outcome:
        return None
    return {"outcome": numbers.outcome, "failed": numbers.failed, "runs": numbers.runs}


def _duration(change: DurationChange) -> Row:
    return {
        **case_row(change.case),
        "seconds_before": round(change.before, 6),
        "seconds_now": round(change.now, 6),
        "ratio": round(change.ratio, 4),
        "runs_before": change.runs_before,
        "runs_now": change.runs_now,
        "q_value": change.q_value,
        "places": list(change.places),
    }


def change_rows(comparison: Comparison, limit: int | None = None) -> list[Row]:
    """One flat row for each change, outcomes first. `limit`: rows of each kind."""
    rows = []
    for change in Change:
        rows += [_flat(test) for test in comparison.of(change)[:limit]]
    for durations in (comparison.slower, comparison.faster):
        rows += [_flat_duration(one) for one in durations[:limit]]
    return rows


def _flat(test: TestChange) -> Row:
    row = dict.fromkeys(CHANGE_COLUMNS)
    return row | {
        "change": test.change.value,
        **case_row(test.case),
        "outcome_before": test.before.outcome or None,
        "failed_before": test.before.failed,
        "runs_before": test.before.runs,
        "outcome_now": test.now.outcome or None,
        "failed_now": test.now.failed,
        "runs_now": test.now.runs,
        "places": "; ".join(test.places) or None,
        "flaky_commits": test.flaky_commits,
        "other_message": test.is_other_message,
        "message": test.message or None,
        "fingerprint": test.fingerprint or None,
    }


def _flat_duration(one: DurationChange) -> Row:
    row = dict.fromkeys(CHANGE_COLUMNS)
    return row | {
        "change": "slower" if one.is_slower else "faster",
        **case_row(one.case),
        "runs_before": one.runs_before,
        "runs_now": one.runs_now,
        "seconds_before": round(one.before, 6),
        "seconds_now": round(one.now, 6),
        "q_value": one.q_value,
        "places": "; ".join(one.places) or None,
    }
