"""Reads the counts of days, and draws trends from them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from ci_stat.errors import CannotTell
from ci_stat.store.results.daily import read_daily
from ci_stat.store.results.read import ResultsReader, RunFilter
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.flakiness.model import DefaultBranch
from ci_stat.test_results.regressions.service import require_jobs
from ci_stat.test_results.trends.daily import DayCount, day_counts
from ci_stat.test_results.trends.model import Period, TrendReport, trends_of

_DAY = timedelta(days=1)


def read_trends(
    engine: Engine,
    begin: datetime,
    end: datetime,
    filter: RunFilter,
    period: Period,
    default: str = "",
) -> TrendReport:
    """Return the trends of jobs on all days (UTC) that [begin, end) touches.

    `filter.branches`: without names, the default branch of each repository. `default`: its name in
    the settings. Pruned runs count too.
    Raises CannotTell without runs, UnknownName, DatabaseError.
    """
    require_jobs(filter.jobs, ResultsReader(engine))
    first = begin.astimezone(UTC).date()
    last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
    counts = day_counts(read_daily(engine, first, last + _DAY, filter))
    branch = _branch_of(counts, filter.branches, default)
    chosen = [count for count in counts if count.branch in branch.names[count.repo]]
    if not chosen:
        raise CannotTell(
            "No run in this window.",
            "Choose a longer window or another branch: --since 1w, --branch NAME.",
        )
    left_out = sum(count.runs for count in counts) - sum(count.runs for count in chosen)
    return TrendReport(begin, end, period, branch, trends_of(chosen, period), left_out)


def _branch_of(counts: Sequence[DayCount], branches: Sequence[str], setting: str) -> DefaultBranch:
    runs: Counter[tuple[str, str]] = Counter()
    for count in counts:
        runs[count.repo, count.branch] += count.runs
    return default_branch(runs, branches, setting)
