"""The parts of a log that the scanner keeps, as numbered lines."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Sequence
from itertools import accumulate, count
from operator import add

from ci_stat.failures.baseline import line_key
from ci_stat.failures.scanning.anchors import Anchors
from ci_stat.failures.scanning.scan import Part
from ci_stat.failures.streams import Streams
from ci_stat.failures.text import clean, without_escapes

_SAMPLE = 2000  # lines that are looked at to see whether every other line of a log is empty


class Document:
    """Lines by position 0, 1, 2...; `numbers[i]` is the 1-based number of line i in the log.

    Numbers jump where the scanner left lines out. If every other line is empty, because a
    terminal doubled the line ends (`\\r\\n`), those empty lines are left out too.

    `baseline`: keys of the lines of a passing log.
    """

    def __init__(self, parts: Iterable[Part], baseline: Container[int] = frozenset()) -> None:
        self._baseline = baseline
        self.numbers = array("q")
        self._raw: list[bytes] = []
        self._parts: list[tuple[int, int, array[int], bytes]] = []
        for part in parts:
            self._add(part)

        self._first_lines: frozenset[int] = frozenset()
        self._kept: list[int] | None = None
        self.step = 1
        if _is_doubled(self._raw):
            self._drop_empty_lines()

        self._texts: dict[int, str] = {}
        self._streams = Streams([searched for _, _, _, searched in self._parts])
        self._stream_names: dict[int, str] = {}

    def _add(self, part: Part) -> None:
        # Colours cut words apart, so they are removed before the search. An escape sequence
        # contains no line end, so the lines stay the same.
        lines = part.data.split(b"\n")
        searched = without_escapes(part.data)
        plain = lines if searched is part.data else searched.split(b"\n")
        starts = array("q", map(add, accumulate(map(len, plain), initial=0), count()))
        if not lines[-1]:
            lines.pop()

        # A part may begin inside a line. That rest is skipped unless it is all there is.
        skip = 0 if part.whole_line or len(lines) == 1 else 1
        self._parts.append((len(self._raw) - skip, skip, starts, searched))
        self._raw += lines[skip:]
        self.numbers.extend(range(part.first + skip, part.first + len(lines)))

    def _drop_empty_lines(self) -> None:
        """Drop every empty line that follows a line with text; keep a second one in a row."""
        empty = [_is_empty(raw) for raw in self._raw]
        self._kept = [
            position
            for position in range(len(empty))
            if not empty[position]
            or (position > 1 and empty[position - 1] and not empty[position - 2])
        ]
        self.numbers = array("q", map(self.numbers.__getitem__, self._kept))
        self._raw = list(map(self._raw.__getitem__, self._kept))
        self.step = 4

    def __len__(self) -> int:
        return len(self._raw)

    def raw(self, position: int) -> bytes:
        return self._raw[position]

    def text(self, position: int) -> str:
        """Return the line as text for matching; "" outside of the document."""
        if not 0 <= position < len(self._raw):
            return ""
        text = self._texts.get(position)
        if text is None:
            text = self._streams.without_name(clean(self._raw[position]))
            self._texts[position] = text
        return text

    def same_stream(self, one: int, other: int) -> bool:
        """Whether two lines come from the same branch, where a log mixes several."""
        if not self._streams.is_mixed:
            return True
        return self._stream(one) == self._stream(other)

    def _stream(self, position: int) -> str:
        name = self._stream_names.get(position)
        if name is None:
            name = self._stream_names[position] = self._streams.of(self._raw[position])
        return name

    def line_texts(self, positions: Sequence[int]) -> list[str]:
        """Return several lines as text for matching."""
        return [self.text(position) for position in positions]

    def in_baseline(self, position: int) -> bool:
        """Whether the passing log contains this line too."""
        return bool(self._baseline) and line_key(self.text(position)) in self._baseline

    def separate(self, positions: Iterable[int]) -> None:
        """Let nothing that began above continue at these lines: another command begins there."""
        self._first_lines = frozenset(positions)

    def follows(self, position: int) -> bool:
        """Whether this line directly follows the line before it, in the log and in its command."""
        return (
            0 < position < len(self._raw)
            and position not in self._first_lines
            and self.numbers[position] - self.numbers[position - 1] <= self.step
        )

    def anchored(self, anchors: Anchors) -> dict[int, frozenset[int]]:
        """Return the positions of lines with an anchor, in order, with the indexes of anchors."""
        literals: dict[int, frozenset[int]] = {}
        # Many lines share few sets of anchors: one object for each set saves most of the memory.
        interned: dict[frozenset[int], frozenset[int]] = {}
        nothing = frozenset[int]()

        for base, skip, starts, data in self._parts:
            # The line end above the first line, for anchors that begin with one.
            for offset, literal in anchors.find(b"\n" + data):
                index = bisect_right(starts, offset - 1) - 1
                if index < skip:
                    continue
                known = literals.get(base + index, nothing)
                if literal not in known:
                    more = known | {literal}
                    literals[base + index] = interned.setdefault(more, more)

        if self._kept is not None:
            kept = self._kept
            literals = {bisect_left(kept, position): literals[position] for position in literals}

        return {
            position: literals[position]
            for position in sorted(literals)
            if position < len(self._raw)
        }


def _is_empty(raw: bytes) -> bool:
    return raw.strip() in (b"", b"nl")


def _is_doubled(lines: list[bytes]) -> bool:
    """Whether about every other line is empty and most of the empty lines stand alone."""
    empty = [_is_empty(raw) for raw in lines[-_SAMPLE:]]
    triples = zip(empty, empty[1:], empty[2:], strict=False)
    alone = sum(this and not (before and after) for before, this, after in triples)
    return len(empty) > 20 and sum(empty) > 0.45 * len(empty) and alone > 0.3 * len(empty)
