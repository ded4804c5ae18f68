"""Reads the counts of days, and draws trends from them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from ci_stat.errors import CannotTell
from ci_stat.store.results.daily import read_daily
from ci_stat.store.results.read import ResultsReader, RunFilter
from ci_stat.test_results.regressions.series import main_branches
from ci_stat.test_results.regressions.service import require_jobs
from ci_stat.test_results.trends.daily import DayCount, day_counts
from ci_stat.test_results.trends.model import Period, TrendReport, trends_of

_DAY = timedelta(days=1)


def read_trends(
    engine: Engine, begin: datetime, end: datetime, filter: RunFilter, period: Period
) -> TrendReport:
    """Return the trends of jobs on all days (UTC) that [begin, end) touches.

    `filter.branches`: without names, the main branch of each repository. Pruned runs count too.
    Raises CannotTell without runs, UnknownName, DatabaseError.
    """
    require_jobs(filter.jobs, ResultsReader(engine))
    first = begin.astimezone(UTC).date()
    last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
    counts = day_counts(read_daily(engine, first, last + _DAY, filter))
    chosen = counts if filter.branches else _of_main_branches(counts)
    if not chosen:
        raise CannotTell(
            "No run in this window.",
            "Choose a longer window or another branch: --since 1w, --branch NAME.",
        )
    left_out = sum(count.runs for count in counts) - sum(count.runs for count in chosen)
    return TrendReport(begin, end, period, trends_of(chosen, period), left_out)


def _of_main_branches(counts: Sequence[DayCount]) -> list[DayCount]:
    runs: Counter[tuple[str, str]] = Counter()
    for count in counts:
        runs[count.repo, count.branch] += count.runs
    main = main_branches(runs)
    return [count for count in counts if count.branch == main[count.repo]]
