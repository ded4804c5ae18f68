"""Compares two windows of the CI database. It counts in the database and reads failed runs only."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ci_stat.records import CaseFailure, RunFilter
from ci_stat.result.comparing import Comparison, JobSide, Side, compare
from ci_stat.result.comparing.side import FailureCounts
from ci_stat.runs.database import Source
from ci_stat.runs.loading import provenance
from ci_stat.runs.progress import Advance, no_progress
from ci_stat.store.ci_data.sides import (
    Durations,
    FailedRun,
    read_durations,
    read_failed_runs,
    read_rates,
)
from ci_stat.store.state.extractions import ExtractionStore, Key


@dataclass(frozen=True)
class Comparer:
    """Compares windows. `extractions`: what was read from logs before; None: the table only."""

    source: Source
    extractions: ExtractionStore | None = None

    def compare(
        self, now: RunFilter, before: RunFilter, progress: Advance = no_progress
    ) -> Comparison:
        """Compare two windows. `progress`: gets the number of failed runs of each batch.

        Raises DatabaseError.
        """
        return compare(self.side(now, progress), self.side(before, progress))

    def side(self, run_filter: RunFilter, progress: Advance = no_progress) -> Side:
        """Read one window."""
        return self.source.ask(lambda connection: self._side(connection, run_filter, progress))

    def _side(self, connection: Connection, run_filter: RunFilter, progress: Advance) -> Side:
        rates = read_rates(connection, run_filter)
        durations = read_durations(connection, run_filter)
        table, read = FailureCounts(), 0
        logs = table if self.extractions is None else FailureCounts()
        for runs in read_failed_runs(connection, run_filter, self.source.origin):
            of_logs = self._of_logs(runs)
            for failed in runs:
                table.add(failed.run, failed.pr, failed.failures)
                if logs is table:
                    continue
                key = (failed.run.job, failed.run.number)
                logs.add(failed.run, failed.pr, of_logs.get(key, failed.failures))
            read += len(of_logs)
            progress(len(runs))
        tally = rates.pr.tally + rates.nightly.tally
        return Side(
            provenance=provenance(connection, run_filter, tally.total),
            names=run_filter.names,
            pr=rates.pr,
            nightly=rates.nightly,
            jobs=_with_durations(rates.jobs, durations),
            from_table=table.known(),
            with_logs=logs.known(),
            logs=read,
        )

    def _of_logs(self, runs: list[FailedRun]) -> dict[Key, tuple[CaseFailure, ...]]:
        """The failures of those logs that were read before."""
        if self.extractions is None:
            return {}
        keys = [(failed.run.job, failed.run.number) for failed in runs]
        return self.extractions.failures_read_before(keys)


def _with_durations(jobs: dict[str, JobSide], durations: Durations) -> dict[str, JobSide]:
    return {
        name: JobSide(side.tally, side.clusters, durations.get(name, {}))
        for name, side in jobs.items()
    }
