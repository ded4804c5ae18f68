"""The kept parts of a log as numbered lines."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable
from itertools import accumulate

from ci_stat.failures.baseline import key_of
from ci_stat.failures.scan import Anchors, Part
from ci_stat.failures.text import clean, without_escapes

_LOOKED_AT = 2000  # lines that tell whether every other line of a log is empty


class Document:
    """Lines by position 0, 1, 2...; `numbers[i]` is a line's 1-based number in the log, and jumps at a gap.

    Where every other line is empty (what a terminal made of `\\r\\n`), those lines are left out.
    """

    def __init__(self, parts: Iterable[Part], passing: Container[int] = frozenset()) -> None:
        self._passing = passing
        self.numbers: list[int] = []
        self._raw: list[bytes] = []
        self._parts: list[tuple[int, int, list[int], bytes]] = []
        for part in parts:
            self._add(part)
        self._kept: list[int] | None = None
        self.step = 1
        if _doubled(self._raw):
            self._halve()
        self._texts: list[str | None] = [None] * len(self._raw)

    def _add(self, part: Part) -> None:
        lines = part.data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        # Searched without colours, which cut words apart. They hold no line ends, so the lines stay the same.
        searched = without_escapes(part.data)
        starts = list(accumulate((len(line) + 1 for line in searched.split(b"\n")), initial=0))
        # Half a line is no line, unless there is nothing else.
        skip = 0 if part.whole_line or len(lines) == 1 else 1
        self._parts.append((len(self._raw) - skip, skip, starts, searched))
        self._raw += lines[skip:]
        self.numbers += range(part.first + skip, part.first + len(lines))

    def _halve(self) -> None:
        empty = [_empty(raw) for raw in self._raw]
        self._kept = [
            each
            for each in range(len(empty))
            if not empty[each] or (each > 1 and empty[each - 1] and not empty[each - 2])
        ]
        self.numbers = [self.numbers[each] for each in self._kept]
        self._raw = [self._raw[each] for each in self._kept]
        self.step = 4

    def __len__(self) -> int:
        return len(self._raw)

    def raw(self, position: int) -> bytes:
        return self._raw[position]

    def text(self, position: int) -> str:
        """The line for matching; "" outside the document."""
        if not 0 <= position < len(self._raw):
            return ""
        text = self._texts[position]
        if text is None:
            text = self._texts[position] = clean(self._raw[position])
        return text

    def passes(self, position: int) -> bool:
        """Whether a passing log of the same job has this line too."""
        return bool(self._passing) and key_of(self.text(position)) in self._passing

    def follows(self, position: int) -> bool:
        """Whether this line stands right below the one before it in the log."""
        return (
            0 < position < len(self._raw)
            and self.numbers[position] - self.numbers[position - 1] <= self.step
        )

    def anchored(self, anchors: Anchors) -> dict[int, set[int]]:
        """Positions of the lines that hold an anchor, in order, with the indexes of the anchors found there."""
        found: dict[int, set[int]] = defaultdict(set)
        for base, skip, starts, data in self._parts:
            for offset, literal in anchors.found(data):
                index = bisect_right(starts, offset) - 1
                if index >= skip:
                    found[base + index].add(literal)
        if self._kept is not None:
            found = {
                bisect_left(self._kept, position): literals for position, literals in found.items()
            }
        return {
            position: found[position] for position in sorted(found) if position < len(self._raw)
        }


def _empty(raw: bytes) -> bool:
    return raw.strip() in (b"", b"nl")


def _doubled(lines: list[bytes]) -> bool:
    some = [_empty(raw) for raw in lines[-_LOOKED_AT:]]
    alone = sum(
        1
        for before, this, after in zip(some, some[1:], some[2:], strict=False)
        if this and not (before and after)
    )
    return len(some) > 20 and sum(some) > 0.45 * len(some) and alone > 0.3 * len(some)
