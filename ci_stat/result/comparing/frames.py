"""A comparison, and what is flaky, as pandas frames.

Shares are 0 to 1, durations milliseconds. Columns have the same types in an empty frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ci_stat.result.pandas_on_request import pd, text_type

if TYPE_CHECKING:
    from ci_stat.result.comparing.changes import DurationChange, FailureChange, JobChange, Rate
    from ci_stat.result.flakiness.model import FlakyCase, FlakyJob

Columns = Mapping[str, tuple[str, Callable[[Any], Any]]]


def _rates(of: Callable[[Any], Rate], name: str) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    return {
        f"{name}_failed": ("Int64", lambda row: of(row).count),
        f"{name}_runs": ("Int64", lambda row: of(row).runs),
        f"{name}_rate": ("float64", lambda row: of(row).value),
        f"{name}_low": ("float64", lambda row: of(row).interval.low),
        f"{name}_high": ("float64", lambda row: of(row).interval.high),
    }


_CHANGE: Columns = {
    "change": ("text", lambda row: str(row.rates.change)),
    "may_be_chance": ("bool", lambda row: row.rates.by_chance),
    **_rates(lambda row: row.rates.now, "now"),
    **_rates(lambda row: row.rates.before, "before"),
    "difference": ("float64", lambda row: row.rates.difference),
    "low": ("float64", lambda row: row.rates.interval.low),
    "high": ("float64", lambda row: row.rates.interval.high),
    "p_value": ("float64", lambda row: row.rates.p_value),
    "q_value": ("float64", lambda row: row.rates.q_value),
}
_FAILURES: Columns = {
    "failure": ("text", lambda row: row.name),
    "kind": ("text", lambda row: row.kind),
    **_CHANGE,
    "now_prs": ("Int64", lambda row: row.rates.now.prs),
    "before_prs": ("Int64", lambda row: row.rates.before.prs),
    "jobs": ("text", lambda row: ", ".join(row.jobs)),
}
_JOBS: Columns = {"job_name": ("text", lambda row: row.name), **_CHANGE}
_DURATIONS: Columns = {
    "job_name": ("text", lambda row: row.job),
    "change": ("text", lambda row: str(row.change)),
    "may_be_chance": ("bool", lambda row: row.by_chance),
    "now_runs": ("Int64", lambda row: row.now.runs),
    "now_median": ("Int64", lambda row: row.now.median),
    "before_runs": ("Int64", lambda row: row.before.runs),
    "before_median": ("Int64", lambda row: row.before.median),
    "change_of_median": ("float64", lambda row: row.change_of_median),
    "low": ("float64", lambda row: row.interval.low if row.interval else None),
    "high": ("float64", lambda row: row.interval.high if row.interval else None),
    "p_value": ("float64", lambda row: row.p_value),
    "q_value": ("float64", lambda row: row.q_value),
}
_FLAKY_CASES: Columns = {
    "failure": ("text", lambda row: row.name),
    "kind": ("text", lambda row: row.kind),
    "flaky": ("Int64", lambda row: row.commits),
    "commits": ("Int64", lambda row: row.of),
    "share": ("float64", lambda row: row.commits / row.of if row.of else None),
    "low": ("float64", lambda row: row.interval.low),
    "high": ("float64", lambda row: row.interval.high),
    "failed_runs": ("Int64", lambda row: row.runs),
    "prs": ("Int64", lambda row: row.prs),
    "in_outages": ("Int64", lambda row: row.in_outages),
    "jobs": ("text", lambda row: ", ".join(row.jobs)),
}
_FLAKY_JOBS: Columns = {
    "job_name": ("text", lambda row: row.name),
    "flaky": ("Int64", lambda row: row.commits.mixed),
    "commits": ("Int64", lambda row: row.commits.keys),
    "run_again": ("Int64", lambda row: row.commits.repeated),
    "share": ("float64", lambda row: row.commits.share),
    "low": ("float64", lambda row: row.commits.interval.low),
    "high": ("float64", lambda row: row.commits.interval.high),
    "failed_runs": ("Int64", lambda row: row.lost.total),
    "of_machines": ("Int64", lambda row: row.lost.machines),
    "in_outages": ("Int64", lambda row: row.lost.outages),
}


def failures_frame(changes: Sequence[FailureChange]) -> pd.DataFrame:
    """One row per failure."""
    return _frame(_FAILURES, changes)


def jobs_frame(changes: Sequence[JobChange]) -> pd.DataFrame:
    """One row per job."""
    return _frame(_JOBS, changes)


def durations_frame(changes: Sequence[DurationChange]) -> pd.DataFrame:
    """One row per job."""
    return _frame(_DURATIONS, changes)


def flaky_cases_frame(cases: Sequence[FlakyCase]) -> pd.DataFrame:
    """One row per failure."""
    return _frame(_FLAKY_CASES, cases)


def flaky_jobs_frame(jobs: Sequence[FlakyJob]) -> pd.DataFrame:
    """One row per job."""
    return _frame(_FLAKY_JOBS, jobs)


def _frame(columns: Columns, rows: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: _column(kind, list(map(get, rows))) for name, (kind, get) in columns.items()}
    )


def _column(kind: str, values: list[Any]) -> Any:
    if kind == "Int64":
        return pd.array(values, dtype="Int64")
    return pd.Series(values, dtype=text_type() if kind == "text" else kind)
