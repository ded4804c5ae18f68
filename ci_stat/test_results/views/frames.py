"""Test results as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ci_stat.result.pandas_on_request import pd
from ci_stat.test_results.views.compare_data import CHANGE_COLUMNS, change_rows

if TYPE_CHECKING:
    from ci_stat.store.results.read import StoredRun
    from ci_stat.test_results.cases.model import CaseHistory
    from ci_stat.test_results.comparing.model import Comparison
    from ci_stat.test_results.model import RunReport

_RUN = ("job", "number", "attempt", "repo", "commit", "branch", "pull", "trigger", "url")
_CATEGORIES = {"job", "repo", "branch", "trigger", "outcome", "labels", "change"}

_NUMBERS = {
    "number",
    "pull",
    "failed_before",
    "runs_before",
    "failed_now",
    "runs_now",
    "flaky_commits",
}


def runs_frame(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """One row for each run."""
    return _frame(_run_columns(runs))


def case_frame(history: CaseHistory) -> pd.DataFrame:
    """One row for each run of a case."""
    runs = history.runs
    columns = _run_columns([run.run for run in runs])
    columns["outcome"] = [str(run.outcome) for run in runs]
    columns["attempts"] = [len(run.attempts) for run in runs]
    columns["seconds"] = [run.seconds for run in runs]
    columns["fingerprint"] = [run.fingerprint or None for run in runs]
    return _frame(columns)


def failed_frame(report: RunReport) -> pd.DataFrame:
    """One row for each failed test of a run."""
    tests = report.failed
    columns: dict[str, list[Any]] = {
        "name": [test.case.full_name for test in tests],
        "outcome": [test.outcome for test in tests],
        "failed_runs": [test.runs for test in tests],
        "since": [test.since.started for test in tests],
        "new_test": [test.is_new_test for test in tests],
        "flaky_commits": [test.flaky_commits for test in tests],
        "commits": [test.commits for test in tests],
        "attempts": [test.attempts for test in tests],
        "message": [test.message or None for test in tests],
        "fingerprint": [test.fingerprint or None for test in tests],
    }
    return _frame(columns)


def changes_frame(comparison: Comparison) -> pd.DataFrame:
    """One row for each change of a comparison."""
    rows = change_rows(comparison)
    return _frame({name: [row[name] for row in rows] for name in CHANGE_COLUMNS})


def _run_columns(runs: Sequence[StoredRun]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"started": [run.started for run in runs]}
    for name in _RUN:
        columns[name] = [getattr(run.info, name) for run in runs]
    columns["labels"] = [run.info.label_text for run in runs]
    return columns


def _frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    for name in frame.columns:
        if name in ("started", "since"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif name in _NUMBERS:
            frame[name] = frame[name].astype("Int64")
        elif name == "other_message":
            frame[name] = frame[name].astype("boolean")
        elif name in _CATEGORIES:
            frame[name] = frame[name].astype("category")
    return frame
