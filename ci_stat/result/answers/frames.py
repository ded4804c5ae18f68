"""The answers as pandas frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_stat.result.frames import frame_of
from ci_stat.statistics.intervals import wilson

if TYPE_CHECKING:
    from pandas import DataFrame

    from ci_stat.result.answers.history_model import History
    from ci_stat.result.answers.model import PRAnswer, PRFailure


def verdicts_frame(answer: PRAnswer) -> DataFrame:
    """One row for each failure of a pull request."""
    failures = answer.failures
    columns: dict[str, list[Any]] = {
        "case": [failure.name for failure in failures],
        "kind": [failure.kind for failure in failures],
        "verdict": [failure.judgement.verdict.value for failure in failures],
        "reason": [failure.judgement.reason.value for failure in failures],
        "failed": [len(failure.own.failed) for failure in failures],
        "passed": [failure.own.passed for failure in failures],
        "other_passed": [failure.other.passed for failure in failures],
        "other_prs": [len(failure.other.prs) for failure in failures],
        "other_nightly": [len(failure.other.nightly) for failure in failures],
        "first_commit": [failure.own.commit for failure in failures],
        "last_failure": [failure.own.failed[-1].time for failure in failures],
        "message": list(map(_message, failures)),
    }
    return frame_of(columns, answer.source)


def _message(failure: PRFailure) -> str:
    return failure.newest.message if failure.newest else ""


def days_frame(history: History) -> DataFrame:
    """One row for each day; `low` and `high`: the 95 % interval of the rate."""
    days = history.days
    intervals = [wilson(day.failed, day.runs) for day in days]
    columns: dict[str, list[Any]] = {
        "date": [day.date for day in days],
        "runs": [day.runs for day in days],
        "failed": [day.failed for day in days],
        "fail_rate": [day.failed / day.runs if day.runs else None for day in days],
        "low": [interval.low for interval in intervals],
        "high": [interval.high for interval in intervals],
    }
    return frame_of(columns, history.source)
