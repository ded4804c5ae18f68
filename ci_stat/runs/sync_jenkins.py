"""Sync the CI database with a Jenkins: store the builds that it lacks. See docs/jenkins.md.

For each job, list the numbers of its builds, newest first, down to the place after which no build
can be missing. Then fetch the missing builds in batches, one transaction each, outward from the
stored ones. So an interrupted sync leaves no gap between stored builds, and the next one finds the
rest above and below them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.connectors.jenkins.jobs import Unreachable
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.errors import SourceError
from ci_stat.runs.missing_builds import MissingBuilds
from ci_stat.runs.recreated_jobs import Recreated
from ci_stat.runs.store_builds import BuildStore
from ci_stat.runs.sync_plan import KeptApart, SyncPlan, SyncResult
from ci_stat.store.ci_data.former_jobs import FormerJob
from ci_stat.store.ci_data.stored_builds import JobRows, has_table, statuses_of
from ci_stat.store.ci_data.write import prepare

BATCH = 25  # builds of one transaction; for each failed build, a log is read
_MAX_SILENT = 3  # unreachable jobs in a row after which the server itself is asked


def sync(
    engine: Engine,
    client: Jenkins,
    zone: ZoneInfo,
    plan: SyncPlan,
    progress: Callable[[int], None] = lambda _n: None,
    result: SyncResult | None = None,
) -> SyncResult:
    """Store the missing builds of all jobs of the plan.

    A job that fails is counted in `failed`, and the sync continues with the next one. `result` is
    updated after each batch, so that the caller knows what is stored when the sync is interrupted.

    Raises DatabaseError.
    """
    result = result or SyncResult()
    try:
        _sync_jobs(engine, client, zone, plan, progress, result)
    except Unreachable as error:
        result.failed.append((client.name, error))
    return result


def _sync_jobs(
    engine: Engine,
    client: Jenkins,
    zone: ZoneInfo,
    plan: SyncPlan,
    progress: Callable[[int], None],
    result: SyncResult,
) -> None:
    if not plan.dry_run:
        prepare(engine)
    exists = not plan.dry_run or has_table(engine)
    statuses = statuses_of(engine) if exists else None

    silent = 0
    for job in client.find_jobs(plan.jobs, lambda job, error: result.failed.append((job, error))):
        result.jobs += 1
        rows = JobRows(engine, job, exists, statuses)
        try:
            _sync_job(client, rows, zone, plan, progress, result)
            silent = 0
        except SourceError as error:
            result.failed.append((job, error))
            silent = silent + 1 if isinstance(error, Unreachable) else 0
        if silent == _MAX_SILENT:
            silent = 0
            if client.answers():
                continue
            raise Unreachable(f"{client.name} does not respond: the remaining jobs are skipped.")


def _sync_job(
    client: Jenkins,
    rows: JobRows,
    zone: ZoneInfo,
    plan: SyncPlan,
    progress: Callable[[int], None],
    result: SyncResult,
) -> None:
    finder = MissingBuilds(client, rows, zone, plan, result)
    try:
        oldest = rows.oldest()
        places = finder.find(oldest)
    except Recreated as job:
        rows = _keep_apart(rows, job.first, plan, result)
        oldest = rows.oldest()
        places = replace(finder, rows=rows).find(oldest)
    missing = _outward(places, oldest)[: plan.limit]
    builds = BuildStore(client, rows, zone, plan, result)
    for first in range(0, len(missing), BATCH):
        batch = dict(missing[first : first + BATCH])
        if plan.dry_run:
            result.stored += len(batch)
        else:
            builds.store(batch)
        progress(len(batch))


def _keep_apart(rows: JobRows, first: datetime, plan: SyncPlan, result: SyncResult) -> JobRows:
    """Give the rows of the former job a name of their own; return the rows of the new one.

    What our state knows of their logs goes first: killed in between, the next sync does it again.
    """
    former = FormerJob(rows.engine, rows.job, first)
    name, numbers = former.name(), former.numbers()
    if not plan.dry_run:
        plan.rename_logs(rows.job, name, numbers)
        times = former.keep_as(name)
        result.times.add_times((times.first, times.last))
    result.recreated.append(KeptApart(rows.job, name, len(numbers)))
    return rows.since(first)


def _outward(places: dict[int, int], oldest: int | None) -> list[tuple[int, int]]:
    """Sort builds so that an interruption leaves no gap between stored ones.

    First the builds above the oldest stored one, oldest first; then those below it, newest first.
    If no build is stored, all builds, newest first.
    """
    ascending = sorted(places.items())
    above = [build for build in ascending if oldest is not None and build[0] > oldest]
    below = [build for build in reversed(ascending) if oldest is None or build[0] < oldest]
    return above + below
