"""Which outage a failed run belongs to. Reads the failed runs of the hours around it."""

from collections.abc import Sequence

from ci_stat.questions.gather import Gatherer, narrowed
from ci_stat.records import Run, Window
from ci_stat.reports.outages import SPAN, outages
from ci_stat.result.answers.model import Trouble
from ci_stat.result.answers.of_pull import Trace

MOST = 5  # failed runs, newest first, whose hours are read


def traced(failed: Sequence[Run], gatherer: Gatherer, window: Window) -> Trace:
    """A function that finds the outage of one of these failed runs; None for other runs."""
    timed = sorted((run for run in failed if run.time), key=lambda run: str(run.time))
    troubles: dict[tuple[str, int], Trouble] = {}
    for run in timed[-MOST:][::-1]:
        if (run.job_name, run.job_id) not in troubles:
            troubles |= _around(run, gatherer, window)
    return lambda run: troubles.get((run.job_name, run.job_id))


def _around(run: Run, gatherer: Gatherer, window: Window) -> dict[tuple[str, int], Trouble]:
    assert run.time is not None
    hours = narrowed(window, run.time - SPAN, run.time + SPAN)
    return {
        (broken.job_name, broken.job_id): Trouble(
            begin=outage.runs[0].time or run.time,
            end=outage.runs[-1].time or run.time,
            runs=len(outage.runs),
            prs=outage.prs,
            name=outage.typical.name,
        )
        for outage in outages(gatherer.failed_runs(hours))
        for broken in outage.runs
    }
