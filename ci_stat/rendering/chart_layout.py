"""The layout of a chart: coordinates from which one template draws pages and pictures.

Bars and line have their own scales. Both begin at 0 and have the same number of steps, so they
share one grid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from ci_stat.rendering.document import Chart, cut
from ci_stat.rendering.format import percent

WIDTH, HEIGHT = 560, 244  # in the drawing's own units
_SIDE, _TOP, _BOTTOM = 36, 34, 36
_BASE = HEIGHT - _BOTTOM
_RIGHT = WIDTH - _SIDE

_STEPS = 4
_MANTISSAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

_NAME = 24  # characters of a label or a name that are drawn
_LETTER = 0.57  # width of a letter as a share of its height, in most fonts
_LABEL_HEIGHT, _NUMBER_HEIGHT = 11, 9


@dataclass(frozen=True, slots=True)
class GridLine:
    """A horizontal line, with its value on each of the two scales."""

    y: float
    bar: str
    share: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A column: its bar, the texts below it, and `tip`, which the mouse shows."""

    left: float
    middle: float
    bar_left: float
    bar_width: float
    bar_top: float
    count: str
    label: str
    tip: str


@dataclass(frozen=True, slots=True)
class Point:
    """A value of the line. `rate_y`: height of its number."""

    x: float
    y: float
    rate: str
    rate_y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The input of the template `chart.svg`, which does not draw empty texts."""

    left: float
    right: float
    top: float
    base: float
    slot: float
    bar_name: str
    line_name: str
    grid: tuple[GridLine, ...]
    bars: tuple[Bar, ...]
    path: str
    points: tuple[Point, ...]


def layout_of(chart: Chart) -> Layout:
    """The coordinates of all parts of `chart`."""
    bar_ticks = ticks(max(chart.bars, default=0), whole=True)
    share_ticks = ticks(_highest(chart) * 100, whole=False)
    left = 10 + _widest(f"{tick:,.0f}" for tick in bar_ticks) * _LABEL_HEIGHT * _LETTER
    slot = (_RIGHT - left) / max(1, len(chart.labels))
    numbered = _has_room(chart, _RIGHT - left)
    points = list(_points(chart, left, slot, share_ticks[-1], numbered))
    return Layout(
        left=left,
        right=_RIGHT,
        top=_TOP,
        base=_BASE,
        slot=slot,
        bar_name=cut(chart.bar_name, _NAME),
        line_name=cut(chart.line_name, _NAME),
        grid=tuple(_grid(bar_ticks, share_ticks)),
        bars=tuple(_bars(chart, left, slot, bar_ticks[-1], numbered)),
        path=_path(points),
        points=tuple(point for point in points if point is not None),
    )


def ticks(most: float, whole: bool) -> list[float]:
    """0 and four steps to `most` or more, in round numbers. `whole`: without fractions."""
    least = most / _STEPS
    power = 0.0001
    while True:
        for mantissa in _MANTISSAS:
            step = round(mantissa * power, 6)
            is_round = step == int(step) if whole else step >= 0.25
            if is_round and step >= least:
                return [step * number for number in range(_STEPS + 1)]
        power *= 10


def _y(part: float) -> float:
    """The height of a value that is this part of its scale, 0 to 1."""
    return _BASE - part * (_BASE - _TOP)


def _highest(chart: Chart) -> float:
    return max(filter(None, chart.line), default=0)


def _widest(words: Iterator[str]) -> int:
    return max(map(len, words), default=0)


def _has_room(chart: Chart, width: float) -> bool:
    """Whether the numbers fit side by side."""
    widest = max(_widest(f"{bar:,}" for bar in chart.bars), len("12.3%"))
    return widest * _NUMBER_HEIGHT * _LETTER * len(chart.bars) <= width


def _grid(bar_ticks: Sequence[float], share_ticks: Sequence[float]) -> Iterator[GridLine]:
    for number, (bar, share) in enumerate(zip(bar_ticks, share_ticks, strict=True)):
        yield GridLine(_y(number / _STEPS), f"{bar:,.0f}", f"{share:g}%")


def _bars(chart: Chart, left: float, slot: float, highest: float, numbered: bool) -> Iterator[Bar]:
    labels = _shown_labels(chart.labels, slot)
    width = slot * 0.66
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    for place, (label, bar, share) in enumerate(rows):
        middle = left + slot * (place + 0.5)
        yield Bar(
            left=middle - slot / 2,
            middle=middle,
            bar_left=middle - width / 2,
            bar_width=width,
            bar_top=_y(bar / highest),
            count=f"{bar:,}" if numbered else "",
            label=labels.get(place, ""),
            tip=f"{label}: {bar:,} {chart.bar_name}, {chart.line_name} {percent(share)}",
        )


def _shown_labels(labels: Sequence[str], slot: float) -> dict[int, str]:
    """All labels, or each second, third, ... as the slots allow; dates without their year."""
    short = [_without_year(label) for label in labels]
    widest = min(_NAME, _widest(iter(short))) * _LABEL_HEIGHT * _LETTER
    every = max(1, ceil(widest / slot))
    return {place: cut(short[place], _NAME) for place in range(0, len(short), every)}


def _without_year(label: str) -> str:
    is_date = label[:4].isdigit() and label[4:5] == "-"
    return label[5:] if is_date else label


def _points(
    chart: Chart, left: float, slot: float, highest: float, numbered: bool
) -> Iterator[Point | None]:
    for place, share in enumerate(chart.line):
        if share is None:
            yield None
            continue
        y = _y(share * 100 / highest)
        below = _in_valley(chart.line, place)
        rate = percent(share) if numbered else ""
        yield Point(left + slot * (place + 0.5), y, rate, y + (15 if below else -7))


def _in_valley(line: Sequence[float | None], place: int) -> bool:
    """Whether the line rises on both sides, so that a number has more room below it.

    Directly above the axis there is no room.
    """
    share = line[place] or 0
    neighbours = (*line[max(0, place - 1) : place], *line[place + 1 : place + 2])
    sides = [side for side in neighbours if side is not None]
    axis_height = 0.15 * max(filter(None, line), default=0)
    return bool(sides) and axis_height < share < min(sides)


def _path(points: Sequence[Point | None]) -> str:
    """The line as an SVG path, with a gap for each missing value."""
    path, move = "", "M"
    for point in points:
        if point is None:
            move = "M"
            continue
        path += f"{move}{point.x:.1f} {point.y:.1f}"
        move = "L"
    return path
