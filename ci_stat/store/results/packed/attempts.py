"""Attempts of a file, packed into rows of `test_attempts`.

A row has the attempts of up to 256 cases with neighbouring ids: a run of 100,000 tests needs 400
rows. A long file is written in chunks with rows of their own, so that memory and rows stay small.
"""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import sub
from typing import NamedTuple

from ci_stat.store.damage import stored_value
from ci_stat.store.results.packed.packing import pack, unpack_lists

BLOCK_BITS = 8
CHUNK = 1 << 17  # attempts; the rows of a file depend on it
_OUTCOME, _TIMED = 3, 4  # bits of the flags
_OFFSET = (1 << BLOCK_BITS) - 1

PackedRow = tuple[int, int, str, bytes]
"""Block, first position, words, packed columns."""


class Attempt(NamedTuple):
    """One attempt. `outcome`: its code; `duration`: microseconds or None; `message_id`: or None."""

    run_id: int
    file_id: int
    position: int
    case_id: int
    outcome: int
    word: str
    duration: int | None
    message_id: int | None


class Columns:
    """Attempts of a file in their order, from the position `first` on."""

    __slots__ = ("cases", "durations", "first", "messages", "outcomes", "words")

    def __init__(self, first: int) -> None:
        self.first = first
        self.cases: list[int] = []
        self.outcomes: list[int] = []
        self.words: list[str] = []
        self.durations: list[int | None] = []
        self.messages: list[int | None] = []

    def __len__(self) -> int:
        return len(self.cases)

    def extend(self, later: "Columns") -> None:
        """Add the attempts that follow."""
        self.cases += later.cases
        self.outcomes += later.outcomes
        self.words += later.words
        self.durations += later.durations
        self.messages += later.messages


def block_of(case_id: int) -> int:
    return case_id >> BLOCK_BITS


def pack_attempts(columns: Columns) -> Iterator[PackedRow]:
    """Yield one row for each block."""
    blocks = [case >> BLOCK_BITS for case in columns.cases]
    order = sorted(range(len(blocks)), key=blocks.__getitem__)  # stable: by position in a block
    for block, places in groupby(order, key=blocks.__getitem__):
        yield _packed_block(columns, block, list(places))


def _packed_block(columns: Columns, block: int, places: Sequence[int]) -> PackedRow:
    words = [columns.words[place] for place in places]
    durations = [columns.durations[place] for place in places]
    flags = [
        columns.outcomes[place] if duration is None else columns.outcomes[place] | _TIMED
        for place, duration in zip(places, durations, strict=True)
    ]
    codes = {word: code for code, word in enumerate(dict.fromkeys(words))}
    packed = pack(
        (
            [columns.cases[place] & _OFFSET for place in places],
            list(map(sub, places, [places[0], *places[:-1]])),
            flags,
            [codes[word] for word in words],
            [duration or 0 for duration in durations],
            [columns.messages[place] or 0 for place in places],
        )
    )
    first = columns.first + places[0]
    return block, first, json.dumps(list(codes), ensure_ascii=False), packed


def unpack_attempts(
    run_id: int, file_id: int, row: PackedRow, wanted: Container[int] | None = None
) -> Iterator[Attempt]:
    """Yield the attempts of a row by their position; of the cases in `wanted`, if given.

    Raises DatabaseError.
    """
    block, first, words, packed = row
    begin = block << BLOCK_BITS
    with stored_value("packed attempts in the results database"):
        texts = json.loads(words)
        offsets, steps, flags, codes, durations, messages = unpack_lists(packed)
        places: Iterable[int] = range(len(offsets))
        if wanted is not None:
            places = [place for place, offset in enumerate(offsets) if begin + offset in wanted]
        positions = list(accumulate(steps)) if places else []
        for place in places:
            is_timed = flags[place] & _TIMED
            yield Attempt(
                run_id,
                file_id,
                first + positions[place],
                begin + offsets[place],
                flags[place] & _OUTCOME,
                texts[codes[place]],
                durations[place] if is_timed else None,
                messages[place] or None,
            )


def cases_of(block: int, packed: bytes) -> set[int]:
    """Return the cases of a row. Raises DatabaseError."""
    begin = block << BLOCK_BITS
    return {begin + offset for offset in unpack_lists(packed)[0]}
