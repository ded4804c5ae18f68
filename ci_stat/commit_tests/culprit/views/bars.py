"""Beliefs as bars: of single suspects, and of a whole range as a strip."""

from collections.abc import Sequence
from itertools import pairwise

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"


def bar(share: float, cells: int) -> str:
    """A bar in so many cells, which a share of 1 fills; a sliver for the least share above 0."""
    eighths = max(round(share * cells * 8), int(share > 0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(cells)


def strip(shares: Sequence[float], cells: int) -> str:
    """The shares of a range from left to right, as heights; several suspects share a cell."""
    count = min(cells, len(shares))
    bounds = [len(shares) * cell // count for cell in range(count + 1)]
    sums = [sum(shares[begin:end]) for begin, end in pairwise(bounds)]
    highest = max(sums) or 1.0
    return "".join(_LEVELS[round(value / highest * (len(_LEVELS) - 1))] for value in sums)
