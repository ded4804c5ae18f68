"""Counts a whole window in the database: the numbers of its summary."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, not_, select
from sqlalchemy.types import String

from ci_stat.records import RunFilter, Status, WindowCount, every_period, period_length
from ci_stat.store.ci_data.cells import (
    STATUSES,
    cells_of,
    count_if,
    fetch_groups,
    in_pr,
    label_of,
    outcome_sums,
    tally_of,
    text_of,
)
from ci_stat.store.ci_data.decode import BAD_ANALYSIS, BAD_DESCRIPTION
from ci_stat.store.ci_data.odd_analysis import is_odd, odd_correction
from ci_stat.store.ci_data.runs import conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, in_status, is_no_object, names_failure, wall

_NO_RUNS = [0] * 8  # a row of `_total_statement` without `is_pr`


def summary_statements(run_filter: RunFilter) -> tuple[Select[Any], Select[Any]]:
    """The two statements of `count_window`."""
    return _total_statement(run_filter), _period_statement(run_filter)


def _total_statement(run_filter: RunFilter) -> Select[Any]:
    """One row for the runs of pull requests, and one for nightly runs."""
    cells = cells_of(run_filter, with_times=False)
    by_pr = (
        select(
            cells.c.r,
            cells.c.p,
            func.sum(cells.c.runs).label("runs"),
            *[func.sum(cells.c[status.lower()]).label(status.lower()) for status in STATUSES],
            func.count().label("jobs"),
        )
        .group_by(cells.c.r, cells.c.p)
        .subquery("by_pr")
    )
    is_pr = case((in_pr(by_pr), 1), else_=0).label("is_pr")
    # Few rows have a repository and no number, unless their JSON is broken.
    has_no_number = and_(by_pr.c.r != "", by_pr.c.p.is_(None))
    return select(
        is_pr,
        *outcome_sums(by_pr),
        func.count(),
        count_if(by_pr.c.failure > 0),
        func.sum(by_pr.c.runs - by_pr.c.jobs),
        func.sum(case((has_no_number, by_pr.c.runs), else_=0)),
    ).group_by("is_pr")


def _period_statement(run_filter: RunFilter) -> Select[Any]:
    """Runs by period, job and status, with the failed ones that name no failure."""
    c = ci_data.c
    label = func.substr(wall(c.time).cast(String(32)), 1, period_length(run_filter.window))
    unnamed = case((in_status(Status.FAILURE), case((names_failure(), 0), else_=1)), else_=0)
    odd = case((in_status(Status.FAILURE), case((is_odd(c.analysis_res), 1), else_=0)), else_=0)
    is_broken = and_(not_(in_status(Status.SUCCESS)), is_no_object(c.analysis_res))
    return (
        select(
            label.label("period"),
            exact(c.job).label("j"),
            exact(c.status).label("s"),
            func.count(),
            func.sum(unnamed),
            count_if(is_broken),
            func.sum(odd),
        )
        .where(*conditions(run_filter))
        .group_by("period", "j", "s")
    )


def count_window(
    connection: Connection, run_filter: RunFilter, warnings: Counter[str]
) -> WindowCount:
    """The numbers of a window's summary. `warnings` counts invalid values, as a load does."""
    totals, periods = summary_statements(run_filter)
    kinds = {int(is_pr): sums for is_pr, *sums in fetch_groups(connection, totals)}
    pr, special = kinds.get(1, _NO_RUNS), kinds.get(0, _NO_RUNS)

    by_period: dict[str, Counter[str]] = defaultdict(Counter)
    by_job: dict[str, Counter[str]] = defaultdict(Counter)
    unnamed = broken = odd = 0
    for period, job, status, runs, runs_unnamed, runs_broken, runs_odd in fetch_groups(
        connection, periods
    ):
        name, count = text_of(status), int(runs)
        by_period[label_of(text_of(period))][name] += count
        by_job[text_of(job)][name] += count
        unnamed += int(runs_unnamed)
        broken += int(runs_broken)
        odd += int(runs_odd)

    if odd:
        unnamed += odd_correction(connection, run_filter)
    warnings[BAD_ANALYSIS] += broken
    if int(special[7]):
        warnings[BAD_DESCRIPTION] += _broken_descriptions(connection, run_filter)
    return WindowCount(
        pr=tally_of(*pr[:4]),
        special=tally_of(*special[:4]),
        prs=int(pr[4]),
        failing_prs=int(pr[5]),
        rerun_cnt=int(pr[6]),
        jobs=len(by_job),
        failing_jobs=sum(1 for counts in by_job.values() if counts[Status.FAILURE]),
        miss_cnt=unnamed,
        other_statuses=_other_statuses(by_period),
        periods=every_period(run_filter.window, by_period),
    )


def _other_statuses(by_period: dict[str, Counter[str]]) -> tuple[tuple[str, int], ...]:
    statuses: Counter[str] = sum(by_period.values(), Counter())
    return tuple(sorted((name, n) for name, n in statuses.items() if name not in STATUSES))


def _broken_descriptions(connection: Connection, run_filter: RunFilter) -> int:
    c = ci_data.c
    is_broken = is_no_object(c.description)
    statement = select(func.count()).where(*conditions(run_filter), c.repo != "", is_broken)
    return int(fetch_groups(connection, statement)[0][0])
