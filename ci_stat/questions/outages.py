"""Which outage a failed run belongs to. Reads the failed runs of the hours around it."""

from collections.abc import Iterable, Sequence

from ci_stat.questions.gather import Gatherer, narrowed
from ci_stat.records import Run, Window
from ci_stat.reports.outages import SPAN, outages
from ci_stat.result import failure_key
from ci_stat.result.answers.model import Trouble
from ci_stat.result.answers.of_pull import Trace

MOST = 8  # failed runs, newest first, whose hours are read
RunKey = tuple[str, int]


def traced(failures: Iterable[Sequence[Run]], gatherer: Gatherer, window: Window) -> Trace:
    """A function that finds the outage of a failed run; None for runs that were not looked at.

    `failures`: the runs of each failure, oldest first. Once a run is in no outage, the older ones
    of its failure are not looked at: an outage explains all runs of a failure or none.
    """
    troubles: dict[RunKey, Trouble] = {}
    read: set[RunKey] = set()
    for runs in sorted(failures, key=lambda runs: str(runs[-1].time), reverse=True):
        for run in reversed(runs):
            key = (run.job_name, run.job_id)
            if run.time and not {key} & (read | troubles.keys()) and len(read) < MOST:
                read.add(key)
                troubles = _around(run, gatherer, window) | troubles
            if key not in troubles:
                break
    return lambda run: troubles.get((run.job_name, run.job_id))


def _around(run: Run, gatherer: Gatherer, window: Window) -> dict[RunKey, Trouble]:
    assert run.time is not None
    hours = narrowed(window, run.time - SPAN, run.time + SPAN)
    return {
        (broken.job_name, broken.job_id): Trouble(
            begin=outage.runs[0].time or run.time,
            end=outage.runs[-1].time or run.time,
            runs=len(outage.runs),
            prs=outage.prs,
            name=outage.typical.name,
            cause=None if outage.machines else failure_key(outage.typical),
        )
        for outage in outages(gatherer.failed_runs(hours))
        for broken in outage.runs
    }
