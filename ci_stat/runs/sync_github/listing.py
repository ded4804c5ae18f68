"""Lists the workflow runs of a range of time, page by page, unless a page is unchanged."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from ci_stat.connectors.github.actions import Actions, RunPage
from ci_stat.connectors.github.actions_schema import WorkflowRun
from ci_stat.connectors.github.pagination import PER_PAGE
from ci_stat.connectors.github.schema import HINT
from ci_stat.errors import SourceError
from ci_stat.runs.sync_github.model import GitHubResult
from ci_stat.runs.sync_github.ranges import MOST, Range
from ci_stat.store.state.actions_sync import ActionsSync, KnownPage

_MAX_PAGES = MOST  # a page has at least one run


@dataclass(frozen=True)
class Listing:
    """The runs of one repository. `state`: None to remember no pages."""

    actions: Actions
    repo: str
    state: ActionsSync | None
    result: GitHubResult

    def pages(self, range_: Range) -> "Iterator[ListedPage]":
        """The pages of a range, newest runs first. Pages that are unchanged have no runs.

        A range with too many runs is halved, until it is one second. Raises SourceError.
        """
        target = self.actions.runs_target(self.repo, range_.created)
        page, known = self._page(target)
        halves = range_.halves()
        if page.total >= MOST and halves is not None:
            # GitHub shows the first 1,000, and may count no more than that.
            yield ListedPage(self, target, page, range_, remembered=True)
            for half in halves:
                yield from self.pages(half)
            return
        yield from self._all_pages(target, page, known, range_)

    def _all_pages(
        self, target: str, page: RunPage, known: KnownPage | None, range_: Range
    ) -> "Iterator[ListedPage]":
        for _ in range(_MAX_PAGES):
            if not page.unchanged:
                self._check(target, page)
            yield ListedPage(self, target, page, range_)
            total, target = page.total, known.next if known and page.unchanged else page.next
            if not target:
                break
            page, known = self._page(target)
        else:
            raise SourceError(f"GitHub's list of the runs of {self.repo} does not end.")
        if total > MOST and range_.halves() is None:
            self.result.unlisted += total - MOST

    def _check(self, target: str, page: RunPage) -> None:
        """Raises SourceError if the list is not continued although it has more runs."""
        size = len(page.runs) + len(page.problems)
        number = parse_qs(urlsplit(target).query).get("page", ["1"])[0]
        before = (int(number) - 1) * PER_PAGE if number.isdecimal() else 0
        expected = PER_PAGE if page.next else min(page.total, MOST) - before
        if size < expected:
            raise SourceError(
                f"GitHub's list of the runs of {self.repo} cannot be read to its end:"
                f" a page has {size} runs instead of {expected}.",
                HINT,
            )

    def _page(self, target: str) -> tuple[RunPage, KnownPage | None]:
        known = self.state.page(target) if self.state is not None else None
        page = self.actions.run_page(target, known.etag if known else "")
        if page.unchanged and known is not None:
            page = RunPage([], known.next, known.total, known.etag, unchanged=True)
        return page, known


@dataclass(frozen=True)
class ListedPage:
    """One page. `remembered`: its runs are listed again in smaller ranges."""

    listing: Listing
    target: str
    page: RunPage
    range: Range
    remembered: bool = False

    @property
    def runs(self) -> list[WorkflowRun]:
        return [] if self.remembered else self.page.runs

    @property
    def problems(self) -> tuple[str, ...]:
        return () if self.remembered else self.page.problems

    def done(self) -> None:
        """Remember that the runs of the page are read. Raises DatabaseError."""
        state, page = self.listing.state, self.page
        if state is not None and not page.unchanged:
            known = KnownPage(page.etag, page.next, page.total)
            state.set_page(self.target, known, self.range.last)
