"""Trends as data for JSON and CSV. Days are UTC; rates are shares of 1."""

from typing import Any

from ci_stat.test_results.flakiness.data import branch_data
from ci_stat.test_results.trends.model import Point, TrendReport

Row = dict[str, Any]


def trends_data(report: TrendReport, limit: int) -> Row:
    """The report, with at most `limit` jobs; `total_jobs` are all of them."""
    return {
        "window": {"begin": report.begin.isoformat(), "end": report.end.isoformat()},
        "by": str(report.period),
        "zone": "UTC",
        "default_branch": branch_data(report.branch),
        "total_jobs": len(report.trends),
        "jobs": [
            {
                "repo": trend.repo or None,
                "job": trend.job,
                "runs": trend.runs,
                "points": [_point(point) for point in trend.points],
            }
            for trend in report.trends[:limit]
        ],
        "left_out_runs": {"other_branches": report.other_branches},
    }


def trends_rows(report: TrendReport, limit: int) -> list[Row]:
    """A row for each job and point."""
    return [
        {"repo": trend.repo or None, "job": trend.job, **_point(point)}
        for trend in report.trends[:limit]
        for point in trend.points
    ]


def _point(point: Point) -> Row:
    seconds = point.seconds_per_run
    return {
        "begin": point.begin.isoformat(),
        "runs": point.runs,
        "tests": point.tests,
        "passed": point.passed,
        "failed": point.failed,
        "skipped": point.skipped,
        "flaky": point.flaky,
        "pass_rate": point.pass_rate,
        "flaky_rate": point.flaky_rate,
        "seconds_per_run": None if seconds is None else round(seconds, 6),
    }
