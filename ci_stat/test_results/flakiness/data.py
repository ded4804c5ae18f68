"""Flaky tests as data for JSON and CSV: the numbers of the document. Times are ISO 8601, UTC."""

import json
from dataclasses import asdict
from typing import Any

from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.flakiness.exclusions import LeftOut
from ci_stat.test_results.flakiness.model import (
    Counts,
    DefaultBranch,
    FlakyPlace,
    FlakyTest,
    FlakyTests,
    TestWindow,
)

Row = dict[str, Any]


def flaky_data(flaky: FlakyTests, limit: int) -> Row:
    """What is flaky. Each list has up to `limit` tests and the number of all."""
    return {
        "window": window_data(flaky.window),
        "tests": flaky.all_tests,
        "commits": flaky.commits,
        "run_again": flaky.repeated,
        "runs_without_commit": flaky.without_commit,
        "default_branch": {**branch_data(flaky.branch), "runs": flaky.rate_runs},
        "left_out": left_out_data(flaky.left_out),
        "proven": _list(flaky.proven, limit),
        "rates": _list(flaky.rated, limit),
    }


def branch_data(branch: DefaultBranch) -> Row:
    """The default branch, and how it is known."""
    return {"names": list(branch.words), "by": str(branch.basis)}


def window_data(window: TestWindow) -> Row:
    """A window with its filter."""
    return {
        "begin": window.begin.isoformat(),
        "end": window.end.isoformat(),
        "jobs": list(window.filter.jobs),
        "repos": list(window.filter.repos),
        "branches": list(window.filter.branches),
        "labels": window.filter.labels,
        "newest_run": window.newest.isoformat() if window.newest else None,
    }


def left_out_data(left_out: LeftOut) -> Row:
    """What does not count, by reason."""
    return {**asdict(left_out), "runs_left_out": left_out.total_runs}


def case_data(case: StoredCase) -> Row:
    """The names of a case."""
    return {
        "name": case.name + case.parameters,
        "class": case.class_name or None,
        "suite": case.suite or None,
        "file": case.file or None,
    }


def run_data(run: StoredRun) -> Row:
    """A run, shortly."""
    return {
        "job": run.info.job,
        "number": run.info.number,
        "attempt": run.info.attempt,
        "labels": run.info.labels,
        "commit": run.info.commit or None,
        "branch": run.info.branch or None,
        "pull": run.info.pull,
        "started": run.started.isoformat(),
        "url": run.info.url or None,
    }


def _list(tests: list[FlakyTest], limit: int) -> Row:
    rows = [_test(test) for test in tests[:limit]]
    return {"total": len(tests), "shown": len(rows), "rows": rows}


def _test(test: FlakyTest) -> Row:
    return {
        **case_data(test.case),
        "key": test.key,
        **_facts(test.proof, test.rate),
        "within_run": test.within_run,
        "places": [_place(place) for place in test.places],
        "newest_proof": run_data(test.newest) if test.newest else None,
        "newest_failed": run_data(test.newest_failed),
    }


def _facts(proof: Counts, rate: Counts) -> Row:
    return {
        "mixed_commits": proof.count,
        "commits": proof.total,
        "mixed_share": _rounded(proof.share),
        "mixed_interval": _interval(proof),
        "failed_runs": rate.count,
        "finished_runs": rate.total,
        "rate": _rounded(rate.share),
        "rate_interval": _interval(rate),
    }


def _place(place: FlakyPlace) -> Row:
    where = {"repo": place.repo or None, "job": place.job, "labels": json.loads(place.labels)}
    return {**where, **_facts(place.proof, place.rate)}


def _interval(counts: Counts) -> list[float]:
    return [round(counts.interval.low, 4), round(counts.interval.high, 4)]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def flaky_rows(flaky: FlakyTests, limit: int) -> list[Row]:
    """Rows for CSV: proven tests, then others with a rate; up to `limit` together."""
    proven = flaky.proven
    others = [test for test in flaky.rated if not test.is_proven]
    return [_csv_row(test) for test in [*proven, *others][:limit]]


def _csv_row(test: FlakyTest) -> Row:
    facts = _facts(test.proof, test.rate)
    row: Row = {**case_data(test.case), "key": test.key, "proven": test.is_proven}
    for name, value in facts.items():
        if isinstance(value, list):
            row[f"{name}_low"], row[f"{name}_high"] = value
        else:
            row[name] = value
    row["jobs"] = [place.job for place in test.places]
    row["newest_failed"] = test.newest_failed.started.isoformat()
    return row
