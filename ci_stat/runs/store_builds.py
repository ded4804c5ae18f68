"""Store builds of a Jenkins job in the CI database, with the failures of their logs."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.connectors.jenkins.builds import Build, OddBuild, analysis_of, row_of
from ci_stat.connectors.jenkins.pull_requests import with_pull_request
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.errors import BadRecord, DatabaseError
from ci_stat.escape import visible
from ci_stat.failures import extract
from ci_stat.records import LogState, RunRow, Status
from ci_stat.records.log_place import NoLog
from ci_stat.runs.missing_builds import OVERLAP, PAGE, can_be_stored
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from ci_stat.store.ci_data.stored_builds import JobRows
from ci_stat.store.ci_data.write import write_rows

log = logging.getLogger(__name__)

SLACK = 25  # builds that may begin between two requests
_LOST_RACE = (1205, 1213)  # MySQL: lock wait timeout, deadlock


@dataclass
class BuildStore:
    """Fetches builds of one job and stores them.

    `shift`: the number of places by which builds have moved in the list of Jenkins.
    """

    client: Jenkins
    rows: JobRows
    zone: ZoneInfo
    plan: SyncPlan
    result: SyncResult
    shift: int = 0

    def store(self, places: dict[int, int]) -> None:
        """Store builds in one transaction; skip those that another sync has stored meanwhile.

        - `places`: the place in the list of Jenkins by build number, as it was when listed.

        Raises SourceError, DatabaseError.
        """
        known = self.rows.known(list(places))
        unknown = {number: place for number, place in places.items() if number not in known}
        rows = list(self._rows(unknown))
        refused = write_again(self.rows.engine, rows)
        self.result.left_out.update(f"because {error}" for _, error in refused)
        self.result.stored += len(rows) - len(refused)
        self.result.times.add(rows)

    def _rows(self, places: dict[int, int]) -> Iterator[RunRow]:
        for build in self._details(places):
            try:
                parameters = with_pull_request(self.rows.job, build)
                yield row_of(self.rows.job, build, parameters, self.zone, self._analysis(build))
            except BadRecord as error:
                self.result.left_out[f"because {error}"] += 1

    def _details(self, places: dict[int, int]) -> Iterator[Build]:
        """Yield builds with their parameters, oldest first. A deleted build is skipped."""
        listed = self._listed(places)
        for number in sorted(places):
            build = listed.get(number) or self.client.build(self.rows.job, number)
            if isinstance(build, OddBuild):
                self.result.left_out[build.reason] += 1
            elif build is not None and can_be_stored(build, self.rows, self.result):
                yield build

    def _listed(self, places: dict[int, int]) -> dict[int, Build]:
        """Return the builds that are still near their places in the list; one request for all."""
        current = [place + self.shift for place in places.values()] or [0]
        first, last = min(current), max(current)
        if last - first > PAGE:
            return {}

        start = max(0, first - OVERLAP)
        page = self.client.page(self.rows.job, start, last + SLACK, parameters=True)
        builds = {}
        for place, build in page.places(start):
            if build.number in places:
                builds[build.number] = build
                self.shift = place - places[build.number]
        return builds

    def _analysis(self, build: Build) -> dict[str, Any] | None:
        """Return `analysis_res`; None if the log is unknown. Raises SourceError."""
        if not self.plan.logs or build.result == Status.SUCCESS:
            return None

        job, number = self.rows.job, build.number
        analysis: dict[str, Any] = {}
        try:
            with self.client.open_log(job, number, finished=True) as text:
                analysis = analysis_of(extract(text, job, self.plan.scan))
            state, detail = text.state, text.detail
        except NoLog as problem:
            state, detail = problem.state, problem.detail

        if detail:
            log.info("%s #%d: %s", visible(job, 200), number, visible(detail))
        if state in (LogState.CUT, LogState.UNREACHABLE):
            # If Jenkins itself is unreachable, this raises, and the next sync stores the build.
            self.client.build(job, number)
        self.result.logs[state.value] += 1
        # A log that was not read to its end cannot prove that there are no failures.
        return analysis if analysis or state == LogState.READ else None


def write_again(engine: Engine, rows: list[RunRow]) -> list[tuple[int, BadRecord]]:
    """Write rows; repeat it once if another sync was writing at the same time."""
    try:
        return write_rows(engine, rows)
    except DatabaseError as error:
        if not _is_lost_race(error):
            raise
        return write_rows(engine, rows)


def _is_lost_race(error: DatabaseError) -> bool:
    cause = error.__cause__
    return cause is not None and cause.args[:1] in [(code,) for code in _LOST_RACE]
