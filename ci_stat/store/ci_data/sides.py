"""Reads what a comparison needs of a window: rates by job, durations, and failed runs.

Pull request numbers, for which JSON is read, are grouped once; the other statements read no JSON of
runs that succeeded.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, select
from sqlalchemy.types import String

from ci_stat.records import CaseFailure, Origin, RunFilter, Status, Tally, pull_number
from ci_stat.result.comparing import JobSide, SeenRun
from ci_stat.result.comparing.side import LONGEST_STEP, STEPS
from ci_stat.statistics.clusters import Clusters
from ci_stat.store.ci_data.cells import (
    cells_of,
    fetch_groups,
    in_pr,
    outcome_sums,
    tally_of,
    text_of,
    time_of,
)
from ci_stat.store.ci_data.decode import Decoder
from ci_stat.store.ci_data.lookups import is_failed
from ci_stat.store.ci_data.runs import conditions, full_names, known_names, with_full_names
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, pull_text, raw_json, wall
from ci_stat.store.ci_data.streaming import stream

Durations = dict[str, dict[int, int]]


class JobRates(NamedTuple):
    """Tally and clusters of runs of pull requests, of nightly runs, and of each job."""

    pr: JobSide
    nightly: JobSide
    jobs: dict[str, JobSide]


class FailedRun(NamedTuple):
    """A failed run, its pull request, and the failures that the table names.

    `repo`, `commit`: "" without one.
    """

    run: SeenRun
    repo: str
    commit: str
    pr: tuple[str, int] | None
    failures: tuple[CaseFailure, ...]


def rate_statement(run_filter: RunFilter) -> Select[Any]:
    """Rows of a job's runs of pull requests, and of its nightly runs, with sums over clusters.

    The sums over whole pull requests come from the same pass: each cell carries the sums of its
    pull request, and failures x failures of the pull request add up to their square.
    """
    cells = cells_of(run_filter, with_times=False)
    finished = cells.c.success + cells.c.failure + cells.c.aborted
    of_pr = [cells.c.r, cells.c.p]
    with_prs = select(
        cells,
        finished.label("finished"),
        case((in_pr(cells), 1), else_=0).label("is_pr"),
        func.sum(cells.c.failure).over(partition_by=of_pr).label("pr_failure"),
        func.sum(finished).over(partition_by=of_pr).label("pr_finished"),
        func.row_number().over(partition_by=of_pr, order_by=cells.c.j).label("place"),
    ).subquery("with_prs")
    c = with_prs.c
    return select(
        c.j,
        c.is_pr,
        *outcome_sums(with_prs),
        func.count(),
        *_squares(c.failure, c.finished, c.failure, c.finished),
        func.sum(case((c.place == 1, 1), else_=0)),
        *_squares(c.failure, c.finished, c.pr_failure, c.pr_finished),
    ).group_by(c.j, c.is_pr)


def _squares(failure: Any, finished: Any, cluster_failure: Any, cluster_finished: Any) -> list[Any]:
    return [
        func.sum(failure * cluster_failure),
        func.sum(failure * cluster_finished),
        func.sum(finished * cluster_finished),
    ]


def read_rates(connection: Connection, run_filter: RunFilter) -> JobRates:
    """The rates of a window."""
    pr = nightly = JobSide()
    jobs: dict[str, JobSide] = {}
    for job, is_pr, *sums in fetch_groups(connection, rate_statement(run_filter)):
        tally = tally_of(*sums[:4])
        of_job, of_prs = _clusters(tally, sums[4:8]), _clusters(tally, sums[8:12])
        if int(is_pr):
            pr = _sum(pr, tally, of_prs)
        else:
            of_job = Clusters.single(tally.failure, tally.finished)
            nightly = _sum(nightly, tally, of_job)
        name = text_of(job)
        jobs[name] = _sum(jobs.get(name, JobSide()), tally, of_job)
    return JobRates(pr, nightly, with_full_names(connection, jobs))


def _clusters(tally: Tally, sums: list[Any]) -> Clusters:
    number, count_squares, products, run_squares = (int(value or 0) for value in sums)
    return Clusters(tally.failure, tally.finished, number, count_squares, products, run_squares)


def _sum(side: JobSide, tally: Tally, clusters: Clusters) -> JobSide:
    return JobSide(side.tally + tally, side.clusters + clusters)


def read_durations(connection: Connection, run_filter: RunFilter) -> Durations:
    """The rounded durations of successful runs, by job: value in ms to number of runs."""
    c = ci_data.c
    step = case(*[(c.duration < below, step) for below, step in STEPS], else_=LONGEST_STEP)
    statement = (
        select(exact(c.job).label("j"), (c.duration - c.duration % step).label("d"), func.count())
        .where(*conditions(_with_status(run_filter, Status.SUCCESS)), c.duration > 0)
        .group_by("j", "d")
    )
    durations: Durations = defaultdict(dict)
    for job, duration, runs in fetch_groups(connection, statement):
        durations[text_of(job)][int(duration)] = int(runs)
    return with_full_names(connection, durations)


def read_failed_runs(
    connection: Connection, run_filter: RunFilter, origin: Origin
) -> Iterator[list[FailedRun]]:
    """The failed runs of a window, in batches, in no order."""
    c = ci_data.c
    statement = select(
        exact(c.job).label("j"),
        c.job_id,
        wall(c.time).cast(String(32)).label("t"),
        exact(c.repo).label("r"),
        exact(c.commit).label("c"),
        pull_text(c.description).label("p"),
        raw_json(c.analysis_res).label("a"),
    ).where(*conditions(replace(run_filter, statuses=())), *is_failed())
    decoder = Decoder(origin, Counter())
    # Before the rows: a connection answers no second question while it streams.
    full = full_names(connection, known_names(connection, "job"))
    for rows in stream(connection, statement):
        yield [_failed_run(row, decoder, full) for row in rows]


def _failed_run(row: tuple[Any, ...], decoder: Decoder, full: Mapping[str, str]) -> FailedRun:
    stored, number, time, repo, commit, pull, analysis = row
    job = text_of(stored)
    run = SeenRun(full.get(job, job), int(number), time_of(time))
    pr_number = pull_number(text_of(pull)) if repo else 0
    pr = (text_of(repo), pr_number) if pr_number else None
    failures = decoder.failures(analysis) if analysis else ()
    return FailedRun(run, text_of(repo), text_of(commit), pr, failures)


def _with_status(run_filter: RunFilter, status: Status) -> RunFilter:
    return replace(run_filter, statuses=(status.value,))
