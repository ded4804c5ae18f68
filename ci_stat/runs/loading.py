"""A window of runs on its way to a Result: read the rows, add the failures of logs, build.

The only effects are the statements on the given connection.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ci_stat.records import Extraction, Origin, Provenance, Run, RunFilter, stored_names
from ci_stat.rendering.format import clock
from ci_stat.result import Result, log_states, with_failures
from ci_stat.result.collector import collector_off
from ci_stat.runs.progress import Advance
from ci_stat.store.ci_data import runs as run_table
from ci_stat.store.ci_data.decode import parameters

log = logging.getLogger(__name__)
IN_FUTURE = "time lies in the future (anywhere in the table)"
CLOCKS_DIFFER = timedelta(days=1)  # more than any two time zones differ


@dataclass(frozen=True)
class LoadedRuns:
    """The runs of one window as read, and where they come from."""

    runs: list[Run]
    provenance: Provenance

    def with_logs(
        self, extractions: Mapping[tuple[str, int], Extraction], rule_set: str
    ) -> "LoadedRuns":
        """Return the runs with the failures of their logs. `extractions`: by (job, number)."""
        runs = with_failures(self.runs, extractions)
        states = tuple(log_states(runs).most_common())
        if not states:
            return LoadedRuns(runs, self.provenance)
        return LoadedRuns(runs, replace(self.provenance, logs=states, rule_set=rule_set))

    def result(self) -> Result:
        """Build the Result."""
        with collector_off():
            return Result(self.runs, self.provenance)


def read_window(
    connection: Connection,
    run_filter: RunFilter,
    origin: Origin,
    progress: Advance,
    keep_descriptions: bool,
) -> LoadedRuns:
    """Read the runs of a window in one pass. `progress` gets the number of rows of each batch."""
    warnings: Counter[str] = Counter()
    descriptions: run_table.Kept | None = None
    if keep_descriptions:
        descriptions = {}
        origin = replace(origin, describe=partial(_parameters, descriptions))

    with collector_off():
        reading = run_table.read_runs(
            connection, run_filter, origin, warnings, progress, descriptions
        )
        runs = list(reading)

    # All rows of the window count: a filter on failures that matches nothing must not look like a
    # window without runs.
    rows = run_table.count_rows(connection, run_filter) if run_filter.statuses else len(runs)
    return LoadedRuns(runs, provenance(connection, run_filter, rows, warnings))


def _parameters(descriptions: run_table.Kept, job: str, number: int) -> dict[str, Any]:
    texts = (descriptions.get((name, number)) for name in stored_names(job))
    return parameters(next(filter(None, texts), None))


def provenance(
    connection: Connection,
    run_filter: RunFilter,
    rows: int,
    warnings: Mapping[str, int] | None = None,
) -> Provenance:
    """Return where the numbers of a window come from. `warnings`: rows by what is wrong in them.

    A row from the future would make a table look as if it was filled to the end of the window.
    """
    newest, in_future = newest_row(connection, run_filter.window.zone)
    if in_future:
        warnings = {**(warnings or {}), IN_FUTURE: in_future}
    return Provenance(
        window=run_filter.window,
        rows=rows,
        newest=newest,
        database=run_table.database_name(connection.engine),
        query=run_table.query_text(run_filter),
        warnings=tuple(sorted((warnings or {}).items())),
    )


def latest_row(connection: Connection, zone: ZoneInfo) -> datetime | None:
    """The newest time up to now, as in `newest_row`. Logs a warning about rows of the future."""
    newest, in_future = newest_row(connection, zone)
    if newest is not None and in_future:
        lie = "1 row lies" if in_future == 1 else f"{in_future:,} rows lie"
        counted = f"the newest row that counts is from {clock(newest)}"
        log.warning("%s in the future (anywhere in the table): %s.", lie, counted)
    return newest


def newest_row(connection: Connection, zone: ZoneInfo) -> tuple[datetime | None, int]:
    """The newest time of the table up to now, and the number of rows in the future.

    If all rows lie in the future, their newest time. None for an empty table.
    """
    newest = run_table.newest_time(connection)
    limit = datetime.now(zone).replace(tzinfo=None) + CLOCKS_DIFFER
    if newest is None or newest <= limit:
        return newest, 0
    until_now = run_table.newest_time(connection, limit)
    return until_now or newest, run_table.count_after(connection, limit)
