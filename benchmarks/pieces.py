"""Print the pieces of anchors for `ci_stat/failures/scanning/pieces.py`.

usage: python -m benchmarks.pieces

A piece is worth more the more anchors share it and the rarer it is, both in the logs of
`../shared/real`, which are not part of the project, and in those that the benchmarks generate.
"""

import random
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.extraction import examples
from benchmarks.log_data import SEED, write, write_kinds
from ci_stat.failures.commands.sections import ANCHORS
from ci_stat.failures.rules import anchors_of, builtin
from ci_stat.failures.scanning.pieces import LONGEST

SHORTEST = 5
LOGS, PART = 250, 20_000  # real logs, and bytes of each
GENERATED = 300_000  # bytes of each generated log
COST = 40  # a further piece slows down a search as much as so many matches


def main() -> None:
    anchors = sorted(anchors_of(builtin()) | set(ANCHORS))
    for piece in chosen([anchor for anchor in anchors if len(anchor.encode()) > LONGEST]):
        print(repr(piece))


def chosen(anchors: list[str]) -> list[str]:
    """Return pieces so that each anchor contains one, the best first."""
    holders = _holders(anchors)
    counts = _counts(frozenset(holders))
    left = set(anchors)
    pieces: list[str] = []

    def worth(piece: str) -> tuple[float, int, str]:
        return len(holders[piece] & left) / (counts[piece] + COST), len(piece), piece

    while left:
        best = max(holders, key=worth)
        pieces.append(best)
        left -= holders.pop(best)
    return pieces


def _holders(anchors: list[str]) -> dict[str, set[str]]:
    """Return the anchors that contain each possible piece."""
    holders: dict[str, set[str]] = {}
    for anchor in anchors:
        for begin in range(len(anchor)):
            for end in range(begin + 1, len(anchor) + 1):
                piece = anchor[begin:end]
                if SHORTEST <= len(piece.encode()) <= LONGEST:
                    holders.setdefault(piece, set()).add(anchor)
    return holders


def _counts(pieces: frozenset[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in _sample():
        for size in range(1, LONGEST + 1):
            windows = (text[begin : begin + size] for begin in range(len(text) - size + 1))
            counts.update(window for window in windows if window in pieces)
    return counts


def _sample() -> list[str]:
    rng = random.Random(SEED)
    texts: list[str] = []
    for example in rng.sample(list(examples("lc")), LOGS):
        begin = rng.randrange(max(1, len(example["log"]) - PART))
        texts.append(example["log"][begin : begin + PART])

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), 1)
        write_kinds(Path(folder), GENERATED)
        texts += [path.read_text()[:GENERATED] for path in sorted(Path(folder).iterdir())]
    return texts


if __name__ == "__main__":
    main()
