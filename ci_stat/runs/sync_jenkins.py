"""A Jenkins into the CI database: the shell of `ci-stat sync jenkins`. What it brings and when: docs/jenkins.md.

For each job, the builds that are in Jenkins and absent from `ci_data`. First their numbers are listed, newest first,
down to where nothing can be missing; then they are brought, a batch a transaction, from the stored ones outwards.
So whatever interrupts a sync, what is missing lies above or below all that is stored, where the next one looks.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.connectors.jenkins.builds import Build, Page, analysis_of, row_of
from ci_stat.connectors.jenkins.jobs import Unreachable
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.errors import BadRecord, DatabaseError, SourceError
from ci_stat.escape import visible
from ci_stat.failures import ScanOptions, extract
from ci_stat.logs.workers import DEFAULT_SCAN
from ci_stat.records import LogState, RunRow, Status, Stretch
from ci_stat.records.log_place import NoLog
from ci_stat.store.ci_data.stored_builds import JobRows, has_table, statuses_of
from ci_stat.store.ci_data.write import prepare, write_rows

log = logging.getLogger(__name__)

PAGE = 100  # builds listed at a time
SLACK = 25  # builds that may begin between two requests
OVERLAP = 5  # builds listed twice: some may be deleted between two pages, and the others move up
BATCH = 25  # builds a transaction; each failed one costs the reading of its log
LONGEST_BUILD = timedelta(
    days=14
)  # so long a number that is missing may belong to a build that still ran
_SILENT = 3  # jobs in a row for which nobody answers, and the sync stops
_LOST_RACE = (1205, 1213)  # MySQL: lock wait timeout, deadlock


@dataclass(frozen=True)
class Plan:
    """What to bring. `jobs`: names or patterns, none for all; `since`: aware, for builds that started then or later;
    `limit`: builds of each job; `scan`: how logs are read; `now`: the time of day, which rooms below the command line
    do not know."""

    now: datetime
    jobs: tuple[str, ...] = ()
    since: datetime | None = None
    limit: int | None = None
    logs: bool = True
    dry_run: bool = False
    scan: ScanOptions = DEFAULT_SCAN


@dataclass
class Synced:
    """What a sync did. `logs`: logs by `LogState`; `left_out`: builds by the reason why they are not stored;
    `failed`: (job, why nothing or not all of it was brought); `times`: those of the rows that were stored."""

    jobs: int = 0
    stored: int = 0
    running: int = 0
    logs: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, SourceError]] = field(default_factory=list)
    times: Stretch = field(default_factory=Stretch)


def sync(
    engine: Engine,
    client: Jenkins,
    zone: ZoneInfo,
    plan: Plan,
    progress: Callable[[int], None] = lambda _n: None,
    done: Synced | None = None,
) -> Synced:
    """Bring what is missing. A job that fails is in `failed`, and the others go on. `done` is told meanwhile.

    Raises DatabaseError: without the database nothing goes on.
    """
    done = done or Synced()
    if not plan.dry_run:
        prepare(engine)
    there = not plan.dry_run or has_table(engine)
    statuses = statuses_of(engine) if there else None
    silent = 0
    try:
        for job in client.find_jobs(plan.jobs, lambda job, error: done.failed.append((job, error))):
            done.jobs += 1
            rows = JobRows(engine, job, there, statuses)
            silent = (
                0
                if _of_job(_JobSync(client, rows, zone, plan, done, progress), done)
                else silent + 1
            )
            if silent == _SILENT:
                raise Unreachable(f"{client.name} does not answer: no more jobs were looked at.")
    except Unreachable as error:
        done.failed.append((client.name, error))
    return done


def _of_job(work: "_JobSync", done: Synced) -> bool:
    """Whether somebody answered."""
    try:
        work.run()
    except SourceError as error:
        done.failed.append((work.rows.job, error))
        return not isinstance(error, Unreachable)
    return True


@dataclass
class _JobSync:
    """One job of one sync."""

    client: Jenkins
    rows: JobRows
    zone: ZoneInfo
    plan: Plan
    done: Synced
    progress: Callable[[int], None]
    shift: int = 0  # by how much builds moved down in Jenkins' list since they were listed

    def run(self) -> None:
        oldest = self.rows.oldest()
        missing = self._outwards(self._missing(oldest), oldest)[: self.plan.limit]
        for first in range(0, len(missing), BATCH):
            batch = dict(missing[first : first + BATCH])
            if self.plan.dry_run:
                self.done.stored += len(batch)
            else:
                self._bring(batch)
            self.progress(len(batch))

    @staticmethod
    def _outwards(missing: dict[int, int], oldest: int | None) -> list[tuple[int, int]]:
        """First those above the oldest stored build, oldest first; then those below it (all, for an empty table),
        newest first. An interruption leaves no hole between stored builds."""
        above = sorted(each for each in missing.items() if oldest is not None and each[0] > oldest)
        below = sorted(
            (each for each in missing.items() if oldest is None or each[0] < oldest), reverse=True
        )
        return above + below

    # Listing

    def _missing(self, oldest: int | None) -> dict[int, int]:
        """Numbers of the finished builds to bring, and the place of each in Jenkins' list (0 is the newest)."""
        found: dict[int, int] = {}
        seen: set[int] = set()
        start = 0
        while True:
            page = self.client.page(self.rows.job, start, start + PAGE)
            known = self.rows.known([build.number for build in page.builds])
            fresh = {
                start + place: build
                for place, build in enumerate(page.builds)
                if build.number not in known and build.number not in seen and self._is_wanted(build)
            }
            if len(page.builds) >= PAGE and seen.issuperset(build.number for build in page.builds):
                raise SourceError(
                    f"{self.client.name} lists the same builds of a job on every page."
                )
            seen = {build.number for build in page.builds}
            new = {
                build.number: place for place, build in fresh.items() if self._can_be_stored(build)
            }
            found |= new
            if (
                len(page.builds) < PAGE
                or self._is_enough(found, oldest)
                or self._complete(page, bool(new), oldest)
            ):
                return found
            start += PAGE - OVERLAP

    def _is_wanted(self, build: Build) -> bool:
        return self.plan.since is None or build.timestamp >= self.plan.since.timestamp() * 1000

    def _can_be_stored(self, build: Build) -> bool:
        # `building` first: a matrix build shows a result while parts of it still run.
        if build.building:
            self.done.running += 1
        elif build.result is None:
            self.done.left_out["without a result"] += 1
        elif not self.rows.holds(build.result):
            self.done.left_out[
                f"with the result {build.result}, which the table's column status cannot hold"
            ] += 1
        else:
            return True
        return False

    def _is_enough(self, found: dict[int, int], oldest: int | None) -> bool:
        return self.plan.limit is not None and oldest is None and len(found) >= self.plan.limit

    def _complete(self, page: Page, any_new: bool, oldest: int | None) -> bool:
        """Whether nothing below this page is missing.

        With `since`, below are only builds of before. Without, nothing on the page is missing, Jenkins has nothing
        older than the oldest stored build, and no number of the last 14 days is missing further down: such a number is
        a build that still ran at the last sync, or one that Jenkins has deleted.
        """
        if self.plan.since is not None:
            return not any(map(self._is_wanted, page.builds))
        if any_new or oldest is None or (page.first is not None and page.first < oldest):
            return False
        recent = (self.plan.now.astimezone(self.zone) - LONGEST_BUILD).replace(tzinfo=None)
        gap = self.rows.gap(recent)
        return gap is None or gap >= min(build.number for build in page.builds)

    # Bringing

    def _bring(self, batch: dict[int, int]) -> None:
        """One transaction. What another sync has stored meanwhile is left alone."""
        known = self.rows.known(list(batch))
        made = []
        for build in self._details(
            {number: place for number, place in batch.items() if number not in known}
        ):
            try:
                made.append(row_of(self.rows.job, build, self.zone, self._analysis(build)))
            except BadRecord as error:
                self.done.left_out[f"because {error}"] += 1
        refused = _write(self.rows.engine, made)
        self.done.left_out.update(f"because {refusal}" for _, refusal in refused)
        self.done.stored += len(made) - len(refused)
        self.done.times.add(made)

    def _details(self, batch: dict[int, int]) -> Iterator[Build]:
        """The builds with their parameters, oldest first. One that is gone meanwhile is left out."""
        listed = self._listed(batch)
        for number in sorted(batch):
            build = listed.get(number) or self.client.build(self.rows.job, number)
            if build is not None and self._can_be_stored(build):
                yield build

    def _listed(self, batch: dict[int, int]) -> dict[int, Build]:
        """Those that are still near their place in the list, by one request."""
        places = [place + self.shift for place in batch.values()] or [0]
        if max(places) - min(places) > PAGE:
            return {}
        start = max(0, min(places) - OVERLAP)
        page = self.client.page(self.rows.job, start, max(places) + SLACK, parameters=True)
        found = {}
        for place, build in enumerate(page.builds, start):
            if build.number in batch:
                found[build.number] = build
                self.shift = place - batch[build.number]
        return found

    def _analysis(self, build: Build) -> dict[str, Any] | None:
        """`analysis_res`: None where the log says nothing that holds. Raises SourceError when nobody answers."""
        if not self.plan.logs or build.result == Status.SUCCESS:
            return None
        found: dict[str, Any] = {}
        try:
            with self.client.open_log(self.rows.job, build.number, finished=True) as text:
                found = analysis_of(extract(text, self.rows.job, self.plan.scan))
            state, detail = text.state, text.detail
        except NoLog as trouble:
            state, detail = trouble.state, trouble.detail
        if detail:
            log.info("%s #%d: %s", visible(self.rows.job, 200), build.number, visible(detail))
        if state in (LogState.CUT, LogState.UNREACHABLE):
            # Is it this log, or does nobody answer any more? Then the build is left for the next sync.
            self.client.build(self.rows.job, build.number)
        self.done.logs[state.value] += 1
        # A log that was not read whole may name failures, but cannot say that there are none.
        return found if found or state == LogState.READ else None


def _write(engine: Engine, rows: list[RunRow]) -> list[tuple[int, BadRecord]]:
    """`write_rows`, once more when another sync was in the way."""
    try:
        return write_rows(engine, rows)
    except DatabaseError as error:
        cause = error.__cause__
        if cause is None or not cause.args or cause.args[0] not in _LOST_RACE:
            raise
        return write_rows(engine, rows)
