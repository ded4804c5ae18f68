"""Reads a window of runs with their results, and judges which of them count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.escape import visible
from ci_stat.records.ends import Ends
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import EVERY_RUN, ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.whole import incomplete_runs
from ci_stat.store.results.window_facts import branch_counts, newest_run
from ci_stat.test_results.flakiness.exclusions import Exclusions, find_exclusions
from ci_stat.test_results.flakiness.model import TestWindow
from ci_stat.test_results.flakiness.run_columns import RunColumns


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs of a window, oldest first, and how each test ended in them.

    `branch_counts`: all runs of the window outside of pull requests, by repository and branch.
    """

    window: TestWindow
    runs: list[StoredRun]
    columns: RunColumns
    ends: Ends
    exclusions: Exclusions
    branch_counts: dict[tuple[str, str], int]


def gather(
    engine: Engine, begin: datetime, end: datetime, filter: RunFilter = EVERY_RUN
) -> Gathered:
    """Read a window. It may be empty. Raises DatabaseError."""
    reader = ResultsReader(engine)
    runs = reader.runs_between(begin, end, filter)
    ends = read_ends(engine, runs)
    incomplete = incomplete_runs(engine, [run.id for run in runs])
    newest = newest_run(engine)
    window = TestWindow(
        begin=begin,
        end=end,
        filter=filter,
        newest=None if newest is None else datetime.fromtimestamp(newest / 1000, UTC),
        jobs=tuple(sorted({run.info.job for run in runs})),
    )
    exclusions = find_exclusions(runs, ends, incomplete)
    branches = branch_counts(engine, begin, end)
    return Gathered(window, runs, RunColumns.of(runs), ends, exclusions, branches)


def require_runs(engine: Engine, gathered: Gathered) -> None:
    """Raise CannotTell for a window without runs, UnknownName for a job without results."""
    if gathered.runs:
        return
    raise explain_no_runs(engine, gathered.window)


def explain_no_runs(engine: Engine, window: TestWindow) -> CannotTell | UnknownName:
    """Return the error for a window without runs. Raises DatabaseError."""
    if window.newest is None:
        hint = "Import some: ci-stat tests import PATH"
        return CannotTell("The results database is empty.", hint)
    jobs = ResultsReader(engine).jobs()
    for job in window.filter.jobs:
        if job not in jobs:
            message = f"No results of the job {visible(job, 200)!r}."
            return UnknownName(message, _similar(job, jobs))
    return CannotTell(
        f"No run with results in [{window.begin:%Y-%m-%d %H:%M}, {window.end:%Y-%m-%d %H:%M}) UTC"
        " has these names.",
        f"The newest run of all is from {window.newest:%Y-%m-%d %H:%M} UTC."
        " Use a longer window, e.g. --since 90d, or other names.",
    )


def _similar(job: str, jobs: Sequence[str]) -> str:
    names = get_close_matches(job, jobs, n=5, cutoff=0.5) or list(jobs[:5])
    return f"Jobs with results: {', '.join(visible(name, 100) for name in names)}"
