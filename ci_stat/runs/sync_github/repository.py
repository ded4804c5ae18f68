"""Reads the workflow runs of one repository, week by week. `service` says how it keeps track."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.actions_schema import Repository, WorkflowRun
from ci_stat.errors import NotFound, SourceError
from ci_stat.runs.sync_github.listing import Listing
from ci_stat.runs.sync_github.model import FIRST_SYNC, REVISIT, GitHubPlan, GitHubResult
from ci_stat.runs.sync_github.ranges import Range, is_read, weeks
from ci_stat.runs.sync_github.run_jobs import RunReader
from ci_stat.store.state.actions_sync import ActionsSync, KnownRun, RunState, Watermark

MAX_FAILED = 3  # failed runs in a row after which GitHub is asked whether it answers at all
_FIRST_RUNS = datetime(2018, 10, 1, tzinfo=UTC)  # GitHub Actions began then
_FORGET = 2 * int(REVISIT.total_seconds())

Progress = Callable[[int], None]


class _Stopped(Exception):
    """The limit of the plan is reached."""


@dataclass
class RepositorySync:
    """The sync of one repository.

    - `complete`: whether all runs since the newest are read so far.
    - `included`: by number, whether a listed run belongs to the workflows of the plan.
    """

    actions: Actions
    repository: Repository
    state: ActionsSync | None
    plan: GitHubPlan
    result: GitHubResult
    reader: RunReader
    progress: Progress
    complete: bool = True
    failures: int = 0
    runs: int = 0
    included: dict[int, bool] = field(default_factory=dict)

    def sync(self) -> None:
        """Raises SourceError, DatabaseError."""
        now = int(self.plan.now.timestamp())
        revisit = now - int(REVISIT.total_seconds())
        try:
            mark = self._read_weeks(now, revisit)
            self._read_open_runs(revisit)
        except _Stopped:
            return
        finally:
            self._count_running()
        if self.writes is not None:
            # Without the runs of a week that is not read to its end, all of it is read again.
            self.writes.forget(mark.reached, min(mark.listed, now - _FORGET))

    def _count_running(self) -> None:
        """Count the runs that have not ended, also those on pages that are unchanged."""
        if self.writes is not None:
            numbers = self.writes.running_runs()
            self.result.running += sum(map(self._is_included, numbers))

    def _is_included(self, number: int) -> bool:
        """Whether a run belongs to the workflows of the plan: GitHub is asked if it is unlisted."""
        if not self.plan.workflows:
            return True
        if number not in self.included:
            try:
                run = self.actions.run(self.repository.name, number)
            except SourceError:
                return False
            self.included[number] = run is not None and self.plan.includes(run)
        return self.included[number]

    @property
    def writes(self) -> ActionsSync | None:
        """The state to write to; None in a dry run."""
        return None if self.plan.dry_run else self.state

    # Weeks

    def _read_weeks(self, now: int, revisit: int) -> Watermark:
        """Read the weeks back to the goal, newest first, but for those that are read and old.

        Returns how far all runs are read.
        """
        mark = self._first_mark(now)
        begin = mark.goal if self.plan.since is None else self._earliest(self.plan.since)
        for week in weeks(begin, now):
            if not is_read(week, mark, revisit):
                self._read_week(week)
            # A gap in the weeks after it would be taken for read.
            if self.complete and week.first <= mark.listed:
                mark = Watermark(mark.goal, min(mark.reached, week.first), now)
                self._set_watermark(mark)
        if self.complete:
            # With `since` after the last sync, runs between the two are not read.
            since = mark.reached if mark.listed == now else begin
            self.result.since[self.repository.name] = datetime.fromtimestamp(since, UTC)
        return mark

    def _first_mark(self, now: int) -> Watermark:
        """The watermark before this sync. Its goal is the earliest time that was ever asked for."""
        mark = self.state.watermark() if self.state is not None else None
        wanted = self._earliest(self.plan.since or self.plan.now - FIRST_SYNC)
        if mark is None:
            mark = Watermark(wanted, now, now)
            self._set_watermark(mark)
        elif self.plan.since is not None and wanted < mark.goal:
            mark = replace(mark, goal=wanted)
            self._set_watermark(mark)
        return mark

    def _earliest(self, since: datetime) -> int:
        """The day of `since`, or the first day on which the repository can have runs."""
        created = self.repository.created_at or _FIRST_RUNS
        return max(_day(since), _day(created), _day(_FIRST_RUNS))

    def _set_watermark(self, mark: Watermark) -> None:
        if self.writes is not None:
            self.writes.set_watermark(mark)

    def _read_week(self, week: Range) -> None:
        listing = Listing(self.actions, self.repository.name, self.state, self.result)
        for page in listing.pages(week):
            self.result.left_out.update(f"because {problem}" for problem in page.problems)
            if self._read_runs(page.runs):
                if self.writes is not None:
                    page.done()
            else:
                self.complete = False

    # Runs

    def _read_runs(self, runs: list[WorkflowRun]) -> bool:
        """Read the runs of a page that are not read yet. Returns whether all are read now."""
        wanted = [run for run in runs if self.plan.includes(run)]
        self.included.update((run.id, self.plan.includes(run)) for run in runs)
        known = self.state.runs(run.id for run in wanted) if self.state is not None else {}
        complete = True
        for run in wanted:
            if self.plan.dry_run:
                self.result.running += not run.has_ended
            before = known.get(run.id, _UNKNOWN)
            if not self._read_run(run, before):
                complete = False
        return complete

    def _read_run(self, run: WorkflowRun, known: KnownRun) -> bool:
        """Read the attempts of a run that are not read yet. Returns whether they are read now."""
        is_open = RunState.ENDED if run.has_ended else RunState.RUNNING
        if run.ended_attempts > known.attempt:
            self._begin_run()
            if self.plan.dry_run:
                return True
            try:
                if self.reader.read(run, known.attempt):
                    is_open = RunState.UNFINISHED
                self.failures = 0
            except NotFound:
                self._confirm_deletion()
            except SourceError as error:
                self._count_failure(run, error)
                return False
        self._remember(run, known, is_open)
        return True

    def _begin_run(self) -> None:
        """Count a run. Raises _Stopped if the limit is reached."""
        if self.runs == self.plan.limit:
            raise _Stopped
        self.runs += 1
        self.result.runs += 1
        self.progress(1)

    def _remember(self, run: WorkflowRun, known: KnownRun, state: RunState) -> None:
        """Mark the ended attempts as read; the last one not, if it has jobs that run."""
        read = run.ended_attempts - (state is RunState.UNFINISHED)
        now_known = KnownRun(int(run.created_at.timestamp()), read, state)
        if self.writes is not None and now_known != known:
            self.writes.set_run(run.id, now_known)

    def _confirm_deletion(self) -> None:
        """After a 404: raises SourceError if the repository is not visible any more."""
        self.actions.repository(self.repository.name)
        self.result.left_out["because the workflow run was deleted meanwhile"] += 1

    def _count_failure(self, run: WorkflowRun, error: SourceError) -> None:
        """Raises SourceError if, after some failures in a row, GitHub does not answer at all."""
        self.result.failed.append((f"{self.repository.name} run {run.id}", error))
        self.failures += 1
        if self.failures < MAX_FAILED:
            return
        self.failures = 0
        try:
            self.actions.repository(self.repository.name)
        except SourceError as silent:
            raise SourceError(
                f"{self.actions.name} does not respond: the remaining runs are skipped."
            ) from silent

    def _read_open_runs(self, revisit: int) -> None:
        """Read the runs that no page shows as changed: old ones, and those with jobs that ran on
        after their run had ended.
        """
        runs = self.state.open_runs(revisit) if self.state is not None else {}
        for number, known in runs.items():
            run = self.actions.run(self.repository.name, number)
            if run is None:
                self._close(number, known)
            elif self.plan.includes(run):
                self._read_run(run, known)

    def _close(self, number: int, known: KnownRun) -> None:
        """Forget that a run, which was deleted, had not ended."""
        if self.writes is not None:
            self.writes.set_run(number, replace(known, state=RunState.ENDED))


_UNKNOWN = KnownRun(0, 0)


def _day(moment: datetime) -> int:
    """The start of its day in UTC: the ranges of syncs on one day are the same."""
    seconds = int(moment.timestamp())
    return seconds - seconds % 86_400
