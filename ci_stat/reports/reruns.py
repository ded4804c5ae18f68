"""Jobs that were run again in pull requests, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ci_stat.records import Run, Status
from ci_stat.reports.model import PRTimes, RerunRow
from ci_stat.result import PR, Job

NEW_COMMIT = "after a new commit"
_AFTER = {
    Status.FAILURE: "after a failure",
    Status.ABORTED: "after an abort",
    Status.SUCCESS: "after a success",
}


def most_rerun(jobs: Iterable[Job], shown: int, shown_prs: int) -> tuple[tuple[RerunRow, ...], int]:
    """The jobs with most reruns, at most `shown` with at most `shown_prs` pull requests each; how many are left out."""
    rerun = sorted((-times, job.job_name, job) for job in jobs if (times := job.rerun_cnt))
    return tuple(_row(job, shown_prs) for _, _, job in rerun[:shown]), max(0, len(rerun) - shown)


def _row(job: Job, shown: int) -> RerunRow:
    prs = sorted(job.local_prs.values(), key=lambda pr: (-len(pr.runs), pr.repo, pr.number))
    again = [pr for pr in prs if len(pr.runs) > 1]
    why = Counter(reason for pr in again for reason in reasons(pr.runs))
    return RerunRow(
        job=job.job_name,
        reruns=job.rerun_cnt,
        runs=job.total_cnt,
        why=tuple(sorted(why.items(), key=lambda item: (-item[1], item[0]))),
        prs=tuple(pr_times(pr, len(pr.runs) - 1) for pr in again[:shown]),
        more_prs=max(0, len(again) - shown),
    )


def reasons(runs: Sequence[Run]) -> list[str]:
    """Why each run of a job in a pull request came after the one before it, oldest first."""
    return [_reason(before, run) for before, run in pairwise(runs)]


def _reason(before: Run, run: Run) -> str:
    if run.commit != before.commit:
        return NEW_COMMIT
    named = Status.__members__.get(before.status)
    return _AFTER[named] if named else "after another end"


def pr_times(pr: PR, times: int) -> PRTimes:
    return PRTimes(pr.repo, pr.number, pr.link or "", times)
