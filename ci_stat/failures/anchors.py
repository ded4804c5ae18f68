"""Search many literals at once: the first filter of the scanner, before any rule is tried.

A hot path: measured by `benchmarks/logs.py`.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

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
GROUP = 20  # literals per search: 12 run at about 10 GB/s, 32 at less than 2


class Anchors:
    """Literals that are searched in one pass over the text."""

    def __init__(self, literals: Iterable[str]) -> None:
        self.literals = tuple(sorted(set(literals)))
        self._skips = [int(literal.startswith("\n")) for literal in self.literals]

        holders: dict[str, list[tuple[int, int, bytes]]] = {}
        for index, literal in enumerate(self.literals):
            fragment = next((text for text in FRAGMENTS if text in literal), literal)
            before = len(literal[: literal.index(fragment)].encode())
            holders.setdefault(fragment, []).append((index, before, literal.encode()))

        # One search reports only one of two overlapping matches, so fragments that can overlap go
        # into different searches.
        self._searches = [
            (_search(group), [holders[fragment] for fragment in group])
            for group in _groups(sorted(holders))
        ]

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """Return (offset, index of the literal) of every literal, in no order.

        The line end that a literal begins with belongs to the line before: the offset is behind it.
        """
        matches = []
        for search, holders in self._searches:
            for fragment, begin, _ in search.find_matches_as_indexes(data):
                for index, before, literal in holders[fragment]:
                    if begin >= before and data.startswith(literal, begin - before):
                        matches.append((begin - before + self._skips[index], index))
        return matches


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
