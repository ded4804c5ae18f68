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
    WindowFacts,
    every_period,
    period_length,
    seconds_after,
)
from ci_stat.records.delivery import Delivery, DeliveryKey, DeliveryState, Outcome
from ci_stat.records.failure import (
    ANALYSIS_KINDS,
    CaseFailure,
    Extraction,
    FailureKey,
    FailureKind,
    LogState,
    Sighting,
    failures_of,
)
from ci_stat.records.run import (
    DEFAULT_RUN_URL,
    HALF_PAIR,
    TABLE,
    Description,
    Origin,
    Run,
    RunRow,
    Status,
    Stretch,
    no_number,
    pull_number,
    to_json,
)
from ci_stat.records.window import DEFAULT_ZONE, Provenance, RunFilter, Window

__all__ = [
    "ANALYSIS_KINDS",
    "DEFAULT_RUN_URL",
    "DEFAULT_ZONE",
    "HALF_PAIR",
    "TABLE",
    "CaseFailure",
    "Delivery",
    "DeliveryKey",
    "DeliveryState",
    "Description",
    "Extraction",
    "FailureKey",
    "FailureKind",
    "JobCount",
    "LogState",
    "Origin",
    "Outcome",
    "PRCount",
    "PRFacts",
    "PeriodCount",
    "Provenance",
    "Run",
    "RunFilter",
    "RunRow",
    "Sighting",
    "Status",
    "Stretch",
    "Tally",
    "Window",
    "WindowCount",
    "WindowFacts",
    "every_period",
    "failures_of",
    "no_number",
    "period_length",
    "pull_number",
    "seconds_after",
    "to_json",
]
