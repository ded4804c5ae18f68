"""Find the builds of a job that Jenkins has and the CI database has not."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from ci_stat.connectors.jenkins.builds import Build, Page, wall_clock
from ci_stat.connectors.jenkins.server import Jenkins
from ci_stat.errors import SourceError
from ci_stat.runs.recreated_jobs import Recreated, first_new_start
from ci_stat.runs.sync_plan import SyncPlan, SyncResult
from ci_stat.store.ci_data.stored_builds import JobRows

PAGE = 100  # builds of one request
# Builds that two pages share: if builds are deleted between the two requests, later ones move up.
OVERLAP = 5
# A missing number that is older cannot belong to a build that was still running.
LONGEST_BUILD = timedelta(days=14)


@dataclass(frozen=True)
class MissingBuilds:
    """The builds of one job to fetch. `result` counts builds that cannot be stored."""

    client: Jenkins
    rows: JobRows
    zone: ZoneInfo
    plan: SyncPlan
    result: SyncResult

    def find(self, oldest: int | None) -> dict[int, int]:
        """Return each build to fetch with its place in the list of Jenkins (0 is the newest).

        - `oldest`: the smallest stored number; None if no build is stored.

        Raises SourceError if Jenkins does not respond or repeats a page, and Recreated.
        """
        missing: dict[int, int] = {}
        previous: set[int] = set()
        start = 0
        while True:
            page = self.client.page(self.rows.job, start, start + PAGE)
            numbers = page.numbers
            self._check_job(page)
            is_last = len(page.items) < PAGE
            if not is_last and numbers <= previous:
                name = self.client.name
                raise SourceError(f"{name} lists the same builds of a job on every page.")

            new = self._new_builds(page, start, previous)
            missing |= new
            if is_last or self._is_enough(missing, oldest):
                return missing
            if self._is_complete(page, bool(new), oldest):
                return missing
            previous = numbers
            start += PAGE - OVERLAP

    def _check_job(self, page: Page) -> None:
        """Raises Recreated if the stored rows are of an earlier job of this name."""
        starts = {
            build.number: start
            for build in page.builds
            if (start := wall_clock(build.timestamp, self.zone)) is not None
        }
        stored = self.rows.starts(list(starts))
        newest = self.rows.newest() if starts else None
        first = first_new_start(starts, stored, newest)
        if first is not None:
            raise Recreated(first)

    def _new_builds(self, page: Page, start: int, previous: set[int]) -> dict[int, int]:
        skipped = self.rows.known([build.number for build in page.builds]) | previous
        for odd in page.odd:
            if odd.number is None or odd.number not in previous:
                self.result.left_out[odd.reason] += 1
        new = {}
        for place, build in page.places(start):
            if build.number in skipped or not self.plan.includes(build):
                continue
            if can_be_stored(build, self.rows, self.result):
                new[build.number] = place
        return new

    def _is_enough(self, missing: dict[int, int], oldest: int | None) -> bool:
        limit = self.plan.limit
        return limit is not None and oldest is None and len(missing) >= limit

    def _is_complete(self, page: Page, any_new: bool, oldest: int | None) -> bool:
        """Whether no build after this page is missing.

        With `since`, all builds after the page are too old. Otherwise three conditions hold:

        - No build of the page is missing.
        - Jenkins has no build that is older than the oldest stored one.
        - No recent number after the page is missing. It could belong to a build that was running
          during the last sync.
        """
        if self.plan.since is not None:
            return not any(map(self.plan.includes, page.builds))
        if any_new or oldest is None:
            return False
        if page.first is not None and page.first < oldest:
            return False
        gap = self._recent_gap()
        return gap is None or gap >= min(page.numbers)

    def _recent_gap(self) -> int | None:
        """Return the smallest missing number of the last 14 days."""
        recent = self.plan.now.astimezone(self.zone) - LONGEST_BUILD
        return self.rows.gap(recent.replace(tzinfo=None))


def can_be_stored(build: Build, rows: JobRows, result: SyncResult) -> bool:
    """Whether a build can be stored. If it cannot, count the reason in `result`."""
    # `building` first: a matrix build has a result while parts of it are running.
    if build.building:
        result.running += 1
    elif build.result is None:
        result.left_out["without a result"] += 1
    elif not rows.holds(build.result):
        reason = f"with the result {build.result}, which the table's column status cannot hold"
        result.left_out[reason] += 1
    else:
        return True
    return False
