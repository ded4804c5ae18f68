"""All issues of a repository, and the proof that these are all: what is missing here would be filed a second time.

A list is read in many pages, while people file, close, move and delete. It is held against what is asked before and
after it: the newest one, and the number of all (where GitHub numbers the pages). Minutes pass between the first page
and the last, so what changed meanwhile is then read anew, which is short, until the number of open ones agrees to a
unit and stays for the length of three questions.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ci_stat.connectors.github.calls import Asking
from ci_stat.connectors.github.pagination import PER_PAGE, Page, Pages
from ci_stat.connectors.github.schema import Item, Misshapen, in_shape, item_of, number_in, text_in
from ci_stat.errors import SourceError
from ci_stat.records import ListedIssue, Listing

log = logging.getLogger(__name__)

ASCENDING = {"state": "all", "sort": "created", "direction": "asc"}
DESCENDING = {"state": "all", "sort": "created", "direction": "desc"}
CHANGED = {"state": "all", "sort": "updated", "direction": "asc"}
# Seconds before each look at what changed: the count that a repository tells of itself may lag behind its list.
PAUSES = (0.0, 2.0, 8.0, 30.0)
SLACK = timedelta(minutes=10)  # what changed just before may show up late
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a list is held against. `newest`: a number; `total`: of issues and pull requests, None if not told.

    `since`: when the newest one was created: by GitHub's clock, and before all that changed later.
    """

    newest: int | None
    total: int | None
    since: datetime | None = None


@dataclass
class Reading:
    """One reading of the list. `problem`: the first thing that is wrong with it."""

    repo: str
    keep: Callable[[str], bool]
    issues: dict[int, ListedIssue] = field(default_factory=dict)
    numbers: dict[int, bool] = field(
        default_factory=dict
    )  # open or not, in the list's order, pull requests too
    pages: int = 0
    last: int | None = None
    problem: str = ""

    def __post_init__(self) -> None:
        self._before: Item | None = None
        self._orders = {"created_at", "number"}

    @property
    def open(self) -> int:
        return sum(self.numbers.values())

    @property
    def highest(self) -> int:
        return max(self.numbers, default=0)

    def add(self, page: Page) -> None:
        """One more page of the list."""
        self.pages += 1
        self.last = page.last or self.last
        if page.following and len(page.items) != PER_PAGE:
            self._wrong(
                f"page {self.pages} has {len(page.items)} items, and there is another after it"
            )
        for item in self._items(page, f"page {self.pages}"):
            if item.number in self.numbers:
                self._wrong(f"#{item.number} is in it twice")
            else:
                self._in_order(item)
                self._put(item)

    def renew(self, page: Page, highest: int) -> None:
        """What changed since. An item that the list had not must be above all that were in it: the `highest`."""
        for item in self._items(page, "what changed meanwhile"):
            if item.number not in self.numbers and item.number <= highest:
                self._wrong(f"#{item.number} is missing in it")
            self._put(item)

    def _items(self, page: Page, where: str) -> Iterator[Item]:
        try:
            for value in page.items:
                yield item_of(value, self.repo, self.keep)
        except Misshapen as error:
            self._wrong(f"{where}: {error}")

    def _put(self, item: Item) -> None:
        self.numbers[item.number] = item.open
        if item.issue is not None:
            self.issues[item.number] = item.issue

    def _in_order(self, item: Item) -> None:
        """An issue that came from another repository has a new number, and was created when it was there."""
        before, self._before = self._before, item
        if before is not None:
            self._orders -= {"created_at"} if item.created_at < before.created_at else set()
            self._orders -= {"number"} if item.number < before.number else set()
        if not self._orders:
            self._wrong(f"#{item.number} is not where it belongs")

    def _wrong(self, problem: str) -> None:
        self.problem = self.problem or f"{problem}."


def listing(
    asking: Asking,
    pages: Pages,
    repo: str,
    keep: Callable[[str], bool],
    progress: Callable[[int], None],
) -> Listing:
    """All issues, read a second time if the first does not agree with itself. Raises SourceError."""
    found = _read(asking, pages, repo, keep, progress)
    if found.problem:
        log.info("%s It is read once more.", found.problem)
        found = _read(asking, pages, repo, keep, progress)
    return found


def open_count(asking: Asking, repo: str) -> int:
    """How many issues and pull requests are open. Raises SourceError, also for a repository without issues."""
    value = asking.read(f"/repos/{repo}").value
    with in_shape():
        count, name = number_in(value, "open_issues_count"), text_in(value, "full_name")
    if name.lower() != repo.lower():
        raise SourceError(
            f"{repo} has another name at GitHub now.", "Set github_repo to its new name."
        )
    if value.get("has_issues") is False:
        hint = "Switch them on in the repository's settings, or set github_repo to where they are."
        raise SourceError(f"Issues are switched off in {repo}.", hint)
    return count


def _read(
    asking: Asking,
    pages: Pages,
    repo: str,
    keep: Callable[[str], bool],
    progress: Callable[[int], None],
) -> Listing:
    open_count(asking, repo)  # tells at once what is wrong with the repository
    before = _facts(pages, repo)
    reading = Reading(repo, keep)
    for page in pages.pages(f"/repos/{repo}/issues", ASCENDING):
        reading.add(page)
        progress(len(page.items))
        if reading.problem:
            break
    problem = reading.problem or _judged(asking, pages, reading, before)
    return Listing(
        tuple(reading.issues.values()),
        reading.pages,
        problem and f"The list of issues is not whole: {problem}",
    )


def _judged(asking: Asking, pages: Pages, reading: Reading, before: Facts) -> str:
    after = _facts(pages, reading.repo)
    return disagreement(reading, before, after) or _caught_up(asking, pages, reading, before.since)


def _caught_up(asking: Asking, pages: Pages, reading: Reading, since: datetime | None) -> str:
    """Why the open ones cannot be made to agree; "" when they do."""
    highest, told = reading.highest, (0, 0)
    for pause in PAUSES:
        asking.pause(pause)
        first = open_count(asking, reading.repo)
        for page in pages.pages(f"/repos/{reading.repo}/issues", CHANGED | _since(since)):
            reading.renew(page, highest)
        told = (first, open_count(asking, reading.repo))
        if reading.problem or told == (reading.open, reading.open):
            return reading.problem
    return _of_open(reading, told)


def _since(moment: datetime | None) -> dict[str, str]:
    if moment is None or moment < _FIRST:
        return {}
    return {"since": f"{(moment - SLACK).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _facts(pages: Pages, repo: str) -> Facts:
    page = pages.page(f"/repos/{repo}/issues", DESCENDING | {"per_page": "1"})
    with in_shape():
        newest = [item_of(value, repo, lambda _: False) for value in page.items]
    total = page.last or (
        None if page.following else len(newest)
    )  # with one on each page, the last page is the count
    first = newest[0] if newest else None
    return Facts(first.number if first else None, total, first.created_at if first else None)


def disagreement(reading: Reading, before: Facts, after: Facts) -> str:
    """Why a reading lacks something, by what was told before and after it; "" where nothing says so."""
    return (
        _of_pages(reading)
        or _of_newest(reading, before, after)
        or _of_total(reading, before, after)
    )


def _of_pages(reading: Reading) -> str:
    if reading.last is None or reading.last == reading.pages:
        return ""
    return f"{reading.last} pages were announced, and {reading.pages} came."


def _of_newest(reading: Reading, before: Facts, after: Facts) -> str:
    if before.newest is not None and before.newest not in reading.numbers:
        return f"#{before.newest}, the newest one, is not in it."
    # One that is not in it came after the list was read if its number is above all others.
    if after.newest is None or after.newest in reading.numbers or after.newest > reading.highest:
        return ""
    return f"#{after.newest}, the newest one, is not in it."


def _of_total(reading: Reading, before: Facts, after: Facts) -> str:
    """What is deleted or moved away shifts all behind it to the front, and the first of the next page out of sight."""
    if before.total is None or after.total is None:
        return ""
    listed = list(reading.numbers)
    came = len(listed) if before.newest is None else len(listed) - 1 - listed.index(before.newest)
    known = after.newest is None or after.newest in reading.numbers
    if after.total < before.total + came or (known and after.total != before.total + came):
        return f"there were {before.total:,} before, {after.total:,} after, and {came:,} came while it was read."
    return ""


def _of_open(reading: Reading, told: tuple[int, int]) -> str:
    least, most = sorted(told)
    count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"it has {reading.open:,} open ones, and the repository says {count}."
