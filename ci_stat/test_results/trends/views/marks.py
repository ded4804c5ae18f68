"""A row of values as one line of marks."""

from collections.abc import Sequence

LEGEND = "▁ lowest to █ highest of the line, _ no run"
_HEIGHTS = "▁▂▃▄▅▆▇█"


def drawn(values: Sequence[float | None]) -> str:
    """One mark a value. Equal values have the same mark; a line of equal ones is half high."""
    known = [value for value in values if value is not None]
    if not known:
        return "_" * len(values)
    low, high = min(known), max(known)
    return "".join("_" if value is None else _mark(value, low, high) for value in values)


def _mark(value: float, low: float, high: float) -> str:
    if high <= low:
        return _HEIGHTS[3]
    share = (value - low) / (high - low)
    return _HEIGHTS[min(len(_HEIGHTS) - 1, int(share * len(_HEIGHTS)))]
