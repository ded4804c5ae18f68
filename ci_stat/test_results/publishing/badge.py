"""Pure: a badge as SVG, as shields.io draws it, with a text for screen readers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from ci_stat.escape import visible
from ci_stat.test_results.gates.model import Level, Verdict
from ci_stat.test_results.model import Counts

GREEN, YELLOW, RED, GREY = "#3c8f2e", "#946b00", "#c43a31", "#6b6b6b"
_GREEN_FROM, _YELLOW_FROM = 0.95, 0.80
_MAX_LABEL = 60  # characters
_WIDE = frozenset("mwMW@%")
_NARROW = frozenset("iljtfrI.,:;|! '()[]1")


@dataclass(frozen=True, slots=True)
class Badge:
    """`color`: of the right half."""

    label: str
    message: str
    color: str


def must_pass_counts(verdict: Verdict) -> Counts:
    """The counts of the tests that must pass."""
    for counts in verdict.counts:
        if counts.level is Level.MUST_PASS:
            return Counts(counts.tests, passed=counts.passed, failed=counts.failed)
    return Counts()


def badge_of(
    label: str, counts: Counts | None, started: datetime | None, now: datetime, stale: timedelta
) -> Badge:
    """The badge of the tests that must pass.

    `counts`: of these tests; None for no data. `started`: of their run; after `stale` the badge
    says only since when there is no data.
    """
    label = visible(label, _MAX_LABEL) or "tests"
    finished = counts.passed + counts.failed + counts.errors if counts else 0
    if counts is None or not finished:
        return Badge(label, "no data", GREY)
    if started is not None and now - started > stale:
        return Badge(label, f"no data since {started:%Y-%m-%d}", GREY)
    return Badge(
        label, f"{_percent(counts.passed, finished)} passed", _color(counts.passed, finished)
    )


def _percent(passed: int, finished: int) -> str:
    """Rounded down, so that only a run without failures has 100 %."""
    tenths = passed * 1000 // finished
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


def _color(passed: int, finished: int) -> str:
    share = passed / finished
    if share >= _GREEN_FROM:
        return GREEN
    return YELLOW if share >= _YELLOW_FROM else RED


def svg(badge: Badge) -> str:
    """The picture. White text on each of the colours has a contrast of at least 4 to 1."""
    left, right = _width(badge.label), _width(badge.message)
    width = left + right
    label, message = escape(badge.label), escape(badge.message)
    title = f"{label}: {message}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20"'
        f' role="img" aria-label="{title}">\n'
        f"  <title>{title}</title>\n"
        f'  <clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>\n'
        f'  <g clip-path="url(#round)">\n'
        f'    <rect width="{left}" height="20" fill="#444"/>\n'
        f'    <rect x="{left}" width="{right}" height="20" fill="{badge.color}"/>\n'
        f"  </g>\n"
        f'  <g fill="#fff" text-anchor="middle" font-size="11"'
        f' font-family="Verdana,Geneva,DejaVu Sans,sans-serif">\n'
        f'    <text x="{left / 2:g}" y="14" textLength="{left - 12}">{label}</text>\n'
        f'    <text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{message}</text>\n'
        f"  </g>\n"
        f"</svg>\n"
    )


def _width(text: str) -> int:
    """About the width of a text in pixels at this size, and a margin on each side."""
    return 12 + round(sum(map(_advance, text)))


def _advance(character: str) -> float:
    if character in _WIDE:
        return 10.0
    if character in _NARROW:
        return 4.5
    return 12.0 if ord(character) > 0x2E80 else 7.2
