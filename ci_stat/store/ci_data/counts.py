"""Counts jobs and pull requests in the database: a window of any size becomes a few rows.

One pass groups the rows into cells (`cells`); all numbers are aggregates over cells.
"""

from collections import Counter
from dataclasses import replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select
from sqlalchemy.types import String

from ci_stat.records import JobCount, Origin, PRCount, PRFacts, RunFilter
from ci_stat.store.ci_data.cells import (
    cells_of,
    count_if,
    fetch_groups,
    in_pr,
    outcome_sums,
    tally_of,
    text_of,
    time_of,
)
from ci_stat.store.ci_data.decode import Decoder
from ci_stat.store.ci_data.runs import full_names, run_statement, wall_text
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import pull_value, wall
from ci_stat.store.ci_data.streaming import stream

_TIMES_AT_ONCE = 500  # pull requests whose newest rows one statement reads


def job_statement(run_filter: RunFilter) -> Select[Any]:
    cells = cells_of(run_filter)
    is_pr = case((in_pr(cells), 1), else_=0)
    return select(
        cells.c.j,
        *outcome_sums(cells),
        func.sum(is_pr),
        count_if(and_(is_pr == 1, cells.c.failure > 0)),
        func.sum(case((is_pr == 1, cells.c.runs - 1), else_=0)),
        func.sum(case((is_pr == 0, cells.c.runs), else_=0)),
        func.max(cells.c.newest).cast(String(32)),
        func.max(cells.c.failed_at).cast(String(32)),
    ).group_by(cells.c.j)


def count_jobs(connection: Connection, run_filter: RunFilter) -> list[JobCount]:
    """Every job of the window, most failures first."""
    counts = list(map(_job_count, fetch_groups(connection, job_statement(run_filter))))
    full = full_names(connection, (count.job_name for count in counts))
    named = (replace(count, job_name=full.get(count.job_name, count.job_name)) for count in counts)
    return sorted(named, key=attrgetter("rank"))


def _job_count(row: tuple[Any, ...]) -> JobCount:
    job, *outcomes, prs, failing_prs, reruns, special, newest, failed_at = row
    return JobCount(
        job_name=text_of(job),
        tally=tally_of(*outcomes),
        prs=int(prs),
        failing_prs=int(failing_prs),
        rerun_cnt=int(reruns),
        special_cnt=int(special),
        last_run=time_of(newest),
        last_failure=time_of(failed_at),
    )


def pr_statement(run_filter: RunFilter, limit: int | None) -> Select[Any]:
    cells = cells_of(run_filter)
    failures, runs = func.sum(cells.c.failure), func.sum(cells.c.runs)
    return (
        select(
            cells.c.r,
            cells.c.p,
            *outcome_sums(cells),
            func.count(),
            count_if(cells.c.failure > 0),
            func.sum(cells.c.runs - 1),
            func.max(cells.c.newest).cast(String(32)),
            func.count().over(),  # the number of pull requests before LIMIT
        )
        .group_by(cells.c.r, cells.c.p)
        # Not WHERE, and within an aggregate: MariaDB would push it down to the rows and read the
        # JSON five times.
        .having(func.max(case((in_pr(cells), 1), else_=0)) == 1)
        .order_by(failures.desc(), runs.desc(), cells.c.r, pull_value(cells.c.p))
        .limit(limit)
    )


def count_prs(
    connection: Connection, run_filter: RunFilter, origin: Origin, limit: int | None = None
) -> tuple[list[PRCount], int]:
    """The `limit` pull requests of the window with the most failures, and the number of all.

    Title, author, branch and link are those of the newest run.
    """
    rows = fetch_groups(connection, pr_statement(run_filter, limit))
    prs = [_pr_count(row) for row in rows]
    facts = _facts(connection, run_filter, origin, prs)
    described = [replace(pr, facts=facts.get((pr.repo, pr.number), PRFacts())) for pr in prs]
    total = int(rows[0][-1]) if rows else 0
    return described, total


def _pr_count(row: tuple[Any, ...]) -> PRCount:
    repo, pull, *outcomes, jobs, failing_jobs, reruns, newest, _total = row
    return PRCount(
        repo=text_of(repo),
        number=int(text_of(pull)),
        tally=tally_of(*outcomes),
        jobs=int(jobs),
        failing_jobs=int(failing_jobs),
        rerun_cnt=int(reruns),
        last_run=time_of(newest),
    )


def _facts(
    connection: Connection, run_filter: RunFilter, origin: Origin, prs: list[PRCount]
) -> dict[tuple[str, int], PRFacts]:
    """Title, author, branch and link of each pull request.

    They are read from the rows of its newest time, through the index on time.
    """
    decode = Decoder(origin, Counter())
    time = func.substr(wall(ci_data.c.time).cast(String(32)), 1, 19)
    newest: dict[tuple[str, int], Any] = {}
    for first in range(0, len(prs), _TIMES_AT_ONCE):
        some_prs = prs[first : first + _TIMES_AT_ONCE]
        times = sorted({wall_text(pr.last_run) for pr in some_prs if pr.last_run})
        for rows in stream(connection, run_statement(run_filter).where(time.in_(times))):
            for run in map(decode, rows):
                key = (run.repo or "", run.pr_number)
                rank = (run.time, run.job_name, run.job_id)
                if key not in newest or rank > newest[key][0]:
                    newest[key] = (rank, PRFacts(run.pr_title, run.author, run.branch, run.pr_link))
    return {key: facts for key, (_, facts) in newest.items()}
