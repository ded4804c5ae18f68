"""The badge: its colour, its text, its picture."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from ci_stat.test_results.model import Counts
from ci_stat.test_results.publishing.badge import GREEN, GREY, RED, YELLOW, badge_of, svg
from tests.support.golden import Golden

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("passed", "failed", "message", "color"),
    [
        (10, 0, "100% passed", GREEN),
        (9_999, 1, "99.9% passed", GREEN),
        (99_999, 1, "99.9% passed", GREEN),  # never rounded up to a run without failures
        (95, 5, "95% passed", GREEN),
        (9_499, 501, "94.9% passed", YELLOW),
        (94_999, 5_001, "94.9% passed", YELLOW),
        (80, 20, "80% passed", YELLOW),
        (799, 201, "79.9% passed", RED),
        (0, 3, "0% passed", RED),
        (0, 0, "no data", GREY),
    ],
)
def test_color_and_message(passed: int, failed: int, message: str, color: str) -> None:
    counts = Counts(passed + failed + 5, passed=passed, failed=failed, skipped=5)
    badge = badge_of("tests", counts, NOW, NOW, WEEK)
    assert (badge.message, badge.color) == (message, color)


def test_old_and_missing_data_are_grey() -> None:
    old = badge_of("tests", Counts(1, passed=1), NOW - WEEK - timedelta(seconds=1), NOW, WEEK)
    assert (old.message, old.color) == ("no data since 2026-11-23", GREY)
    assert badge_of("tests", None, None, NOW, WEEK).message == "no data"


@pytest.mark.parametrize("label", ["tests", "<script>&\"'\0\x1b", "測試 ✓", "", "x" * 500])
def test_the_picture_is_valid_and_readable(label: str) -> None:
    picture = svg(badge_of(label, Counts(1, passed=1), NOW, NOW, WEEK))
    root = ElementTree.fromstring(picture)  # our own
    title = root.find("{http://www.w3.org/2000/svg}title")
    words = "" if title is None else title.text or ""
    assert words == root.get("aria-label")
    assert words.endswith(": 100% passed")
    assert len(picture) < 2_500


def test_the_whole_picture(golden: Golden) -> None:
    golden.check("publish_badge.svg", svg(badge_of("tests", Counts(3, passed=3), NOW, NOW, WEEK)))


@pytest.mark.parametrize("color", [GREEN, YELLOW, RED, GREY, "#444444"])
def test_white_text_can_be_read_on_each_color(color: str) -> None:
    """WCAG's contrast; 4.5 is its level AA, less than 4 is hard to read."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4
