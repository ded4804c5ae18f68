"""What was left out of a log, and where: counts, and the ranges of lines that they lie in."""

import sys
from collections.abc import Iterable
from itertools import pairwise

from ci_stat.records import LeftOut

MAX_RANGES = 8  # ranges of lines in a result; the nearest ones become one
_ROOM = 256  # ranges that are kept apart while a log is read

Range = tuple[int, int]  # first and last line


class Omissions:
    """Counts what is left out, with the ranges of lines."""

    def __init__(self) -> None:
        self.count = 0
        self.ranges: list[Range] = []

    def add(self, first: int, last: int, count: int = 1) -> None:
        self.count += count
        if self.ranges and self.ranges[-1][0] <= first <= self.ranges[-1][1] + 1:
            self.ranges[-1] = self.ranges[-1][0], max(self.ranges[-1][1], last)
            return

        self.ranges.append((first, last))
        if len(self.ranges) > _ROOM:
            self.ranges = merged(self.ranges, _ROOM // 2)


def merged(ranges: Iterable[Range], most: int = MAX_RANGES) -> list[Range]:
    """Return ranges in order that do not touch; the nearest become one until few enough remain."""
    apart: list[Range] = []
    for first, last in sorted(ranges):
        if apart and first <= apart[-1][1] + 1:
            apart[-1] = apart[-1][0], max(apart[-1][1], last)
        else:
            apart.append((first, last))
    if len(apart) <= most:
        return apart

    gaps = [(after[0] - before[1], index) for index, (before, after) in enumerate(pairwise(apart))]
    ends = sorted(index for _, index in sorted(gaps, reverse=True)[: most - 1])
    starts = [0, *(end + 1 for end in ends)]
    return [
        (apart[start][0], apart[end][1])
        for start, end in zip(starts, [*ends, len(apart) - 1], strict=True)
    ]


def left_out(lines: Iterable[Omissions], failures: Iterable[Omissions]) -> LeftOut:
    """Return what was left out: lines that no rule was tried on, and failures."""
    lines, failures = list(lines), list(failures)
    ranges = merged(part for omissions in (*lines, *failures) for part in omissions.ranges)
    return LeftOut(
        min(_total(lines), _size(part for omissions in lines for part in omissions.ranges)),
        _total(failures),
        tuple(ranges),
    )


def _total(omissions: Iterable[Omissions]) -> int:
    return sum(part.count for part in omissions)


def _size(ranges: Iterable[Range]) -> int:
    """Return the number of lines in these ranges.

    A line that was left out while the log was read, and again of what was kept, counts twice.
    """
    return sum(last - first + 1 for first, last in merged(ranges, sys.maxsize))


def sentence(omitted: LeftOut) -> str:
    """Return what was left out as a sentence without its end; "" if nothing was."""
    what = []
    if omitted.lines:
        what.append(f"{omitted.lines:,} lines that may begin a failure were not examined")
    if omitted.failures:
        what.append(f"{omitted.failures:,} failures are not kept")
    if not what:
        return ""

    where = ", ".join(f"{first:,}-{last:,}" for first, last in omitted.ranges)
    return f"{' and '.join(what)}, in lines {where}"
