"""Runs with what their logs said."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Extraction, LogState, Run


def with_failures(runs: Iterable[Run], found: Mapping[tuple[str, int], Extraction]) -> list[Run]:
    """Runs whose log was looked for carry what became of it; failures from a log take the place of the table's.

    Where the log could not be had, gave no failure or was not read to its end, those of `analysis_res` stay: a lower
    bound, marked by their `source`.
    """
    return [_with(run, found.get((run.job_name, run.job_id))) for run in runs]


def _with(run: Run, found: Extraction | None) -> Run:
    if found is None:
        return run
    failures = (
        found.failures if found.state == LogState.READ and found.failures else _merged(run, found)
    )
    return replace(run, failures=failures, log=str(found.state))


def _merged(run: Run, found: Extraction) -> tuple[CaseFailure, ...]:
    """What the log gave as far as it was read, and what only the table names."""
    named = {case_key(failure.name) for failure in found.failures}
    return (*found.failures, *(each for each in run.failures if case_key(each.name) not in named))


def log_states(runs: Iterable[Run]) -> Counter[str]:
    """How many logs were read, missing, too old and so on; runs whose log nobody looked for are not counted."""
    return Counter(run.log for run in runs if run.log != LogState.NOT_READ)
