"""Imports and runs of tests as data for JSON. Times are ISO 8601, UTC."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.model import Counts, FailedTest, FileReport, ImportReport, RunReport
from ci_stat.test_results.packages import folded

Row = dict[str, Any]


def import_data(report: ImportReport) -> Row:
    """An import."""
    return {
        "run": run_row(report.run),
        "counts": _counts(report.counts),
        "files": [_file(file) | {"new": file.is_new} for file in report.files],
        "left_out": [file.name for file in report.left_out],
        "complete": not report.problems and bool(report.files),
    }


def imports_data(reports: Sequence[ImportReport]) -> Row:
    """An import; of several entries of a matrix, each is in `entries`."""
    if len(reports) == 1:
        return import_data(reports[0])
    entries = [import_data(report) for report in reports]
    with_files = [report for report in reports if report.files]
    is_complete = bool(with_files) and not any(report.problems for report in with_files)
    return {"entries": entries, "complete": is_complete}


def run_data(report: RunReport, limit: int) -> Row:
    """A run. Lists have at most `limit` entries; `total_...` are all of them."""
    return {
        "run": run_row(report.run.info) | {"id": report.run.id},
        "counts": _counts(report.counts),
        "complete": not report.problems and bool(report.counts.tests),
        "files": [_file(file) for file in report.files],
        "package": report.package or None,
        "packages": [asdict(package) for package in folded(report.failed, report.package)],
        "total_failed": len(report.failed),
        "failed": [_failed(test, report.now) for test in report.failed[:limit]],
        "total_flaky": len(report.flaky),
        "flaky": [case_row(case) for case in report.flaky[:limit]],
        "earlier_runs": report.looked_at,
        "jobs": list(report.jobs),
    }


def run_row(run: RunInfo) -> Row:
    """A run."""
    return {
        "job": run.job,
        "number": run.number,
        "attempt": run.attempt,
        "repo": run.repo or None,
        "commit": run.commit or None,
        "branch": run.branch or None,
        "pull": run.pull,
        "trigger": run.trigger or None,
        "url": run.url or None,
        "labels": run.labels,
        "started": run.started.isoformat() if run.started else None,
    }


def _counts(counts: Counts) -> Row:
    return {**asdict(counts), "seconds": round(counts.seconds, 3)}


def _file(file: FileReport) -> Row:
    return {
        "name": file.name,
        "format": file.format or None,
        "state": str(file.state),
        "detail": file.detail or None,
        "results": file.attempts,
    }


def _failed(test: FailedTest, now: datetime) -> Row:
    return {
        **case_row(test.case),
        "outcome": test.outcome,
        "message": test.message or None,
        "fingerprint": test.fingerprint or None,
        "attempts": test.attempts,
        "failed_runs": test.runs,
        "at_least": test.is_open_ended,
        "since": run_row(test.since.info),
        "last_passed": run_row(test.last_passed.info) if test.last_passed else None,
        "days": round((now - test.since.started).total_seconds() / 86_400, 2),
        "new_test": test.is_new_test,
        "flaky_commits": test.flaky_commits,
        "commits": test.commits,
    }


def case_row(case: StoredCase) -> Row:
    """A test."""
    return {
        "name": case.name + case.parameters,
        "class": case.class_name or None,
        "suite": case.suite or None,
        "file": case.file or None,
    }
