"""One reading of a repository's list of issues, and the checks that it lacks none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.connectors.github.pagination import PER_PAGE, Page
from ci_stat.connectors.github.schema import Item, SchemaError, item_of
from ci_stat.records import ListedIssue


@dataclass(frozen=True, slots=True)
class Facts:
    """What GitHub says about the list beside the list itself.

    - `newest`: the number of the newest item. `since`: when it was created, by GitHub's clock.
    - `total`: how many issues and pull requests there are; None if GitHub does not say.
    """

    newest: int | None
    total: int | None
    since: datetime | None = None


@dataclass
class Reading:
    """One reading of the list. `problem`: the first inconsistency.

    `numbers`: whether each item is open, in the order of the list, pull requests included.
    """

    repo: str
    keep: Callable[[str], bool]
    issues: dict[int, ListedIssue] = field(default_factory=dict)
    numbers: dict[int, bool] = field(default_factory=dict)
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
        """Add the next page of the list."""
        self.pages += 1
        self.last = page.last or self.last
        if page.next and len(page.items) != PER_PAGE:
            self._report(f"page {self.pages} has {len(page.items)} items and is not the last")
        for item in self._items(page, f"page {self.pages}"):
            if item.number in self.numbers:
                self._report(f"#{item.number} is listed twice")
            else:
                self._check_order(item)
                self._put(item)

    def update(self, page: Page, highest: int) -> None:
        """Add items that changed meanwhile. A new one must have a number above `highest`."""
        for item in self._items(page, "recent changes"):
            if item.number not in self.numbers and item.number <= highest:
                self._report(f"#{item.number} is missing")
            self._put(item)

    def _items(self, page: Page, where: str) -> Iterator[Item]:
        try:
            for value in page.items:
                yield item_of(value, self.repo, self.keep)
        except SchemaError as error:
            self._report(f"{where}: {error}")

    def _put(self, item: Item) -> None:
        self.numbers[item.number] = item.open
        if item.issue is not None:
            self.issues[item.number] = item.issue

    def _check_order(self, item: Item) -> None:
        """The list is ordered by time or by number: a transferred issue keeps its time and gets a
        new number.
        """
        before, self._before = self._before, item
        if before is not None and item.created_at < before.created_at:
            self._orders.discard("created_at")
        if before is not None and item.number < before.number:
            self._orders.discard("number")
        if not self._orders:
            self._report(f"#{item.number} is out of order")

    def _report(self, problem: str) -> None:
        self.problem = self.problem or f"{problem}."


def disagreement(reading: Reading, before: Facts, after: Facts) -> str:
    """Why a reading lacks an item, by GitHub's facts before and after it; "" if they agree."""
    return (
        _in_pages(reading)
        or _in_newest(reading, before, after)
        or _in_total(reading, before, after)
    )


def open_disagreement(reading: Reading, counts: tuple[int, int]) -> str:
    """`counts`: how many items are open by GitHub's count, asked twice."""
    least, most = sorted(counts)
    count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"it has {reading.open:,} open items, and the repository counts {count}."


def _in_pages(reading: Reading) -> str:
    if reading.last is None or reading.last == reading.pages:
        return ""
    return f"{reading.last} pages were announced, and {reading.pages} received."


def _in_newest(reading: Reading, before: Facts, after: Facts) -> str:
    if before.newest is not None and before.newest not in reading.numbers:
        return f"#{before.newest}, the newest, is missing."
    # An item above all others was created after the list was read.
    if after.newest is None or after.newest in reading.numbers or after.newest > reading.highest:
        return ""
    return f"#{after.newest}, the newest, is missing."


def _in_total(reading: Reading, before: Facts, after: Facts) -> str:
    """A deletion shifts all later items forward, so the first one of the next page is missed."""
    if before.total is None or after.total is None:
        return ""
    created = _created_meanwhile(reading, before)
    expected = before.total + created
    known = after.newest is None or after.newest in reading.numbers
    if after.total >= expected and not (known and after.total != expected):
        return ""
    return (
        f"there were {before.total:,} before, {after.total:,} after, and {created:,} created"
        " while it was read."
    )


def _created_meanwhile(reading: Reading, before: Facts) -> int:
    """How many items follow the one that was the newest."""
    listed = list(reading.numbers)
    if before.newest is None:
        return len(listed)
    return len(listed) - 1 - listed.index(before.newest)
