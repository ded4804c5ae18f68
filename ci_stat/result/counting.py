"""The counts of a Result, as the same values that `store.ci_data` counts in the database.

Both ways must give equal numbers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ci_stat.records import (
    JobCount,
    PeriodCount,
    PRCount,
    PRFacts,
    Run,
    Status,
    WindowCount,
    WindowFacts,
    every_period,
    period_length,
    seconds_after,
)
from ci_stat.result import PR, Job, Result
from ci_stat.result.rankings import worst_first


def count_window(res: Result, over_time: bool = True) -> WindowCount:
    """The numbers of a window's summary; `over_time`: with its periods."""
    return WindowCount(
        pr=res.tally,
        special=res.special_tally,
        prs=len(res.pr_map),
        failing_prs=sum(pr.fail_cnt > 0 for pr in res.pr_map.values()),
        rerun_cnt=res.rerun_cnt,
        jobs=len(res.job_map),
        failing_jobs=sum(job.fail_cnt > 0 for job in res.job_map.values()),
        miss_cnt=res.miss_cnt,
        other_statuses=_other_statuses(res),
        periods=_periods(res) if over_time else (),
    )


def _other_statuses(res: Result) -> tuple[tuple[str, int], ...]:
    statuses = Counter(run.status for run in res.all_runs)
    return tuple(
        sorted((name, n) for name, n in statuses.items() if name not in Status.__members__)
    )


def window_facts(res: Result) -> WindowFacts:
    """What reports of later windows need, as `runs.database.Source.window_facts` reads it."""
    durations: dict[str, list[int]] = defaultdict(list)
    for run in res.all_runs:
        if run.status == Status.SUCCESS and run.duration is not None:
            durations[run.job_name].append(run.duration)
    seconds = [seconds_after(res.end_time, run.time, run.duration) for run in res.all_runs]
    ended_after = sorted(late for late in seconds if late > 0)
    return WindowFacts(count_window(res, over_time=False), dict(durations), ended_after)


def _periods(res: Result) -> tuple[PeriodCount, ...]:
    length = period_length(res.provenance.window)
    by_period: dict[str, Counter[str]] = defaultdict(Counter)
    for run in res.all_runs:
        by_period[str(run.time)[:length]][run.status] += 1
    return every_period(res.provenance.window, by_period)


def _last(runs: Iterable[Run]) -> datetime | None:
    return max((run.time for run in runs if run.time), default=None)


def count_jobs(job_map: Mapping[str, Job]) -> list[JobCount]:
    """Every job, most failures first."""
    return worst_first(map(_count_job, job_map.values()))


def _count_job(job: Job) -> JobCount:
    return JobCount(
        job_name=job.job_name,
        tally=job.tally,
        prs=len(job.local_prs),
        failing_prs=sum(pr.fail_cnt > 0 for pr in job.local_prs.values()),
        rerun_cnt=job.rerun_cnt,
        special_cnt=len(job.special_runs),
        last_run=_last(job.runs),
        last_failure=_last(run for run in job.runs if run.status == Status.FAILURE),
    )


def count_prs(pr_map: Mapping[Any, PR], limit: int | None = None) -> list[PRCount]:
    """The `limit` pull requests with the most failures (None: all), most failures first."""
    return worst_first(map(_count_pr, pr_map.values()))[:limit]


def _count_pr(pr: PR) -> PRCount:
    failing_jobs = {run.job_name for run in pr.runs if run.status == Status.FAILURE}
    return PRCount(
        repo=pr.repo,
        number=pr.number,
        tally=pr.tally,
        jobs=len(pr.jobs),
        failing_jobs=len(failing_jobs),
        rerun_cnt=pr.total_rerun_cnt,
        last_run=_last(pr.runs),
        facts=PRFacts(pr.title, pr.author, pr.branch, pr.link),
    )
