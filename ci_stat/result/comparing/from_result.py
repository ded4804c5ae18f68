"""A Result as one side of a comparison: the same values that the database counts."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ci_stat.errors import UsageError
from ci_stat.records import ALL_NAMES, Run, Status
from ci_stat.result.comparing.comparison import Comparison, compare
from ci_stat.result.comparing.side import (
    FailureCounts,
    JobSide,
    KnownFailures,
    SeenRun,
    Side,
    rounded,
)
from ci_stat.result.counted import tally_of
from ci_stat.statistics.clusters import Clusters

if TYPE_CHECKING:
    from ci_stat.result.models import PR, Job
    from ci_stat.result.result import Result


def compare_results(now: "Result", before: "Result") -> Comparison:
    """Compare two windows. Raises UsageError if a run is in both."""
    require_apart(now, before)
    return compare(side_of(now), side_of(before))


def require_apart(res: "Result", other: "Result") -> None:
    """Raises UsageError if a run is in both."""
    runs = {(run.job_name, run.job_id) for run in res.all_runs}
    shared = sum((run.job_name, run.job_id) in runs for run in other.all_runs)
    if shared:
        raise UsageError(
            f"{shared:,} of the runs are in both results, so they cannot be compared.",
            "Load windows, branches or jobs that do not overlap.",
        )


def side_of(res: "Result") -> Side:
    """What the runs of a Result add up to. Its failures are those that it was loaded with."""
    failed = [run for run in res.all_runs if run.status == Status.FAILURE]
    known = _known(failed)
    of_prs = sum((_cluster(pr.runs) for pr in res.pr_map.values()), Clusters())
    return Side(
        provenance=res.provenance,
        names=ALL_NAMES,
        pr=JobSide(res.tally, of_prs),
        nightly=JobSide(res.special_tally, _single(res.special_list)),
        jobs={name: _job_side(job) for name, job in res.job_map.items()},
        from_table=known,
        with_logs=known,
        logs=sum(any(failure.source == "log" for failure in run.failures) for run in failed),
    )


def _job_side(job: "Job") -> JobSide:
    prs: Iterable[PR] = job.local_prs.values()
    of_prs = sum((_cluster(pr.runs) for pr in prs), Clusters())
    successes = (run for run in job.runs if run.status == Status.SUCCESS)
    durations = Counter(rounded(run.duration) for run in successes if run.duration)
    return JobSide(job.tally, of_prs + _single(job.special_runs), dict(durations))


def _cluster(runs: list[Run]) -> Clusters:
    """The runs of one pull request."""
    tally = tally_of(runs)
    failed, finished = tally.failure, tally.finished
    return Clusters(failed, finished, 1, failed * failed, failed * finished, finished * finished)


def _single(runs: list[Run]) -> Clusters:
    tally = tally_of(runs)
    return Clusters.single(tally.failure, tally.finished)


def _known(failed: list[Run]) -> KnownFailures:
    counts = FailureCounts()
    for run in failed:
        pr = (run.repo or "", run.pr_number) if run.is_pr else None
        counts.add(SeenRun(run.job_name, run.job_id, run.time), pr, run.failures)
    return counts.known()
