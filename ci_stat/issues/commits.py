"""Looks up the commits around a first failure: in the CI database, else in the build's log."""

from collections.abc import Iterable, Sequence

from ci_stat.issues.evidence import Evidence, FailureHistory, RunRef
from ci_stat.logs.checkout import last_checkout
from ci_stat.logs.folder import first_log
from ci_stat.logs.reader import LogReader
from ci_stat.records.log_place import LogPlace, NoLog


def commits_around(
    histories: Iterable[FailureHistory], evidence: Evidence, reader: LogReader | None
) -> dict[str, tuple[str, str]]:
    """Return by key the commits of the first failure and of the last pass before it.

    The pass is of the same job and branch. An unknown commit is "".
    """
    places = reader.places if reader else ()
    commits = {}
    for history in histories:
        failed = history.occurrences[0].run
        passed = _last_pass(evidence.runs, failed)
        commits[history.key] = (
            _commit(failed, places),
            _commit(passed, places) if passed else "",
        )
    return commits


def _last_pass(runs: Sequence[RunRef], failed: RunRef) -> RunRef | None:
    passes = (
        run
        for run in runs
        if run.succeeded
        and (run.job, run.branch) == (failed.job, failed.branch)
        and run.started < failed.started
    )
    return max(passes, key=lambda run: run.started, default=None)


def _commit(run: RunRef, places: Sequence[LogPlace]) -> str:
    if run.commit or not places:
        return run.commit
    try:
        with first_log(places, run.job, run.number) as stream:
            return last_checkout(stream.readinto)
    except NoLog:
        return ""
