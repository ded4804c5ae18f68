"""The ranges of creation times in which runs are listed. Pure; Unix seconds, both ends included.

The ranges lie at fixed places, so that the same pages are requested by each sync, and GitHub can
answer that a page has not changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ci_stat.store.state.actions_sync import Watermark

WEEK = 7 * 86_400
MOST = 1_000  # runs that GitHub lists of one range


@dataclass(frozen=True, slots=True)
class Range:
    first: int
    last: int

    @property
    def created(self) -> str:
        """As GitHub's query has it."""
        return f"{_text(self.first)}..{_text(self.last)}"

    def halves(self) -> "tuple[Range, Range] | None":
        """The later half and the earlier one; None for one second."""
        if self.first == self.last:
            return None
        middle = (self.first + self.last) // 2
        return Range(middle + 1, self.last), Range(self.first, middle)


def weeks(first: int, last: int) -> Iterator[Range]:
    """The weeks from `last` back to `first`, newest first. The oldest begins at `first`."""
    begin = last - last % WEEK
    while begin + WEEK > first:
        yield Range(max(begin, first), begin + WEEK - 1)
        begin -= WEEK


def is_read(week: Range, mark: Watermark | None, revisit: int) -> bool:
    """Whether all runs of a week are read, and so old that GitHub allows no rerun of them.

    `revisit`: the time from which on runs are looked at again.
    """
    if mark is None:
        return False
    return mark.reached <= week.first and week.last < min(mark.listed, revisit)


def _text(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
