"""What a window says about commits on which a job ran more than once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_stat.records import CaseFailure, Provenance, Run, Status
from ci_stat.result.comparing.side import SeenRun
from ci_stat.statistics.repeats import Repeats, count_repeats

if TYPE_CHECKING:
    from ci_stat.result.result import Result

CommitKey = tuple[str, str, str]  # job, repository ("" without one), commit


@dataclass(frozen=True, slots=True)
class JobCommits:
    """The commits of one job. `without_commit`: passed and failed runs that name no commit."""

    commits: Repeats = field(default_factory=Repeats)
    without_commit: int = 0

    def __add__(self, other: "JobCommits") -> "JobCommits":
        without_commit = self.without_commit + other.without_commit
        return JobCommits(self.commits + other.commits, without_commit)


@dataclass(frozen=True, slots=True)
class FlakyRun:
    """A failed run on a commit on which the same job also passed.

    `pr`: repository and number; None for a nightly run. `failures`: from its log if that was read.
    """

    run: SeenRun
    commit: CommitKey
    pr: tuple[str, int] | None
    failures: tuple[CaseFailure, ...]


@dataclass(frozen=True, slots=True)
class Repetitions:
    """A window. `flaky_runs`: in no order; `logs`: how many of them have failures of their logs."""

    provenance: Provenance
    jobs: Mapping[str, JobCommits]
    flaky_runs: tuple[FlakyRun, ...]
    logs: int


def repetitions_of(res: "Result") -> Repetitions:
    """What the runs of a Result add up to."""
    jobs = {name: _job_commits(job.runs) for name, job in res.job_map.items()}
    tried = (run for run in res.all_runs if run.commit and _is_try(run))
    _, mixed = count_repeats((_key(run), run.status == Status.SUCCESS) for run in tried)
    flaky = [run for run in res.all_runs if _is_failed(run) and _key(run) in mixed]
    return Repetitions(
        provenance=res.provenance,
        jobs=jobs,
        flaky_runs=tuple(map(_flaky_run, flaky)),
        logs=sum(any(failure.source == "log" for failure in run.failures) for run in flaky),
    )


def _job_commits(runs: list[Run]) -> JobCommits:
    tries = [run for run in runs if _is_try(run)]
    with_commit = [(_key(run), run.status == Status.SUCCESS) for run in tries if run.commit]
    commits, _ = count_repeats(with_commit)
    return JobCommits(commits, len(tries) - len(with_commit))


def _is_try(run: Run) -> bool:
    return run.status in (Status.SUCCESS, Status.FAILURE)


def _is_failed(run: Run) -> bool:
    return bool(run.commit) and run.status == Status.FAILURE


def _key(run: Run) -> CommitKey:
    return (run.job_name, run.repo or "", run.commit or "")


def _flaky_run(run: Run) -> FlakyRun:
    pr = (run.repo or "", run.pr_number) if run.is_pr else None
    return FlakyRun(SeenRun(run.job_name, run.job_id, run.time), _key(run), pr, run.failures)
