"""Regressions as data for JSON and CSV. Times are ISO 8601, UTC; rates are shares of 1."""

import json
from dataclasses import asdict
from typing import Any

from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.flakiness.data import branch_data
from ci_stat.test_results.regressions.model import (
    DurationChange,
    FailureChange,
    Regression,
    RegressionReport,
    Since,
)
from ci_stat.test_results.regressions.series import Lane

Row = dict[str, Any]


def regressions_data(report: RegressionReport, limit: int) -> Row:
    """The report. Each list has at most `limit` entries; `total_...` are all of them."""
    periods = report.periods
    return {
        "window": {
            "begin": periods.begin.isoformat(),
            "end": periods.end.isoformat(),
            "runs": report.runs,
        },
        "baseline": {
            "begin": periods.baseline_begin.isoformat(),
            "end": periods.begin.isoformat(),
            "runs": report.baseline_runs,
        },
        "default_branch": branch_data(report.branch),
        "total_regressions": len(report.regressions),
        "regressions": [_regression(one) for one in report.regressions[:limit]],
        "total_slower": len(report.slower),
        "slower": [_duration(one) for one in report.slower[:limit]],
        "total_faster": len(report.faster),
        "faster": [_duration(one) for one in report.faster[:limit]],
        "tests": {
            "compared": report.compared,
            "judged_as_new": report.as_new,
            "too_few_runs": report.too_few,
            "with_durations": report.timed,
        },
        "left_out_runs": asdict(report.left_out),
        "left_out_duration_changes": {
            "too_small": report.too_small,
            "may_be_chance": report.by_chance,
        },
    }


def regressions_rows(report: RegressionReport, limit: int) -> list[Row]:
    """The entries of all lists as rows of one table."""
    rows = [_rate_row(one) for one in report.regressions[:limit]]
    rows += [_duration_row("slower", one) for one in report.slower[:limit]]
    rows += [_duration_row("faster", one) for one in report.faster[:limit]]
    return rows


def _rate_row(one: Regression) -> Row:
    return {
        **_identity("fails", one.case, one.lane),
        "new_test": one.is_new,
        "failed": one.now.failed,
        "runs": one.now.runs,
        "failed_before": one.before.failed,
        "runs_before": one.before.runs,
        "seconds": None,
        "seconds_before": None,
        "p_value": one.p_value,
        **_bounds(one.change.since if one.change else None),
    }


def _duration_row(kind: str, one: DurationChange) -> Row:
    return {
        **_identity(kind, one.case, one.lane),
        "new_test": None,
        "failed": None,
        "runs": one.runs,
        "failed_before": None,
        "runs_before": None,
        "seconds": round(one.after, 6),
        "seconds_before": round(one.before, 6),
        "p_value": one.p_value,
        **_bounds(one.since),
    }


def _identity(kind: str, case: StoredCase, lane: Lane) -> Row:
    return {"kind": kind, **_case(case), **_lane(lane), "labels": lane.labels}


def _bounds(since: Since | None) -> Row:
    """The runs between which it changed."""
    before, latest = (since.last_before.info, since.latest.info) if since else (None, None)
    return {
        "last_run_before": before and before.number,
        "last_commit_before": before and before.commit,
        "latest_first_run": latest and latest.number,
        "latest_first_commit": latest and latest.commit,
    }


def _regression(one: Regression) -> Row:
    return {
        **_case(one.case),
        **_lane(one.lane),
        "new_test": one.is_new,
        "failed": one.now.failed,
        "runs": one.now.runs,
        "failed_before": one.before.failed,
        "runs_before": one.before.runs,
        "rise": one.rise,
        "interval": [one.interval.low, one.interval.high],
        "p_value": one.p_value,
        "extreme": one.is_extreme,
        "opened": one.opened.isoformat(),
        "change": _change(one.change) if one.change else None,
        "first_run": _run(one.first) if one.first else None,
        "newest_failure": _run(one.newest) if one.newest else None,
    }


def _duration(one: DurationChange) -> Row:
    return {
        **_case(one.case),
        **_lane(one.lane),
        "seconds": round(one.after, 6),
        "seconds_before": round(one.before, 6),
        "change": one.change,
        "p_value": one.p_value,
        "runs": one.runs,
        "since": _since(one.since),
    }


def _change(change: FailureChange) -> Row:
    return {
        **_since(change.since),
        "rate_before": change.before,
        "rate_after": change.after,
        "failing_again": change.is_again,
        "ended": _since(change.ended) if change.ended else None,
    }


def _since(since: Since) -> Row:
    return {
        "last_before": _run(since.last_before),
        "first": _run(since.first),
        "latest": _run(since.latest),
    }


def _run(run: StoredRun) -> Row:
    return {
        "number": run.info.number,
        "attempt": run.info.attempt,
        "commit": run.info.commit or None,
        "started": run.started.isoformat(),
        "url": run.info.url or None,
    }


def _case(case: StoredCase) -> Row:
    return {
        "name": case.name + case.parameters,
        "class": case.class_name or None,
        "suite": case.suite or None,
        "file": case.file or None,
    }


def _lane(lane: Lane) -> Row:
    return {
        "repo": lane.repo or None,
        "job": lane.job,
        "branch": lane.branch or None,
        "labels": json.loads(lane.labels),
    }
