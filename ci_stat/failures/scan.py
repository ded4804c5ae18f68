"""From a stream of any length to the parts of it that matter: what stands around anchors, and the end.

One pass, in memory that does not grow with the log: three buffers in turn, all anchors searched at once.
"""

import importlib
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Protocol

from ci_stat.failures.text import without_escapes

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

PAGE = 1 << 14
PAGES = 8  # in a buffer: 128 KB stay in the second level cache
BEHIND, AHEAD = 1, 4  # pages kept before and after one that holds an anchor: 16 KB and 64 KB
MOST = 128  # pages kept from the front, and again from the back, of a log that is full of anchors: 2 MB each
MUCH = 512  # buffers, 64 MB, after which counting lines faster is worth an import
OVERLAP = 128  # longer than any anchor
# Short pieces of the anchors, shared by many and rare in what servers and build tools say of ordinary days. They are
# searched everywhere; only where one stands the anchors that hold it are compared. An anchor without any is its own.
CORES = (
    "ailed", "not ", "ror ", "ilur", "FAIL", "exit", "the ", "ror:", "signal", "Excep", " out", "ld: ", "Erro",
    "ked ", " ERR", "java.", "defi", "error", "check)", " wen", "Kill", "has ", " ***", "ake ", "styl", "The ",
    "e to", "red ", "ment", "--- S", " Gat", "gePu", " refo", "ere w", "IMEO", " faili", "ceba", "fata", "NING:",
    "ceede", " std", "iff ", "ed a", "found ", "cess ", "Fail", "s to ", "vice", " bui",
)  # fmt: skip
GROUP = 20  # literals searched in one pass: 12 at about 10 GB/s, 32 at less than 2


class ByteStream(Protocol):
    """What a log is read from: a file, a decompressor, a response. Its `readinto` gives 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a log: its bytes, and the 1-based number of the line that it begins in."""

    first: int
    data: bytes
    whole_line: bool  # whether it begins where a line does


@dataclass(frozen=True, slots=True)
class Scan:
    """What was kept of a log, in its order, and how long it was."""

    parts: tuple[Part, ...]
    lines: int
    size: int


class Anchors:
    """Literals to be found at once."""

    def __init__(self, literals: Iterable[str]) -> None:
        self.literals = tuple(sorted(set(literals)))
        holders: dict[str, list[tuple[int, int, bytes]]] = {}
        for index, literal in enumerate(self.literals):
            core = next((core for core in CORES if core in literal), literal)
            before = len(literal[: literal.index(core)].encode())
            holders.setdefault(core, []).append((index, before, literal.encode()))
        # Of two that overlap in the text only one is found in a pass: such cores go into different ones.
        self._passes = [
            (_search(cores), [holders[core] for core in cores]) for cores in _apart(sorted(holders))
        ]

    def found(self, data: bytes) -> list[tuple[int, int]]:
        """(offset, index of the literal) of every literal, in no order."""
        found = []
        for search, holders in self._passes:
            for core, begin, _ in search.find_matches_as_indexes(data):
                for index, before, literal in holders[core]:
                    if begin >= before and data.startswith(literal, begin - before):
                        found.append((begin - before, index))
        return found


def _search(cores: Sequence[str]) -> "BytesAhoCorasick":
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    # Leftmost: only then the library may use vector instructions, which is many times as fast.
    return BytesAhoCorasick([core.encode() for core in cores], matchkind=MatchKind.LeftmostLongest)


def _apart(cores: Sequence[str]) -> list[list[str]]:
    """Groups of about `GROUP` cores, in none of which a match of one can hide a match of another.

    Equal first letters go into different groups: the library searches few first letters one by one, which is slow.
    """
    collide = _collisions(cores)
    groups: list[list[str]] = [[] for _ in range(-(-len(cores) // GROUP))]
    # Those that collide with most others come first, while there is room.
    for core in sorted(cores, key=lambda core: (-len(collide[core]), core)):
        free = [group for group in groups if collide[core].isdisjoint(group)]
        if free:
            min(
                free, key=lambda group: (sum(each[0] == core[0] for each in group), len(group))
            ).append(core)
        else:
            groups.append([core])
    return groups


def _collisions(cores: Sequence[str]) -> dict[str, set[str]]:
    """For each core the others with which it can share letters in a text."""
    begins = {core: frozenset(core[:end] for end in range(1, len(core) + 1)) for core in cores}
    ends = {core: frozenset(core[start:] for start in range(len(core))) for core in cores}
    found: dict[str, set[str]] = {core: set() for core in cores}
    for one, two in combinations(cores, 2):
        if (
            one in two
            or two in one
            or not (begins[one].isdisjoint(ends[two]) and begins[two].isdisjoint(ends[one]))
        ):
            found[one].add(two)
            found[two].add(one)
    return found


class _Buffer:
    """One stretch of the log: `data[OVERLAP:OVERLAP + filled]`, with the end of the stretch before it in front."""

    def __init__(self) -> None:
        self.data = bytearray(OVERLAP + PAGE * PAGES)
        self.view = memoryview(self.data)
        self.number = self.filled = self.first = 0
        self.kept: set[int] = set()

    def fill(self, stream: ByteStream, number: int, first: int, before: "_Buffer | None") -> None:
        self.number, self.first, self.filled, self.kept = number, first, 0, set()
        if before is not None:
            self.data[:OVERLAP] = before.data[before.filled : before.filled + OVERLAP]
        else:
            self.data[:OVERLAP] = b"\n" * OVERLAP
        while self.filled < PAGE * PAGES:
            count = stream.readinto(self.view[OVERLAP + self.filled :])
            if not count:
                break
            self.filled += count

    def anchored(self, anchors: Anchors) -> set[int]:
        """Pages in which an anchor begins; -1 for one in the end of the buffer before."""
        # A copy: the library reads one that cannot change three times as fast.
        text = bytes(self.view[: OVERLAP + self.filled])
        return {(begin - OVERLAP) // PAGE for begin, _ in anchors.found(text)}

    def coloured(self, anchors: Anchors) -> set[int]:
        """Pages in which an anchor shows once the colours are gone that cut it apart."""
        found: set[int] = set()
        end, escape = OVERLAP + self.filled, self.data.find(b"\x1b", 0, OVERLAP + self.filled)
        while escape >= 0:
            page = max(0, (escape - OVERLAP) // PAGE)
            begin = OVERLAP + PAGE * page
            text = without_escapes(bytes(self.view[begin - OVERLAP : min(begin + PAGE, end)]))
            if anchors.found(text):
                found.add(page)
            escape = self.data.find(b"\x1b", begin + PAGE, end)
        return found

    def newlines(self, end: int) -> int:
        return _newlines(self.data, self.view, OVERLAP, OVERLAP + end)

    def page(self, index: int) -> Part:
        """The page as bytes of its own, with the number of its first line."""
        self.kept.add(index)
        begin = PAGE * index
        data = bytes(self.view[OVERLAP + begin : OVERLAP + min(begin + PAGE, self.filled)])
        return Part(self.first + self.newlines(begin), data, self.data[OVERLAP + begin - 1] == 10)


def _newlines(data: bytearray, view: memoryview, begin: int, end: int) -> int:
    # numpy counts three times as fast, and takes a tenth of a second to import: worth it once there is much to count.
    counter = sys.modules.get("numpy")
    if counter is None:
        return data.count(b"\n", begin, end)
    numbers = counter.frombuffer(view[begin:end], dtype=counter.uint8)
    return int(counter.count_nonzero(numbers == 10))


def scan(stream: ByteStream, anchors: Anchors) -> Scan:
    """Read a stream to its end and keep the pages that hold anchors, those around them, and the last ones."""
    kept, buffers = _Kept(), [_Buffer() for _ in range(3)]
    number, first, ahead, size = 0, 1, 0, 0
    current: _Buffer | None = None
    while True:
        before, current = current, buffers[number % 3]
        current.fill(stream, number, first, before)
        size += current.filled
        wanted = _wanted(current, anchors, ahead)
        if before is not None and -1 in wanted and PAGES - 1 not in before.kept:
            kept.add(before.number * PAGES + PAGES - 1, before.page(PAGES - 1))
        for index in sorted(wanted):
            if 0 <= index < PAGES and index * PAGE < current.filled:
                kept.add(number * PAGES + index, current.page(index))
        ahead = max((index for index in wanted if index >= PAGES), default=PAGES - 1) - PAGES + 1
        first += current.newlines(current.filled)
        if number == MUCH:
            importlib.import_module("numpy")
        if current.filled < PAGE * PAGES:
            break
        number += 1
    for buffer in sorted(buffers, key=lambda each: each.number):
        kept.rest_of(buffer)
    ended = current.data[OVERLAP + current.filled - 1] == 10
    return Scan(kept.parts(), first - 1 if ended else first, size)


def _wanted(buffer: _Buffer, anchors: Anchors, ahead: int) -> set[int]:
    """Pages to keep, by index in this buffer; -1 is the last one of the buffer before, 8 and more are to come."""
    wanted = set(range(ahead))
    for page in buffer.anchored(anchors) | buffer.coloured(anchors):
        wanted.update(range(page - BEHIND, page + AHEAD + 1))
    return wanted


class _Kept:
    """Pages of a log: the first ones and the last ones, at most `MOST` of each."""

    def __init__(self) -> None:
        self._front: list[tuple[int, Part]] = []
        self._back: deque[tuple[int, Part]] = deque(maxlen=MOST)

    def add(self, number: int, page: Part) -> None:
        (self._front if len(self._front) < MOST else self._back).append((number, page))

    def rest_of(self, buffer: _Buffer) -> None:
        for index in range(PAGES):
            if index not in buffer.kept and index * PAGE < buffer.filled:
                self.add(buffer.number * PAGES + index, buffer.page(index))

    def parts(self) -> tuple[Part, ...]:
        """Pages that follow each other as one part."""
        pages = sorted([*self._front, *self._back], key=lambda each: each[0])
        runs = groupby(enumerate(pages), key=lambda each: each[1][0] - each[0])
        return tuple(_joined([page for _, (_, page) in run]) for _, run in runs)


def _joined(pages: list[Part]) -> Part:
    return Part(pages[0].first, b"".join(page.data for page in pages), pages[0].whole_line)
