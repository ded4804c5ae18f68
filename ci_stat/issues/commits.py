"""The shell that finds out which commits failures began at: from the table, or from the checkout in the build's log."""

from collections.abc import Iterable, Sequence

from ci_stat.issues.evidence import Evidence, Failing, RunRef
from ci_stat.logs.checkout import last_checkout
from ci_stat.logs.folder import first_log
from ci_stat.logs.reader import LogReader
from ci_stat.records.log_place import LogPlace, NoLog


def commits_around(
    failing: Iterable[Failing], evidence: Evidence, reader: LogReader | None
) -> dict[str, tuple[str, str]]:
    """By key: the commit of the first failure, and that of the last success before it on its branch. "": not known."""
    places = reader.places if reader else ()
    found = {}
    for each in failing:
        first = each.hits[0].run
        before = _last_pass(evidence.runs, first)
        found[each.key] = (_commit(first, places), _commit(before, places) if before else "")
    return found


def _last_pass(runs: Sequence[RunRef], first: RunRef) -> RunRef | None:
    alike = (
        run for run in runs if run.job == first.job and run.branch == first.branch and run.succeeded
    )
    return max(
        (run for run in alike if run.started < first.started),
        key=lambda run: run.started,
        default=None,
    )


def _commit(run: RunRef, places: Sequence[LogPlace]) -> str:
    if run.commit or not places:
        return run.commit
    try:
        with first_log(places, run.job, run.number) as stream:
            return last_checkout(stream.readinto)
    except NoLog:
        return ""
