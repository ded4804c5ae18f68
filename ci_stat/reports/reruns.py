"""Jobs that were run again in pull requests, and the reasons."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ci_stat.records import Run, Status
from ci_stat.reports.model import PRTimes, RerunRow
from ci_stat.result import PR, Job

NEW_COMMIT = "after a new commit"
_OTHER = "after another end"
_AFTER = {
    Status.FAILURE.value: "after a failure",
    Status.ABORTED.value: "after an abort",
    Status.SUCCESS.value: "after a success",
}


def most_rerun(jobs: Iterable[Job], shown: int, shown_prs: int) -> tuple[tuple[RerunRow, ...], int]:
    """The `shown` jobs with most reruns, and how many are omitted.

    `shown_prs`: the number of pull requests of each job that are listed.
    """
    rerun = [job for job in jobs if job.rerun_cnt]
    rerun.sort(key=lambda job: (-job.rerun_cnt, job.job_name))
    rows = tuple(_row(job, shown_prs) for job in rerun[:shown])
    return rows, max(0, len(rerun) - shown)


def _row(job: Job, shown: int) -> RerunRow:
    prs = [pr for pr in job.local_prs.values() if len(pr.runs) > 1]
    prs.sort(key=lambda pr: (-len(pr.runs), pr.repo, pr.number))
    counts = Counter(reason for pr in prs for reason in reasons(pr.runs))
    return RerunRow(
        job=job.job_name,
        reruns=job.rerun_cnt,
        runs=job.total_cnt,
        why=tuple(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))),
        prs=tuple(pr_times(pr, len(pr.runs) - 1) for pr in prs[:shown]),
        more_prs=max(0, len(prs) - shown),
    )


def reasons(runs: Sequence[Run]) -> list[str]:
    """Why each run of a job in a pull request, except the first, was started. Oldest first."""
    return [_reason(previous, run) for previous, run in pairwise(runs)]


def _reason(previous: Run, run: Run) -> str:
    if run.commit != previous.commit:
        return NEW_COMMIT
    return _AFTER.get(previous.status, _OTHER)


def pr_times(pr: PR, times: int) -> PRTimes:
    """A pull request with a count of failures or reruns."""
    return PRTimes(pr.repo, pr.number, pr.link or "", times)
