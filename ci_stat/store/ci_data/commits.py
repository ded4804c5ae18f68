"""Counts how often jobs ran on a commit, and reads the failed runs of flaky commits."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from ci_stat.records import RunFilter, Status
from ci_stat.result.flakiness.repetitions import CommitKey, JobCommits
from ci_stat.statistics.repeats import Repeats
from ci_stat.store.ci_data.cells import count_if, fetch_groups, text_of
from ci_stat.store.ci_data.runs import conditions, full_names, with_full_names
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, in_status


def commit_statement(run_filter: RunFilter) -> Select[Any]:
    """A row for each flaky commit of a job, and one for all its other commits.

    Reads no JSON. `kind`: 2 for a flaky commit, 1 for the others, 0 for runs without a commit.
    """
    c = ci_data.c
    by_commit = (
        select(
            exact(c.job).label("j"),
            func.coalesce(exact(c.repo), "").label("r"),
            func.coalesce(exact(c.commit), "").label("c"),
            count_if(in_status(Status.SUCCESS)).label("passed"),
            count_if(in_status(Status.FAILURE)).label("failed"),
        )
        .where(*conditions(run_filter))
        .group_by("j", "r", "c")
        .subquery("by_commit")
    )
    g = by_commit.c
    is_flaky = and_(g.passed > 0, g.failed > 0, g.c != "")
    tries = g.passed + g.failed
    kind = case((is_flaky, 2), (g.c != "", 1), else_=0).label("kind")
    repo = case((is_flaky, g.r)).label("repo")
    commit = case((is_flaky, g.c)).label("commit_")
    return select(
        g.j,
        kind,
        repo,
        commit,
        func.sum(g.passed),
        func.sum(g.failed),
        count_if(tries > 0),
        count_if(tries > 1),
    ).group_by(g.j, "kind", "repo", "commit_")


def read_commits(
    connection: Connection, run_filter: RunFilter
) -> tuple[dict[str, JobCommits], set[CommitKey]]:
    """The commits of each job, and those on which it passed and failed."""
    jobs: dict[str, JobCommits] = defaultdict(JobCommits)
    flaky: set[CommitKey] = set()
    for job, kind, repo, commit, *sums in fetch_groups(connection, commit_statement(run_filter)):
        name = text_of(job)
        jobs[name] += _job_commits(int(kind), *map(int, sums))
        if int(kind) == 2:
            flaky.add((name, text_of(repo), text_of(commit)))
    full = full_names(connection, jobs)
    flaky = {(full.get(job, job), repo, commit) for job, repo, commit in flaky}
    return with_full_names(connection, jobs), flaky


def _job_commits(kind: int, passed: int, failed: int, commits: int, repeated: int) -> JobCommits:
    if kind == 0:
        return JobCommits(without_commit=passed + failed)
    if kind == 2:
        return JobCommits(Repeats.of_key(passed, failed))
    return JobCommits(Repeats(commits, repeated, tries=passed + failed))
