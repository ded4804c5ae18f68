"""Pure: whether a pull request broke a test, by the earlier runs of its job."""

from collections.abc import Mapping, Sequence
from statistics import median

from ci_stat.records.case_results import Outcome
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.publishing.model import Case, CaseHistory, Failure, Standing
from ci_stat.test_results.summary import TestEnd, mixed_commits, streak

STEADY = 4  # failed runs in a row on the base branch: it is broken there, not flaky

EndsByRun = Mapping[int, TestEnd]


def case_history(
    base: Sequence[StoredRun], others: Sequence[StoredRun], ends: EndsByRun
) -> CaseHistory:
    """What the runs say about a test. `base`, `others`: newest first. `ends`: by id of the run."""
    finished = [
        run for run in base if run.id in ends and ends[run.id].outcome is not Outcome.SKIPPED
    ]
    mixed, commits = mixed_commits([*base, *others], dict(ends))
    if not finished:
        return CaseHistory(mixed=mixed, commits=commits)

    if not ends[finished[0].id].is_failed:
        last_passed = finished[0]
        return CaseHistory(len(finished), 0, None, last_passed, mixed, commits)
    since, failed_runs, passed = streak(finished, dict(ends))
    return CaseHistory(len(finished), failed_runs, since, passed, mixed, commits)


def judged(case: Case, history: CaseHistory, base_runs: int) -> Failure:
    """The failure with its standing. `base_runs`: runs of the base branch that were looked at."""
    return Failure(case, _standing(history, base_runs), history)


def _standing(history: CaseHistory, base_runs: int) -> Standing:
    if history.failed_runs >= STEADY:
        return Standing.BEFORE
    if history.mixed:
        return Standing.FLAKY
    if history.failed_runs:
        return Standing.BEFORE
    return Standing.BROKEN if base_runs else Standing.UNKNOWN


def median_seconds(durations: Sequence[float]) -> float | None:
    """The median duration of runs that have one."""
    known = [seconds for seconds in durations if seconds > 0]
    return median(known) if known else None
