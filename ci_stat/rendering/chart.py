"""A chart as a picture: PNG for mail, SVG for a page, and its numbers as a table and in words beside both.

Bars and line have scales of their own that both begin at 0, with as many steps, so that one grid serves both.
"""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from ci_stat.escape import html_text
from ci_stat.rendering.document import Chart, Table, cut, text
from ci_stat.rendering.format import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEPS = 4
_MANTISSAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_WORDS = 20_000  # characters of what is said of a chart
_NAME = 24  # letters of a label or a name that are drawn
_LETTER = 0.57  # of a letter's height is its width, in most fonts; digits and signs taken together
_SLOTS = 1000  # pixels of the PNG's labels, side by side
_OFFSET: Any = {
    "textcoords": "offset points",
    "annotation_clip": False,
    "ha": "center",
    "size": 6.5,
}
BAR, BAR_INK, LINE, INK, GRID = "#b3cbff", "#245bdb", "#d83931", "#51565d", "#e3e5e8"


def chart_table(chart: Chart) -> Table:
    """The chart's numbers, a row for each label."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    cells = tuple(
        (text(label), text(f"{bar:,}"), text(percent(share))) for label, bar, share in rows
    )
    return Table(chart.title, ("", chart.bar_name, chart.line_name), cells)


def chart_words(chart: Chart) -> str:
    """All that the chart shows, for who does not see it."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    said = (f"{label} {bar:,}, {percent(share)}" for label, bar, share in rows)
    return f"{chart.title}: {chart.bar_name}, {chart.line_name}. {'; '.join(said)}."


def chart_png(chart: Chart) -> bytes:
    """1200 × 480 pixels, for about half that size on a page. Equal charts give equal bytes."""
    with _quiet():
        # It takes half a second, and most reports have no chart. Never pyplot: it holds figures and picks a display.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.style import context

        # The user's own matplotlibrc would change the picture, and `$` in a label would be a formula.
        with context(["default", {"text.parse_math": False, "font.size": 7.5}]):
            figure = Figure(figsize=(6, 2.4), dpi=200)
            FigureCanvasAgg(figure)
            left = (30 + _wide(_ticks(max(chart.bars, default=0), whole=True), 21)) / 1200
            _draw(figure.add_axes((left, 0.17, 0.93 - left, 0.72)), chart)
            held = io.BytesIO()
            figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """matplotlib warns of a home that cannot be written, and that it then looks up the fonts anew: it helps itself."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _draw(axes: "Axes", chart: Chart) -> None:
    places = range(len(chart.labels))
    bars = axes.bar(places, chart.bars, width=0.66, color=BAR, label=_drawn(chart.bar_name))
    other = axes.twinx()
    shares = [float("nan") if share is None else share * 100 for share in chart.line]
    look: dict[str, Any] = {"linewidth": 1.6, "marker": "o", "markersize": 3.6}
    # A pale line below the line: it stays visible where it crosses the bars.
    other.plot(places, shares, color="white", linewidth=3.6)
    (line,) = other.plot(
        places, shares, color=LINE, markeredgecolor="white", markeredgewidth=0.6, **look
    )
    line.set_label(_drawn(chart.line_name))
    _scale(axes, _ticks(max(chart.bars, default=0), whole=True), "{:,.0f}")
    _scale(other, _ticks(_highest(chart), whole=False), "{:g}%")
    _label(axes, chart)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for each in (axes, other):
        each.spines[:].set_visible(False)
        each.tick_params(length=0, colors=INK)
    axes.legend(
        handles=[bars, line], loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, frameon=False,
        labelcolor=INK, handlelength=1.4, borderpad=0.2,
    )  # fmt: skip
    _numbers(axes, other, chart)


def _scale(axes: "Axes", ticks: Sequence[float], form: str) -> None:
    axes.set_ylim(0, ticks[-1] * 1.08)  # the highest point's number has its place above it
    axes.set_yticks(ticks, [form.format(tick) for tick in ticks])


def _label(axes: "Axes", chart: Chart) -> None:
    shown = _shown(chart.labels, _SLOTS / max(1, len(chart.labels)), 21)
    axes.set_xticks([place for place, _ in shown], [_drawn(label) for _, label in shown])
    axes.tick_params(axis="x", pad=2)
    axes.set_xlim(-0.6, max(1, len(chart.labels)) - 0.4)


def _numbers(axes: "Axes", other: "Axes", chart: Chart) -> None:
    """Those of the bars below their labels, those of the line above its points, where they cannot meet."""
    if not _has_room(chart, _SLOTS, 18):
        return
    for place, (bar, share) in enumerate(zip(chart.bars, chart.line, strict=True)):
        axes.annotate(f"{bar:,}", (place, 0), (0, -19), color=BAR_INK, **_OFFSET)
        if share is None:
            continue
        halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
        at, away = (place, share * 100), -11 if _in_valley(chart.line, place) else 5
        other.annotate(percent(share), at, (0, away), color=LINE, bbox=halo, **_OFFSET)


def _has_room(chart: Chart, width: float, height: float) -> bool:
    """Whether numbers of this height stand side by side; otherwise they would run into each other."""
    widest = max((len(f"{bar:,}") for bar in chart.bars), default=0)
    return max(widest, len("12.3%")) * height * _LETTER * len(chart.bars) <= width


def _in_valley(line: Sequence[float | None], place: int) -> bool:
    """Whether the line rises on both sides, so that a number has more room below; not right above the axis."""
    share = line[place] or 0
    sides = [
        near
        for near in (*line[max(0, place - 1) : place], *line[place + 1 : place + 2])
        if near is not None
    ]
    return bool(sides) and share < min(sides) and share > 0.15 * max(each or 0 for each in line)


def _drawn(label: str) -> str:
    """What the picture's one font has: a letter that it lacks would be a box and a warning."""
    return cut(label, _NAME).replace("…", "...").encode("ascii", "replace").decode()


def _highest(chart: Chart) -> float:
    return max((share for share in chart.line if share is not None), default=0) * 100


def _ticks(most: float, whole: bool) -> list[float]:
    """0 and `_STEPS` steps up to at least `most`, in numbers that people like. `whole`: no fractions."""
    wanted = most / _STEPS
    power = 0.0001
    while True:
        for mantissa in _MANTISSAS:
            step = round(mantissa * power, 6)
            if step >= wanted and (step == int(step) if whole else step >= 0.25):
                return [step * number for number in range(_STEPS + 1)]
        power *= 10


def _wide(ticks: Sequence[float], height: float) -> float:
    """How wide the longest of these numbers is drawn."""
    return max(len(f"{tick:,.0f}") for tick in ticks) * height * _LETTER


def _shown(labels: Sequence[str], slot: float, height: float) -> list[tuple[int, str]]:
    """Every label, or every other, ... as the slots are wide; dates lose their year, which the report names."""
    short = [label[5:] if label[:4].isdigit() and label[4:5] == "-" else label for label in labels]
    widest = min(_NAME, max((len(label) for label in short), default=0)) * height * _LETTER
    every = max(1, ceil(widest / slot))
    return [(place, short[place]) for place in range(0, len(short), every)]


# --- SVG ---

SVG_STYLE = """\
svg{display:block;width:100%;height:auto;font-size:11px;fill:var(--faint)}
svg .bar{fill:var(--bar)}
svg .count{fill:var(--link);font-size:9px}
svg .line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .halo{fill:none;stroke:var(--card);stroke-width:5;stroke-linejoin:round;stroke-linecap:round}
svg .dot{fill:var(--line);stroke:var(--card);stroke-width:1}
svg .rate{fill:var(--line);font-size:9.5px;paint-order:stroke;stroke:var(--card);stroke-width:3px}
svg .grid{stroke:var(--border)}
svg .hit{fill:transparent}
svg .hit:hover{fill:var(--hover)}
"""


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where numbers stand in a drawing of `width` × `height`, in its own units."""

    chart: Chart
    left: float
    width: float = 560
    height: float = 244
    side: float = 36
    top: float = 34
    bottom: float = 36

    @property
    def right(self) -> float:
        return self.width - self.side

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(1, len(self.chart.labels))

    @property
    def numbered(self) -> bool:
        return _has_room(self.chart, self.right - self.left, 9)

    def x(self, place: int) -> float:
        return self.left + self.slot * (place + 0.5)

    def y(self, share: float) -> float:
        """`share`: of the scale, from 0 to 1."""
        return self.height - self.bottom - share * (self.height - self.bottom - self.top)


def chart_svg(chart: Chart) -> str:
    """An `<svg>` element that is coloured by `SVG_STYLE`."""
    bars, line = (
        _ticks(max(chart.bars, default=0), whole=True),
        _ticks(_highest(chart), whole=False),
    )
    plane = _Plane(chart, 10 + _wide(bars, 11))
    parts = [
        *_grid(plane, bars, line), *_bars(plane, bars[-1]), *_line(plane, line[-1]), *_axis(plane), *_legend(plane),
        *_tips(plane),
    ]  # fmt: skip
    return (
        f'<svg viewBox="0 0 {plane.width:g} {plane.height:g}" role="img" '
        f'aria-label="{html_text(chart_words(chart), _WORDS)}">\n' + "\n".join(parts) + "\n</svg>"
    )


def _at(x: float, y: float, words: str, anchor: str = "middle", mark: str = "") -> str:
    kind = f' class="{mark}"' if mark else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{html_text(words)}</text>'


def _grid(plane: _Plane, bars: Sequence[float], line: Sequence[float]) -> Iterator[str]:
    left, right = plane.left, plane.right
    for number, (bar, share) in enumerate(zip(bars, line, strict=True)):
        y = plane.y(number / _STEPS)
        yield f'<path class="grid" d="M{left:g} {y:.1f}H{right:g}"/>'
        yield _at(left - 6, y + 4, f"{bar:,.0f}", "end")
        yield _at(right + 6, y + 4, f"{share:g}%", "start")


def _bars(plane: _Plane, top: float) -> Iterator[str]:
    wide = plane.slot * 0.66
    for place, bar in enumerate(plane.chart.bars):
        x, y = plane.x(place), plane.y(bar / top)
        area = (
            f'x="{x - wide / 2:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{plane.y(0) - y:.1f}"'
        )
        yield f'<rect class="bar" {area}/>'
        if plane.numbered:
            yield _at(x, plane.height - 4, f"{bar:,}", mark="count")


def _line(plane: _Plane, top: float) -> Iterator[str]:
    """The line has a gap where there is no value."""
    shares = [None if share is None else (share * 100) / top for share in plane.chart.line]
    points = [
        None if share is None else (plane.x(at), plane.y(share)) for at, share in enumerate(shares)
    ]
    moves = ("M" if at == 0 or points[at - 1] is None else "L" for at in range(len(points)))
    path = "".join(
        f"{move}{p[0]:.1f} {p[1]:.1f}" for move, p in zip(moves, points, strict=True) if p
    )
    if path:
        yield f'<path class="halo" d="{path}"/>\n<path class="line" d="{path}"/>'
    for at, (point, share) in enumerate(zip(points, plane.chart.line, strict=True)):
        if point is None:
            continue
        yield f'<circle class="dot" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3.5"/>'
        if plane.numbered:
            away = 15 if _in_valley(plane.chart.line, at) else -7
            yield _at(point[0], point[1] + away, percent(share), mark="rate")


def _axis(plane: _Plane) -> Iterator[str]:
    for place, label in _shown(plane.chart.labels, plane.slot, 11):
        yield _at(plane.x(place), plane.height - 20, cut(label, _NAME))


def _legend(plane: _Plane) -> Iterator[str]:
    """Each name stands over its own scale."""
    yield f'<rect class="bar" x="{plane.left:g}" y="3" width="10" height="10"/>'
    yield _at(plane.left + 16, 12, cut(plane.chart.bar_name, _NAME), "start")
    yield f'<circle class="dot" cx="{plane.right - 4:g}" cy="8" r="4"/>'
    yield _at(plane.right - 14, 12, cut(plane.chart.line_name, _NAME), "end")


def _tips(plane: _Plane) -> Iterator[str]:
    """Over each slot an area that says its numbers when it is pointed at."""
    chart, high = plane.chart, plane.y(0) - plane.top
    for place, (label, bar, share) in enumerate(
        zip(chart.labels, chart.bars, chart.line, strict=True)
    ):
        said = f"{label}: {bar:,} {chart.bar_name}, {chart.line_name} {percent(share)}"
        x = plane.x(place) - plane.slot / 2
        area = f'x="{x:.1f}" y="{plane.top:g}" width="{plane.slot:.1f}" height="{high:.1f}"'
        yield f'<rect class="hit" {area}><title>{html_text(said)}</title></rect>'
