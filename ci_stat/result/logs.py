"""Runs with the failures that were extracted from their logs."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Extraction, LogState, Run


def with_failures(
    runs: Iterable[Run], extractions: Mapping[tuple[str, int], Extraction]
) -> list[Run]:
    """The runs with the state of their logs, and failures from the log instead of the table's.

    If the log could not be read, named no failure or was cut, those of `analysis_res` stay, marked
    by their `source`: they are a lower bound.
    """
    return [_with_failures(run, extractions.get((run.job_name, run.job_id))) for run in runs]


def _with_failures(run: Run, extraction: Extraction | None) -> Run:
    if extraction is None:
        return run
    is_complete = extraction.state == LogState.READ and extraction.failures
    failures = extraction.failures if is_complete else _merged(run, extraction)
    return replace(run, failures=failures, log=str(extraction.state))


def _merged(run: Run, extraction: Extraction) -> tuple[CaseFailure, ...]:
    """The failures of an incomplete log, then those that only the table names."""
    in_log = {case_key(failure.name) for failure in extraction.failures}
    only_in_table = [failure for failure in run.failures if case_key(failure.name) not in in_log]
    return (*extraction.failures, *only_in_table)


def log_states(runs: Iterable[Run]) -> Counter[str]:
    """Logs by state: read, missing, too old, ... Runs whose log was not looked for do not count."""
    return Counter(run.log for run in runs if run.log != LogState.NOT_READ)
