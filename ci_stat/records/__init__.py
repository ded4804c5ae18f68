"""Facts as read, and the numbers they add up to: immutable, compact, fast to decode.

This room knows no SQL, no HTTP and no clock.
"""

from ci_stat.records.counts import (
    JobCount,
    PeriodCount,
    PRCount,
    PRFacts,
    Tally,
    WindowCount,
    every_period,
    period_length,
)
from ci_stat.records.run import (
    DEFAULT_RUN_URL,
    HALF_PAIR,
    TABLE,
    CaseFailure,
    Description,
    FailureKind,
    Origin,
    Run,
    RunRow,
    Status,
    failures_of,
    no_number,
    pull_number,
    to_json,
)
from ci_stat.records.window import DEFAULT_ZONE, Provenance, RunFilter, Window

__all__ = [
    "DEFAULT_RUN_URL",
    "DEFAULT_ZONE",
    "HALF_PAIR",
    "TABLE",
    "CaseFailure",
    "Description",
    "FailureKind",
    "JobCount",
    "Origin",
    "PRCount",
    "PRFacts",
    "PeriodCount",
    "Provenance",
    "Run",
    "RunFilter",
    "RunRow",
    "Status",
    "Tally",
    "Window",
    "WindowCount",
    "every_period",
    "failures_of",
    "no_number",
    "period_length",
    "pull_number",
    "to_json",
]
