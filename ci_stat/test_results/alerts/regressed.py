"""Regressions as conditions: tests that fail more often than in the weeks before."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.rendering.format import percent, plural
from ci_stat.store.results.case_ids import case_keys
from ci_stat.store.results.read import RunFilter
from ci_stat.test_results.alerts.model import REGRESSION, Condition, Kind
from ci_stat.test_results.regressions.model import Regression
from ci_stat.test_results.regressions.service import Regressions
from ci_stat.test_results.regressions.window_counts import Periods

WINDOW, BASELINE = timedelta(days=7), timedelta(days=28)

Lane = tuple[str, str, str]  # job, labels as JSON, branch


def regressed(
    engine: Engine, jobs: Sequence[str], branches: Sequence[str], now: datetime
) -> dict[Lane, tuple[Condition, ...]]:
    """The regressions of the last week against the four weeks before. Raises DatabaseError.

    Without a run that counts there are none. A new test has none: its failures are announced.
    """
    filter = RunFilter(jobs=tuple(jobs), branches=tuple(branches))
    try:
        report = Regressions(engine).report(Periods(now, WINDOW, BASELINE), filter)
    except (CannotTell, UnknownName):
        return {}
    regressions = [one for one in report.regressions if not one.is_new]
    keys = case_keys(engine, [one.case.id for one in regressions])
    by_lane: dict[Lane, list[Condition]] = defaultdict(list)
    for one in regressions:
        lane = (one.lane.job, one.lane.labels, one.lane.branch)
        by_lane[lane].append(_condition(one, keys[one.case.id]))
    return {lane: tuple(conditions) for lane, conditions in by_lane.items()}


def _condition(one: Regression, key: str) -> Condition:
    now, before = one.now, one.before
    rate = f"failed in {now.failed} of {plural(now.runs, 'run')} ({percent(now.rate)})"
    earlier = f", before that in {before.failed} of {before.runs:,} ({percent(before.rate)})"
    since = f"; since {one.change.since.first.started:%Y-%m-%d}" if one.change else ""
    words = f"{rate}{earlier}{since}"
    return Condition(Kind.REGRESSION, f"{REGRESSION}{key}", one.case.full_name, words)
