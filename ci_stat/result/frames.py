"""A Result as pandas frames.

Times have the database's zone, repeated names are categories, durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Provenance, Run, Status
from ci_stat.result.pandas_on_request import pd, text_type

if TYPE_CHECKING:
    from ci_stat.result.result import Result

_RUN_COLUMNS: dict[str, Callable[[Run], Any]] = {
    "job_name": lambda run: run.job_name,
    "job_id": lambda run: run.job_id,
    "status": lambda run: run.status,
    "time": lambda run: run.time,
    "duration": lambda run: run.duration,
    "repo": lambda run: run.repo,
    "branch": lambda run: run.branch,
    "commit": lambda run: run.commit,
    "pr_number": lambda run: run.pr_number or None,
    "author": lambda run: run.author,
    "comment": lambda run: run.comment,
    "failures": lambda run: len(run.failures),
    "number": lambda run: run.number,
    "attempt": lambda run: run.attempt,
    "url": lambda run: run.url,
    "failure": lambda run: case_key(run.failures[0].name) if run.failures else None,
}
_TIMES = {"time", "last_run", "last_failure"}
_CATEGORIES = {
    "job_name",
    "status",
    "repo",
    "branch",
    "commit",
    "author",
    "comment",
    "kind",
    "rule",
    "source",
}
_INTEGERS = {
    *("job_id", "number", "attempt", "duration", "pr_number"),
    *("failures", "line", "first_line", "last_line"),
}
_COUNTS = {
    *("runs", "failed", "passed", "other_passed", "other_prs", "other_nightly"),
    *("total_cnt", "success_cnt", "fail_cnt", "abort_cnt", "other_cnt"),
    *("prs", "commits", "rerun_cnt", "attempt_cnt"),
}
_SHARES = {"fail_rate", "low", "high"}


def zoned(times: Iterable[datetime | None], zone: ZoneInfo) -> pd.Series[Any]:
    """Naive wall-clock times as a zone-aware column. A repeated hour is taken as the first one."""
    naive = pd.Series(pd.to_datetime(pd.Series(list(times), dtype="object")))
    first = pd.Series(True, index=naive.index).to_numpy()
    return naive.astype("datetime64[us]").dt.tz_localize(
        zone, ambiguous=first, nonexistent="shift_forward"
    )


def _column(name: str, values: list[Any], zone: ZoneInfo) -> Any:
    if name in _CATEGORIES:
        names = sorted({value for value in values if value is not None})
        return pd.Categorical(values, categories=pd.Index(names, dtype=text_type()))
    if name in _INTEGERS:
        return pd.array(values, dtype="Int64")
    if name in _TIMES:
        return zoned(values, zone)
    if name in _COUNTS:
        return pd.Series(values, dtype="int64")
    if name in _SHARES:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=text_type())


def frame_of(columns: dict[str, list[Any]], source: Provenance) -> pd.DataFrame:
    """A frame whose `attrs` say where the runs came from.

    Values of `attrs` are text and numbers: Parquet files store them as JSON.
    """
    zone = source.window.zone
    frame = pd.DataFrame({name: _column(name, values, zone) for name, values in columns.items()})
    frame.attrs = {
        "window": str(source.window),
        "rows": source.rows,
        "newest_row": None if source.newest is None else str(source.newest),
        "database": source.database,
        "query": source.query,
    }
    return frame


def runs_frame(res: Result) -> pd.DataFrame:
    """One row per run, oldest first; nightly runs lack `pr_number`."""
    columns = {name: [get(run) for run in res.all_runs] for name, get in _RUN_COLUMNS.items()}
    return frame_of(columns, res.provenance)


def _counts(things: Sequence[Any]) -> dict[str, list[Any]]:
    names = ("total_cnt", "success_cnt", "fail_cnt", "abort_cnt", "other_cnt")
    columns = {name: [getattr(thing, name) for thing in things] for name in names}
    return columns | {"fail_rate": [thing.tally.fail_rate for thing in things]}


def _last(runs: Sequence[Run], status: str | None = None) -> datetime | None:
    """The time of the newest run, or of the newest one with this status."""
    times = (run.time for run in reversed(runs) if status in (None, run.status))
    return next(times, None)


def jobs_frame(res: Result) -> pd.DataFrame:
    """One row per job, most failures first."""
    jobs = sorted(res.job_map.values(), key=attrgetter("rank"))
    columns: dict[str, list[Any]] = {"job_name": [job.job_name for job in jobs]} | _counts(jobs)
    columns["prs"] = [len(job.local_prs) for job in jobs]
    columns["rerun_cnt"] = [job.rerun_cnt for job in jobs]
    columns["attempt_cnt"] = [job.attempt_cnt for job in jobs]
    columns["last_run"] = [_last(job.runs) for job in jobs]
    columns["last_failure"] = [_last(job.runs, Status.FAILURE) for job in jobs]
    return frame_of(columns, res.provenance)


def prs_frame(res: Result) -> pd.DataFrame:
    """One row per pull request, most failures first."""
    prs = sorted(res.pr_map.values(), key=attrgetter("rank"))
    names: dict[str, list[Any]] = {
        "repo": [pr.repo for pr in prs],
        "pr_number": [pr.number for pr in prs],
        "title": [pr.title for pr in prs],
        "author": [pr.author for pr in prs],
        "branch": [pr.branch for pr in prs],
    }
    columns = names | _counts(prs)
    columns["commits"] = [len({run.commit for run in pr.runs if run.commit}) for pr in prs]
    columns["rerun_cnt"] = [pr.total_rerun_cnt for pr in prs]
    columns["attempt_cnt"] = [pr.attempt_cnt() for pr in prs]
    columns["last_run"] = [_last(pr.runs) for pr in prs]
    return frame_of(columns, res.provenance)


_FAILURE_COLUMNS: dict[str, Callable[[CaseFailure], Any]] = {
    "message": lambda failure: failure.message,
    "rule": lambda failure: failure.rule,
    "source": lambda failure: failure.source,
    "fingerprint": lambda failure: failure.fingerprint,
    "file": lambda failure: failure.file,
    "line": lambda failure: failure.line or None,
    "first_line": lambda failure: failure.first_line or None,
    "last_line": lambda failure: failure.last_line or None,
    "link": lambda failure: failure.link or None,
}


def failures_frame(res: Result) -> pd.DataFrame:
    """One row for each failure of each failed run, with its message in that run."""
    occurrences = [
        (run, info, seen)
        for info in res.fail_info_map.values()
        for run, seen in zip(info.run_list, info.seen, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        "case": [info.info for _, info, _ in occurrences],
        "kind": [info.kind for _, info, _ in occurrences],
    }
    names = ("job_name", "job_id", "time", "repo", "branch", "commit", "pr_number")
    columns |= {name: [_RUN_COLUMNS[name](run) for run, _, _ in occurrences] for name in names}
    failures = [failure for _, _, failure in occurrences]
    columns |= {name: list(map(get, failures)) for name, get in _FAILURE_COLUMNS.items()}
    return frame_of(columns, res.provenance)
