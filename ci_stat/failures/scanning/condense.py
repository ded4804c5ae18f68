"""What is kept of the middle of a log that does not fit into memory: the blocks that rules find.

The scanner hands over pages in order. Rules are tried on their lines with anchors, and only the
blocks stay. The work per megabyte is limited, so that a log full of anchors is read in time: rare
anchors are looked at first, lines with common ones in samples, and what was not looked at is
counted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ci_stat.failures.blocks import Block, blocks_at
from ci_stat.failures.document import Document
from ci_stat.failures.matching import Matcher
from ci_stat.failures.rules import EFFECT, WEIGHTS, Rule
from ci_stat.failures.scanning.chunk import Chunk
from ci_stat.failures.scanning.left_out import Omissions
from ci_stat.failures.scanning.pages import Part
from ci_stat.failures.signs import Nearby
from ci_stat.failures.text import clean

CHUNK = 16  # pages that are examined at once: 256 KB
BEHIND, AHEAD = 1, 4  # pages before and after them in which a block may begin and end
FULL = 2000  # lines with the same anchor that are all tried; then a sample of them
SAMPLE = 16  # lines with the same anchor in a chunk
RESERVE = 10_000  # lines that are tried in any log
ALLOWANCE = 64  # lines that are tried in each chunk after that
ANCHORS = 32  # different anchors that are looked at in a chunk
WINDOW, WIDEST = 1 << 13, 1 << 16  # bytes below a line in which its block is looked for
BLOCK_COST = 10  # a block costs as much as trying so many lines
ROOM = 1 << 21  # bytes of blocks that are kept
SIGN = "sign"  # the label of a line that shows which tool wrote a block
MARK = len(WEIGHTS)  # the worth of a line that only marks a command: less than any block


@dataclass(frozen=True, slots=True)
class _Item:
    """Kept lines: their worth, 0 is most, and the rule or mark because of which they are kept."""

    part: Part
    worth: int
    label: str


class Condenser:
    """The middle of one log. `matcher`: the rules to try; `job`: the name of the job, if known."""

    def __init__(self, matcher: Matcher, job: str = "") -> None:
        self._matcher = matcher
        self._job = job
        self._pages: list[Part] = []
        self._next = -1
        self._examined = 0  # pages at the start of `_pages` that were examined
        self._reserve = RESERVE
        self._tried: Counter[int] = Counter()
        self._items: list[_Item] = []
        self._size = 0
        self._end = 0  # the last line of the last block
        self.lines = Omissions()  # lines with anchors that were not tried
        self.blocks = Omissions()  # blocks that were not kept

    def add(self, number: int, page: Part) -> None:
        """Take the next page in order; numbers of adjacent pages follow each other."""
        if number != self._next:
            self._flush()
        self._next = number + 1
        self._pages.append(page)
        if len(self._pages) >= self._examined + CHUNK + AHEAD:
            self._examine(len(self._pages) - AHEAD)
            del self._pages[: self._examined - BEHIND]
            self._examined = BEHIND

    def _flush(self) -> None:
        if len(self._pages) > self._examined:
            self._examine(len(self._pages))
        self._pages, self._examined = [], 0

    def finish(self, number: int, following: Sequence[Part]) -> tuple[Part, ...]:
        """Return what is kept, in order, after a look at the page `number` and those after it."""
        count = len(self._pages)
        if number == self._next:
            self._pages += following
        if count > self._examined:
            self._examine(count)

        parts: list[Part] = []
        for item in sorted(self._items, key=lambda item: item.part.first):
            part = item.part.below(parts[-1].last) if parts else item.part
            if part is not None:
                parts.append(part)
        return tuple(parts)

    def _examine(self, end: int) -> None:
        """Examine the pages up to `end` that were not examined yet."""
        chunk = Chunk(self._pages, self._examined, end)
        self._nearby = Nearby(chunk.whole)
        self._examined = end

        tokens = self._reserve + ALLOWANCE
        tokens -= self._try_lines(chunk, tokens)
        self._reserve = min(self._reserve, max(tokens, 0))
        self._make_room()

    def _try_lines(self, chunk: Chunk, tokens: int) -> int:
        """Try the lines of a chunk at a cost of at most about `tokens`; return the cost."""
        cost = 0
        for begin, marks in self._candidates(chunk, tokens):
            number = chunk.number(begin)
            if number <= self._end:
                continue
            cost += 1
            if cost > tokens:
                self.lines.add(number, number)
                continue
            cost += self._try_line(chunk, begin, number, marks)
        return cost

    def _candidates(self, chunk: Chunk, tokens: int) -> list[tuple[int, bool]]:
        """Return the starts of lines to try, in order, and whether they may mark a command."""
        begins: dict[int, bool] = {}
        literals = sorted(
            self._matcher.anchors.present(chunk.text),
            key=lambda literal: (self._tried[literal], literal),
        )
        others = max(0, len(literals) - ANCHORS)
        for literal in literals[:ANCHORS]:
            most = min(max(FULL - self._tried[literal], SAMPLE), tokens)
            starts, rest = chunk.lines_with(self._matcher.anchors.bytes[literal], most)
            self._tried[literal] += len(starts)
            others += rest
            is_mark = literal in self._matcher.marks
            for begin in starts:
                begins[begin] = begins.get(begin, False) or is_mark

        # A line may contain several anchors.
        others = min(others, chunk.lines - len(begins))
        if others > 0:
            self.lines.add(chunk.first, chunk.last, others)
        return sorted(begins.items())

    def _try_line(self, chunk: Chunk, begin: int, number: int, may_mark: bool) -> int:
        """Keep the block that begins in a line, or the line if it marks a command."""
        raw, below = chunk.line(begin), chunk.lines_below(begin)
        literals = {literal for _, literal in self._matcher.anchors.find(b"\n" + raw + b"\n")}
        text = clean(raw)
        rules = [
            rule
            for rule in self._matcher.rules_with(literals, self._job)
            if any(rule.match(text, clean(line)) for line in below)
        ]

        cost = BLOCK_COST if rules else 0
        rules, signs = self._supported(rules, number)

        blocks = self._blocks(chunk, begin, number, rules) if rules else []
        for part, block in blocks:
            worth = WEIGHTS.index(block.weight)
            self._keep(_Item(part, worth, block.rule.name))
            if block.rule.name in signs:
                self._keep(_Item(signs[block.rule.name], worth, SIGN))
            if block.weight != EFFECT:
                self._end = max(self._end, part.last)
        if may_mark:
            self._keep(_Item(chunk.above(begin, number), MARK, "mark"))
        return cost

    def _supported(self, rules: list[Rule], number: int) -> tuple[list[Rule], dict[str, Part]]:
        """Return the rules that need no sign of their tool or have one nearby, and those signs.

        The line of a sign is kept with a block, because rules are tried again on what is kept.
        """
        supported: list[Rule] = []
        lines: dict[str, Part] = {}
        for rule in rules:
            if rule.signs:
                line = self._nearby.sign(rule.signs, number)
                if line is None:
                    continue
                lines[rule.name] = line
            supported.append(rule)
        return supported, lines

    def _blocks(
        self, chunk: Chunk, begin: int, number: int, rules: list[Rule]
    ) -> list[tuple[Part, Block]]:
        """Return the blocks of the first rule that matches, each with its lines."""
        size = WINDOW
        while True:
            window = chunk.window(begin, number, size)
            document = Document([window])
            blocks = _first_match(document, bisect_left(document.numbers, number), rules)
            reaches_end = blocks and blocks[-1].last >= len(document) - 2
            if not reaches_end or size >= WIDEST:
                return [(_lines(window, document, block), block) for block in blocks]
            size *= 8

    def _keep(self, item: _Item) -> None:
        self._items.append(item)
        self._size += len(item.part.data)

    def _make_room(self) -> None:
        """Drop blocks until the others fit: the least worth, of the rule with the most blocks."""
        if self._size <= ROOM:
            return

        groups: dict[tuple[int, str], list[_Item]] = {}
        for item in self._items:
            groups.setdefault((item.worth, item.label), []).append(item)

        while self._size > ROOM * 3 // 4:
            key = max(groups, key=lambda key: (key[0], len(groups[key])))
            # Those in the middle go; the first and the last ones stay as long as they can.
            items = groups[key]
            stay = len(items) // 2
            self._drop(items[(stay + 1) // 2 : len(items) - stay // 2])
            groups[key] = items[: (stay + 1) // 2] + items[len(items) - stay // 2 :]
            if not groups[key]:
                del groups[key]

    def _drop(self, items: Sequence[_Item]) -> None:
        gone = set(map(id, items))
        self._items = [item for item in self._items if id(item) not in gone]
        for item in items:
            self._size -= len(item.part.data)
            if item.label != SIGN:
                self.blocks.add(item.part.first, item.part.last)


def _lines(window: Part, document: Document, block: Block) -> Part:
    """Return the lines of a block, and the one below: a rule may need to see it."""
    first = document.numbers[block.first]
    last = document.numbers[min(block.last + 1, len(document) - 1)]
    lines = window.data.split(b"\n")[first - window.first : last - window.first + 1]
    return Part(first, b"\n".join(lines) + b"\n", True)


def _first_match(document: Document, position: int, rules: list[Rule]) -> list[Block]:
    text, below = document.text(position), document.text(position + 1)
    for rule in rules:
        match = rule.match(text, below)
        blocks = list(blocks_at(document, position, rule, match)) if match else []
        if blocks:
            return blocks
    return []
