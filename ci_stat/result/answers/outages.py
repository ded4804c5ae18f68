"""Which outage a failed run belongs to, by the failed runs of the hours around it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ci_stat.records import Run
from ci_stat.result.answers.model import OutageOfRun
from ci_stat.result.answers.of_pull import Trace
from ci_stat.result.fail_key import failure_key
from ci_stat.result.outages import SPAN, outages

MOST = 8  # failed runs, newest first, whose hours are looked at
RunKey = tuple[str, int]

# (begin, end) -> the failed runs between these times (naive)
FailedRuns = Callable[[datetime, datetime], Iterable[Run]]


def traced(failures: Iterable[Sequence[Run]], failed_runs: FailedRuns) -> Trace:
    """A function that finds the outage of a failed run; None for runs that were not looked at.

    `failures`: the runs of each failure, oldest first. Once a run is in no outage, the older ones
    of its failure are not looked at: an outage explains all runs of a failure or none.
    """
    outages: dict[RunKey, OutageOfRun] = {}
    read: set[RunKey] = set()
    for runs in sorted(failures, key=lambda runs: str(runs[-1].time), reverse=True):
        for run in reversed(runs):
            key = (run.job_name, run.job_id)
            if run.time and not {key} & (read | outages.keys()) and len(read) < MOST:
                read.add(key)
                around = failed_runs(run.time - SPAN, run.time + SPAN)
                outages = _by_run(around, run.time) | outages
            if key not in outages:
                break
    return lambda run: outages.get((run.job_name, run.job_id))


def _by_run(failed: Iterable[Run], moment: datetime) -> dict[RunKey, OutageOfRun]:
    return {
        (broken.job_name, broken.job_id): OutageOfRun(
            begin=outage.runs[0].time or moment,
            end=outage.runs[-1].time or moment,
            runs=len(outage.runs),
            prs=outage.prs,
            name=outage.typical.name,
            cause=None if outage.machines else failure_key(outage.typical),
        )
        for outage in outages(failed)
        for broken in outage.runs
    }
