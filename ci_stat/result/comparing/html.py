"""What a notebook shows of a comparison, and of what is flaky. All texts are escaped."""

from typing import TYPE_CHECKING, Any

from ci_stat.html_templates import templates
from ci_stat.statistics.intervals import Interval

if TYPE_CHECKING:
    from ci_stat.result.comparing.comparison import Comparison
    from ci_stat.result.flakiness.model import Flakiness

_ROWS = 10
_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"
_BAD, _GOOD, _FAINT = "#cf222e", "#1a7f37", "#57606a"
_COLORS = {
    **dict.fromkeys(("new", "worse", "slower"), _BAD),
    **dict.fromkeys(("gone", "better", "faster"), _GOOD),
}


def comparison_html(comparison: "Comparison") -> str:
    """The totals, and the largest changes of failures, jobs and durations."""
    return _render("comparison.html", comparison=comparison, most=_ROWS, color=_color)


def flakiness_html(flakiness: "Flakiness") -> str:
    """The sum, the surest flaky failures, machines and jobs."""
    return _render("flakiness.html", flakiness=flakiness, most=_ROWS, color=_color)


def _color(change: str, by_chance: bool) -> str:
    return _FAINT if by_chance else _COLORS.get(change, _FAINT)


def _render(template: str, **values: Any) -> str:
    page = templates("ci_stat.result").get_template(template)
    return page.render(values, cell_style=_CELL, shares=_shares, points=_points, minutes=_minutes)


def _shares(interval: Interval) -> str:
    return f"{100 * interval.low:.1f}–{interval.high:.1%}"


def _points(difference: float | None) -> str:
    """Percentage points; a dash for None."""
    return "–" if difference is None else f"{round(100 * difference, 1) + 0.0:+.1f}"


def _minutes(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes}m {seconds:02d}s" if minutes else f"{seconds}s"
