"""A summary as data for JSON."""

from dataclasses import asdict
from typing import Any

from ci_stat.test_results.aggregating.model import Entry, Summary, problems_of
from ci_stat.test_results.model import Counts, FileReport
from ci_stat.test_results.running.collected import TestRecord

Row = dict[str, Any]
MAX_FILES = 1000  # that are named


def summary_data(summary: Summary, limit: int) -> Row:
    """The summary. Lists of tests have at most `limit` entries; `total_...` are all of them."""
    failed = [(entry, record) for entry, record in summary.records() if record.is_failed]
    flaky = [(entry, record) for entry, record in summary.records() if record.is_flaky]
    return {
        **_counts(summary.counts),
        "complete": summary.is_whole,
        "expected_entries": summary.expected,
        "total_entries": len(summary.entries),
        "missing": [{"labels": dict(one.labels), "reason": one.reason} for one in summary.missing],
        "unexpected": list(summary.unexpected),
        "problems": list(summary.problems),
        "categories": {name: _counts(counts) for name, counts in summary.categories.items()},
        "entries": [_entry(entry) for entry in summary.entries],
        "total_failures": len(failed),
        "failures": [_test(entry, record) for entry, record in failed[:limit]],
        "total_flaky_tests": len(flaky),
        "flaky_tests": [_test(entry, record) for entry, record in flaky[:limit]],
        "total_left_out": len(summary.left_out),
        "left_out": list(summary.left_out[:MAX_FILES]),
    }


def _counts(counts: Counts) -> Row:
    row = asdict(counts)
    return {**row, "seconds": round(counts.seconds, 3)}


def _entry(entry: Entry) -> Row:
    return {
        "name": entry.name,
        "labels": dict(entry.labels),
        **_counts(entry.counts),
        "complete": entry.is_whole,
        "problems": list(problems_of(entry)),
        "repeated": entry.repeated,
        "total_files": len(entry.files),
        "files": [_file(file) for file in entry.files[:MAX_FILES]],
    }


def _file(file: FileReport) -> Row:
    return {
        "name": file.name,
        "format": file.format or None,
        "state": str(file.state),
        "detail": file.detail or None,
        "results": file.attempts,
    }


def _test(entry: Entry, record: TestRecord) -> Row:
    case = record.case
    return {
        "entry": entry.name,
        "suite": case.suite or None,
        "class": case.class_name or None,
        "name": case.name + case.parameters,
        "file": case.file or None,
        "outcome": record.outcome,
        "attempts": [attempt.outcome for attempt in record.attempts],
        "message": record.failure.message or None,
    }
