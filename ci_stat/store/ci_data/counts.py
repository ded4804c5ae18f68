"""Counting in the database: a window of any size comes back as a few rows.

One pass groups the rows into cells (repo, pull request text, job); every number about jobs and pull requests
is an aggregate over cells. Names are grouped byte by byte, as Python would, whatever the table's collation.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, Subquery, and_, case, func, literal_column, not_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import String

from ci_stat.records import (
    JobCount,
    Origin,
    PRCount,
    PRFacts,
    RunFilter,
    Status,
    Tally,
    WindowCount,
    every_period,
    period_length,
)
from ci_stat.store.ci_data.runs import (
    BAD_ANALYSIS,
    BAD_DESCRIPTION,
    Decoder,
    conditions,
    run_statement,
    wall_text,
    wall_time,
)
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import (
    exact,
    in_status,
    is_no_object,
    is_pull_number,
    names_failure,
    pull_text,
    pull_value,
    wall,
)
from ci_stat.store.ci_data.streaming import stream

_STATUSES = (Status.SUCCESS, Status.FAILURE, Status.ABORTED)


def text_of(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _moment(value: Any) -> datetime | None:
    """A time; None for what is none (MySQL's 2021-06-00): the rows that have it still count."""
    try:
        return wall_time(value)
    except ValueError:
        return None


def label_of(period: str) -> str:
    """A period's label; `None`, as a Result has it, where the time is no time."""
    return str(_moment(period) and period) if len(period) > len("YYYY-MM") else period


def _tally(success: Any, failure: Any, aborted: Any, runs: Any) -> Tally:
    named = (int(success or 0), int(failure or 0), int(aborted or 0))
    return Tally(*named, other=int(runs or 0) - sum(named))


def _cells(wanted: RunFilter, with_times: bool = True) -> Subquery:
    """One row for each (repo, pull text, job): runs by outcome, and if asked the newest run and failure."""
    c = ci_data.c
    outcomes = [
        func.sum(case((in_status(status), 1), else_=0)).label(status.lower())
        for status in _STATUSES
    ]
    failed_at = func.max(case((in_status(Status.FAILURE), wall(c.time))))
    return (
        select(
            exact(c.repo).label("r"),
            pull_text(c.description).label("p"),
            exact(c.job).label("j"),
            func.count().label("runs"),
            *outcomes,
            *(
                [func.max(wall(c.time)).label("newest"), failed_at.label("failed_at")]
                if with_times
                else []
            ),
        )
        .where(*conditions(wanted))
        .group_by("r", "p", "j")
        .subquery("cells")
    )


def _in_pr(cells: Subquery) -> Any:
    # COALESCE: a comparison with NULL is NULL, and NOT NULL would lose the nightly runs.
    return func.coalesce(
        and_(cells.c.r.is_not(None), cells.c.r != "", is_pull_number(cells.c.p)),
        literal_column("0"),
    )


def _sums(table: Subquery) -> list[Any]:
    return [func.sum(table.c[status.lower()]) for status in _STATUSES] + [func.sum(table.c.runs)]


def job_statement(wanted: RunFilter) -> Select[Any]:
    cells = _cells(wanted)
    is_pr = case((_in_pr(cells), 1), else_=0)
    return select(
        cells.c.j,
        *_sums(cells),
        func.sum(is_pr),
        func.sum(case((and_(is_pr == 1, cells.c.failure > 0), 1), else_=0)),
        func.sum(case((is_pr == 1, cells.c.runs - 1), else_=0)),
        func.sum(case((is_pr == 0, cells.c.runs), else_=0)),
        func.max(cells.c.newest).cast(String(32)),
        func.max(cells.c.failed_at).cast(String(32)),
    ).group_by(cells.c.j)


def count_jobs(connection: Connection, wanted: RunFilter) -> list[JobCount]:
    """Every job of the window, most failures first."""
    found = [
        JobCount(
            job_name=text_of(job),
            tally=_tally(*outcomes),
            prs=int(prs),
            failing_prs=int(failing),
            rerun_cnt=int(reruns),
            special_cnt=int(special),
            last_run=_moment(newest),
            last_failure=_moment(failed_at),
        )
        for job, *outcomes, prs, failing, reruns, special, newest, failed_at in _rows(
            connection, job_statement(wanted)
        )
    ]
    return sorted(found, key=attrgetter("rank"))


_GROUPING_MEMORY = 256 * 2**20  # bytes; a million rows group into 150 MB of cells


def _rows(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """The answer to a grouping statement, which may be grouped in memory for as long as this session lives."""
    if connection.dialect.name != "sqlite":
        try:
            for name in ("tmp_table_size", "max_heap_table_size"):
                connection.exec_driver_sql(f"SET SESSION {name} = {_GROUPING_MEMORY}")
        except DBAPIError as error:
            # A server that does not let us ask for it only groups more slowly.
            if error.connection_invalidated:
                raise
    return [row for rows in stream(connection, statement) for row in rows]


def pr_statement(wanted: RunFilter, limit: int | None) -> Select[Any]:
    cells = _cells(wanted)
    failures, runs = func.sum(cells.c.failure), func.sum(cells.c.runs)
    return (
        select(
            cells.c.r,
            cells.c.p,
            *_sums(cells),
            func.count(),
            func.sum(case((cells.c.failure > 0, 1), else_=0)),
            func.sum(cells.c.runs - 1),
            func.max(cells.c.newest).cast(String(32)),
            func.count().over(),  # how many there are: counted before LIMIT cuts
        )
        .group_by(cells.c.r, cells.c.p)
        # Not WHERE, and inside an aggregate: MariaDB would push it down to the rows and look up the JSON five times.
        .having(func.max(case((_in_pr(cells), 1), else_=0)) == 1)
        .order_by(failures.desc(), runs.desc(), cells.c.r, pull_value(cells.c.p))
        .limit(limit)
    )


def count_prs(
    connection: Connection, wanted: RunFilter, origin: Origin, limit: int | None = None
) -> tuple[list[PRCount], int]:
    """The pull requests of the window, most failures first, at most `limit`; titles by their newest run.

    Returns them, and how many there are without the limit.
    """
    found: list[PRCount] = []
    total = 0
    for repo, pull, *outcomes, jobs, failing, reruns, newest, prs in _rows(
        connection, pr_statement(wanted, limit)
    ):
        total = int(prs)
        found.append(
            PRCount(
                repo=text_of(repo),
                number=int(text_of(pull)),
                tally=_tally(*outcomes),
                jobs=int(jobs),
                failing_jobs=int(failing),
                rerun_cnt=int(reruns),
                last_run=_moment(newest),
            )
        )
    facts = _facts(connection, wanted, origin, found)
    return [replace(pr, facts=facts.get((pr.repo, pr.number), PRFacts())) for pr in found], total


def _facts(
    connection: Connection,
    wanted: RunFilter,
    origin: Origin,
    prs: list[PRCount],
    at_once: int = 500,
) -> dict[tuple[str, int], PRFacts]:
    """What each pull request calls itself, from the rows of its newest moment: found through the index on time."""
    decode = Decoder(origin, Counter())
    newest: dict[tuple[str, int], Any] = {}
    for first in range(0, len(prs), at_once):
        times = sorted(
            {wall_text(pr.last_run) for pr in prs[first : first + at_once] if pr.last_run}
        )
        for rows in stream(
            connection,
            run_statement(wanted).where(
                func.substr(wall(ci_data.c.time).cast(String(32)), 1, 19).in_(times)
            ),
        ):
            for run in map(decode, rows):
                key, rank = (
                    (run.repo or "", run.pr_number),
                    (run.time, run.job_name, run.job_id),
                )
                if key not in newest or rank > newest[key][0]:
                    newest[key] = (rank, PRFacts(run.pr_title, run.author, run.branch, run.pr_link))
    return {key: facts for key, (_, facts) in newest.items()}


def _total_statement(wanted: RunFilter) -> Select[Any]:
    """Pull request runs and nightly runs apart, with the number of pull requests and reruns."""
    cells = _cells(wanted, with_times=False)
    by_pr = (
        select(
            cells.c.r,
            cells.c.p,
            func.sum(cells.c.runs).label("runs"),
            *[func.sum(cells.c[status.lower()]).label(status.lower()) for status in _STATUSES],
            func.count().label("jobs"),
        )
        .group_by(cells.c.r, cells.c.p)
        .subquery("by_pr")
    )
    is_pr = case((_in_pr(by_pr), 1), else_=0).label("is_pr")
    return select(
        is_pr,
        *_sums(by_pr),
        func.count(),
        func.sum(case((by_pr.c.failure > 0, 1), else_=0)),
        func.sum(by_pr.c.runs - by_pr.c.jobs),
        # Of a repository, but without a number: few rows, unless their JSON is broken.
        func.sum(case((and_(by_pr.c.r != "", by_pr.c.p.is_(None)), by_pr.c.runs), else_=0)),
    ).group_by("is_pr")


def _period_statement(wanted: RunFilter) -> Select[Any]:
    """Runs by period, job and status; failed ones also by whether a failure is named."""
    c = ci_data.c
    missed = case((in_status(Status.FAILURE), case((names_failure(), 0), else_=1)), else_=0)
    return (
        select(
            func.substr(wall(c.time).cast(String(32)), 1, period_length(wanted.window)).label(
                "period"
            ),
            exact(c.job).label("j"),
            exact(c.status).label("s"),
            func.count(),
            func.sum(missed),
            func.sum(
                case(
                    (and_(not_(in_status(Status.SUCCESS)), is_no_object(c.analysis_res)), 1),
                    else_=0,
                )
            ),
        )
        .where(*conditions(wanted))
        .group_by("period", "j", "s")
    )


def summary_statements(wanted: RunFilter) -> tuple[Select[Any], Select[Any]]:
    """The two statements of `count_window`."""
    return _total_statement(wanted), _period_statement(wanted)


def _broken_descriptions(connection: Connection, wanted: RunFilter) -> int:
    c = ci_data.c
    statement = select(func.count()).where(
        *conditions(wanted), c.repo != "", is_no_object(c.description)
    )
    return int(_rows(connection, statement)[0][0])


def count_window(connection: Connection, wanted: RunFilter, warnings: Counter[str]) -> WindowCount:
    """Everything that the summary of a window says. `warnings` counts what was wrong with rows, as a load does."""
    totals, periods = summary_statements(wanted)
    kinds = {int(is_pr): rest for is_pr, *rest in _rows(connection, totals)}
    pr, special = kinds.get(1, [0] * 8), kinds.get(0, [0] * 8)
    by_period: dict[str, Counter[str]] = defaultdict(Counter)
    by_job: dict[str, Counter[str]] = defaultdict(Counter)
    missed = broken = 0
    for period, job, status, runs, unnamed, no_object in _rows(connection, periods):
        by_period[label_of(text_of(period))][text_of(status)] += int(runs)
        by_job[text_of(job)][text_of(status)] += int(runs)
        missed += int(unnamed)
        broken += int(no_object)
    warnings[BAD_ANALYSIS] += broken
    if int(special[7]):
        warnings[BAD_DESCRIPTION] += _broken_descriptions(connection, wanted)
    statuses: Counter[str] = sum(by_period.values(), Counter())
    return WindowCount(
        pr=_tally(*pr[:4]),
        special=_tally(*special[:4]),
        prs=int(pr[4]),
        failing_prs=int(pr[5]),
        rerun_cnt=int(pr[6]),
        jobs=len(by_job),
        failing_jobs=sum(1 for counts in by_job.values() if counts[Status.FAILURE]),
        miss_cnt=missed,
        other_statuses=tuple(
            sorted((name, n) for name, n in statuses.items() if name not in _STATUSES)
        ),
        periods=every_period(wanted.window, by_period),
    )
