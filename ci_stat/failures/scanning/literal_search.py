"""Two engines that search many literals at once: Hyperscan, and Aho-Corasick where it is missing.

Both find the same; a property test compares them. A hot path: measured by `benchmarks/logs.py`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, Protocol

from ci_stat.failures.scanning.pieces import LONGEST, PIECES

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

# Short fragments of the anchors: common to many anchors and rare in the ordinary output of servers
# and build tools. Only where a fragment matches are the anchors that contain it compared. An
# anchor without a fragment is searched as a whole.
FRAGMENTS = (
    *("ailed", "not ", "ror ", "ilur", "FAIL", "exit", "the ", "ror:", "signal", "Excep"),
    *(" out", "ld: ", "Erro", "ked ", " ERR", "java.", "defi", "error", "check)", " wen"),
    *("Kill", "has ", " ***", "ake ", "styl", "The ", "e to", "red ", "ment", "--- S"),
    *(" Gat", "gePu", " refo", "ere w", "IMEO", " faili", "ceba", "fata", "NING:"),
    *("ceede", " std", "iff ", "ed a", "found ", "cess ", "Fail", "s to ", "vice", " bui"),
)
_LONG_TEXT = 1 << 15  # bytes of a text from which on searching for pieces first is faster
GROUP = 20  # literals per search: 12 run at about 10 GB/s, 32 at less than 2

Match = tuple[int, int]  # offset, index of the literal
Text = bytes | memoryview


class Engine(Protocol):
    """Searches literals, which are given by index."""

    def find(self, data: Text) -> list[Match]:
        """Return every occurrence of every literal, in no order."""

    def some(self, data: Text, most: int) -> list[Match]:
        """Return up to about `most` occurrences: enough to see that there are more."""

    def present(self, data: Text) -> set[int]:
        """Return the literals that occur."""


def engine(literals: Sequence[bytes]) -> Engine:
    """Return the fastest engine that works on this machine."""
    try:
        return HyperscanEngine(literals)
    except (ImportError, RuntimeError):
        return FragmentEngine(literals)


class HyperscanEngine:
    """All literals in one pass. Raises ImportError or RuntimeError where it does not work."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        import hyperscan  # slow to import; not for every command

        self._literals = literals
        self._lengths = list(map(len, literals))
        self._stopped: type[Exception] = hyperscan.ScanTerminated
        self._new_room = hyperscan.Scratch
        self._single_match = hyperscan.HS_FLAG_SINGLEMATCH
        self._once: Any = None
        self._pieces: Any = None
        self._reach = max(self._lengths, default=0)
        self._rooms = threading.local()
        try:
            self._all = _database(literals, 0)
        except hyperscan.error as error:  # a processor that it does not know
            raise RuntimeError("Hyperscan does not work here") from error

    def find(self, data: Text) -> list[Match]:
        matches: list[Match] = []
        lengths, append = self._lengths, matches.append

        def add(index: int, _begin: int, end: int, _flags: int, _context: object) -> None:
            append((end - lengths[index], index))

        self._scan(self._all, data, add)
        return matches

    def some(self, data: Text, most: int) -> list[Match]:
        if len(data) < _LONG_TEXT:
            return self._first_matches(data, most)

        if self._pieces is None:  # few logs are long
            self._pieces = _database(pieces(self._literals), 0)
        ends = [end for end, _ in self._first(self._pieces, data, most)]
        if len(ends) >= most:
            return self._first_matches(data, most)
        return list(self._around(data, ends))[:most]

    def _first_matches(self, data: Text, most: int) -> list[Match]:
        first = self._first(self._all, data, most)
        return [(end - self._lengths[index], index) for end, index in first]

    def _first(self, database: Any, data: Text, most: int) -> list[Match]:
        """Return the first matches of a database, each with its end."""
        matches: list[Match] = []
        append = matches.append

        def add(index: int, _begin: int, end: int, _flags: int, _context: object) -> bool:
            append((end, index))
            return len(matches) >= most

        with suppress(self._stopped):
            self._scan(database, data, add)
        return matches

    def _around(self, data: Text, ends: Iterable[int]) -> set[Match]:
        """Return the occurrences of literals around the ends of pieces of them."""
        matches: set[Match] = set()
        for end in ends:
            begin = max(0, end - self._reach)
            near = self.find(data[begin : end + self._reach])
            matches.update((begin + offset, index) for offset, index in near)
        return matches

    def present(self, data: Text) -> set[int]:
        if self._once is None:  # few logs need it, and compiling takes 0.1 s
            self._once = _database(self._literals, self._single_match)
        literals: set[int] = set()

        def add(index: int, _begin: int, _end: int, _flags: int, _context: object) -> None:
            literals.add(index)

        self._scan(self._once, data, add)
        return literals

    def _scan(self, database: Any, data: Text, add: Callable[..., bool | None]) -> None:
        """Search with the room to work in that each thread needs for itself."""
        rooms, key = self._rooms.__dict__, str(id(database))
        room = rooms.get(key)
        if room is None:
            room = rooms[key] = self._new_room(database)
        database.scan([data], match_event_handler=add, scratch=room)


def pieces(literals: Iterable[bytes]) -> list[bytes]:
    """Return texts to search first: each literal contains one of them."""
    chosen: set[bytes] = set()
    for literal in literals:
        text = literal.decode()
        piece = next((piece for piece in PIECES if piece in text), text)
        chosen.add(literal if len(literal) <= LONGEST else piece.encode())
    return sorted(chosen)


def _database(literals: Sequence[bytes], flag: int) -> Any:
    import hyperscan

    # As fast as the mode for single texts, and compiled with a tenth of the memory and time.
    database = hyperscan.Database(mode=hyperscan.HS_MODE_VECTORED)
    count = len(literals)
    database.compile(
        expressions=[_quoted(literal) for literal in literals],
        ids=list(range(count)),
        elements=count,
        flags=[flag] * count,
    )
    return database


def _quoted(literal: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in literal)


class FragmentEngine:
    """Several passes of Aho-Corasick, each over a few fragments of the literals."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        holders: dict[str, list[tuple[int, int, bytes]]] = {}
        for index, literal in enumerate(literals):
            text = literal.decode()
            fragment = next((part for part in FRAGMENTS if part in text), text)
            holders.setdefault(fragment, []).append(
                (index, literal.index(fragment.encode()), literal)
            )

        # One search reports only one of two overlapping matches, so fragments that can overlap go
        # into different searches.
        self._searches = [
            (_search(group), [holders[fragment] for fragment in group])
            for group in _groups(sorted(holders))
        ]

    def find(self, data: Text) -> list[Match]:
        return list(self._matches(bytes(data)))

    def some(self, data: Text, most: int) -> list[Match]:
        return list(islice(self._matches(bytes(data)), most))

    def present(self, data: Text) -> set[int]:
        data = bytes(data)
        literals: set[int] = set()
        for search, holders in self._searches:
            fragments = {fragment for fragment, _, _ in search.find_matches_as_indexes(data)}
            for fragment in fragments:
                literals.update(index for index, _, literal in holders[fragment] if literal in data)
        return literals

    def _matches(self, data: bytes) -> Iterator[Match]:
        for search, holders in self._searches:
            for fragment, begin, _ in search.find_matches_as_indexes(data):
                for index, before, literal in holders[fragment]:
                    if begin >= before and data.startswith(literal, begin - before):
                        yield begin - before, index


def _search(fragments: Sequence[str]) -> "BytesAhoCorasick":
    from ahocorasick_rs import BytesAhoCorasick, MatchKind  # slow to import; not for every command

    # Only with leftmost matches may the library use vector instructions, which are many times
    # faster.
    return BytesAhoCorasick(
        [fragment.encode() for fragment in fragments], matchkind=MatchKind.LeftmostLongest
    )


def _groups(fragments: Sequence[str]) -> list[list[str]]:
    """Divide fragments into groups of about `GROUP` in which no match can hide another.

    Equal first letters go into different groups: the library searches for a few first letters one
    by one, which is slow.
    """
    collisions = _collisions(fragments)
    groups: list[list[str]] = [[] for _ in range(-(-len(fragments) // GROUP))]

    # Fragments with many collisions go first, while there is room.
    for fragment in sorted(fragments, key=lambda text: (-len(collisions[text]), text)):
        free = [group for group in groups if collisions[fragment].isdisjoint(group)]
        if free:
            _best_group(free, fragment).append(fragment)
        else:
            groups.append([fragment])
    return groups


def _best_group(groups: list[list[str]], fragment: str) -> list[str]:
    def cost(group: list[str]) -> tuple[int, int]:
        return sum(text[0] == fragment[0] for text in group), len(group)

    return min(groups, key=cost)


def _collisions(fragments: Sequence[str]) -> dict[str, set[str]]:
    """Return for each fragment the others that can overlap with it in a text."""
    begins = {text: frozenset(text[:end] for end in range(1, len(text) + 1)) for text in fragments}
    ends = {text: frozenset(text[start:] for start in range(len(text))) for text in fragments}

    collisions: dict[str, set[str]] = {text: set() for text in fragments}
    for one, two in combinations(fragments, 2):
        contained = one in two or two in one
        overlap = not (begins[one].isdisjoint(ends[two]) and begins[two].isdisjoint(ends[one]))
        if contained or overlap:
            collisions[one].add(two)
            collisions[two].add(one)
    return collisions
