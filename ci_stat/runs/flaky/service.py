"""Finds what passed and failed on one commit. The database counts; only failed runs are read."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from ci_stat.records import RunFilter
from ci_stat.result.flakiness import Flakiness, FlakyRun, Repetitions, flakiness
from ci_stat.result.flakiness.repetitions import CommitKey
from ci_stat.runs.database import Source
from ci_stat.runs.loading import provenance
from ci_stat.runs.progress import Advance, no_progress
from ci_stat.store.ci_data.commits import read_commits
from ci_stat.store.ci_data.runs import count_rows
from ci_stat.store.ci_data.sides import FailedRun, read_failed_runs
from ci_stat.store.state.extractions import ExtractionStore


@dataclass(frozen=True)
class FlakyFinder:
    """Finds what is flaky. `extractions`: what was read from logs before; None: the table only."""

    source: Source
    extractions: ExtractionStore | None = None

    def find(self, run_filter: RunFilter, progress: Advance = no_progress) -> Flakiness:
        """Judge a window. `progress`: gets the number of failed runs of each batch.

        Raises DatabaseError.
        """
        return flakiness(self.repetitions(run_filter, progress))

    def repetitions(self, run_filter: RunFilter, progress: Advance = no_progress) -> Repetitions:
        """Read a window."""
        return self.source.ask(lambda connection: self._read(connection, run_filter, progress))

    def _read(
        self, connection: Connection, run_filter: RunFilter, progress: Advance
    ) -> Repetitions:
        jobs, commits = read_commits(connection, run_filter)
        flaky: list[FlakyRun] = []
        logs = 0
        batches = read_failed_runs(connection, run_filter, self.source.origin) if commits else ()
        for runs in batches:
            with_logs = self._flaky(runs, commits)
            flaky += (run for run, _ in with_logs)
            logs += sum(is_read for _, is_read in with_logs)
            progress(len(runs))
        rows = count_rows(connection, run_filter)
        return Repetitions(provenance(connection, run_filter, rows), jobs, tuple(flaky), logs)

    def _flaky(
        self, runs: Iterable[FailedRun], commits: set[CommitKey]
    ) -> list[tuple[FlakyRun, bool]]:
        """The runs on flaky commits, and whether their failures are those of their logs."""
        flaky = [(failed, (failed.run.job, failed.repo, failed.commit)) for failed in runs]
        flaky = [(failed, key) for failed, key in flaky if failed.commit and key in commits]
        builds = [(failed.run.job, failed.run.number) for failed, _ in flaky]
        of_logs = self.extractions.failures_read_before(builds) if self.extractions else {}
        with_logs = []
        for (failed, key), build in zip(flaky, builds, strict=True):
            failures = of_logs.get(build, failed.failures)
            run = FlakyRun(failed.run, key, failed.pr, failures)
            with_logs.append((run, build in of_logs))
        return with_logs
