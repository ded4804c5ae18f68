"""Reads runs, and draws their trends."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Engine

from ci_stat.errors import CannotTell
from ci_stat.store.results.read import ResultsReader, RunFilter
from ci_stat.test_results.regressions.series import choose_runs
from ci_stat.test_results.regressions.service import require_jobs
from ci_stat.test_results.trends.daily import Advance, day_counts
from ci_stat.test_results.trends.model import Period, TrendReport, trends_of

Progress = Callable[[int], Advance]


def read_trends(
    engine: Engine,
    begin: datetime,
    end: datetime,
    filter: RunFilter,
    period: Period,
    progress: Progress,
) -> TrendReport:
    """Return the trends of jobs in [begin, end).

    `filter.branches`: without names, the main branch of each repository. `progress` starts a bar
    for so many runs. Raises CannotTell without runs, UnknownName, DatabaseError.
    """
    reader = ResultsReader(engine)
    require_jobs(filter.jobs, reader)
    of_any_branch = msgspec.structs.replace(filter, branches=())
    chosen = choose_runs(reader.runs_between(begin, end, of_any_branch), filter.branches)
    if not chosen.runs:
        raise CannotTell(
            "No run in this window, outside of pull requests.",
            "Choose a longer window or another branch: --since 1w, --branch NAME.",
        )
    counts = day_counts(engine, chosen.runs, progress(len(chosen.runs)))
    trends = trends_of(counts, period)
    return TrendReport(begin, end, period, trends, chosen.pulls, chosen.other_branches)
