"""Pictures of a chart: of any numbers, reproducible, and without output."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from ci_stat.rendering.chart import chart_png, chart_svg
from ci_stat.rendering.chart_layout import ticks
from ci_stat.rendering.chart_words import chart_table, chart_words
from ci_stat.rendering.document import Chart, plain
from tests.support.documents import charts, daily

CHART = next(block for block in daily().blocks if isinstance(block, Chart))


def _size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _chunks(png: bytes) -> list[str]:
    at, kinds = 8, []
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.append(png[at + 4 : at + 8].decode())
        at += length + 12
    return kinds


def test_a_picture_has_its_size_and_says_nothing_of_when_and_by_what() -> None:
    png = chart_png(CHART)
    assert _size(png) == (1200, 523)
    assert set(_chunks(png)) == {"IHDR", "IDAT", "IEND"}


def test_equal_charts_give_equal_bytes() -> None:
    assert chart_png(CHART) == chart_png(CHART)


@settings(max_examples=12)
@given(charts())
@example(Chart("nothing", (), "runs", (), "rate", ()))
@example(Chart("no rate", ("a",), "runs", (0,), "rate", (None,)))
def test_any_chart_can_be_drawn(chart: Chart) -> None:
    assert _size(chart_png(chart)) == (1200, 523)
    assert chart_svg(chart).endswith("</svg>")


def test_a_label_is_no_markup_and_any_character_can_be_drawn() -> None:
    chart = Chart("</svg>", ("<b>&", "日本"), '"', (1, 2), "\ufffe\uffff\0", (0.5, None))
    svg = chart_svg(chart)
    assert "&lt;b&gt;&amp;" in svg
    assert (svg.count("<b>"), svg.count("</svg>")) == (0, 1)
    assert _size(chart_png(chart)) == (1200, 523)


def test_it_is_quiet_where_no_home_can_be_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file, so not even root makes a folder in it")
    code = (
        "import sys; from tests.rendering.test_chart import CHART; "
        "from ci_stat.rendering import chart as chart_picture;"
        "assert len(chart_picture.chart_png(CHART)) > 9000; assert 'pandas' not in sys.modules"
    )
    environment = {
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ".",
    }
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    ("most", "whole", "last"),
    [
        (0, True, 4),
        (1, True, 4),
        (5, True, 8),
        (97, True, 100),
        (19_120, True, 20_000),
        (10**9, True, 10**9),
        (0, False, 1),
        (0.4, False, 1),
        (12.1, False, 16),
        (18.5, False, 20),
        (100, False, 100),
    ],
)
def test_scales_end_at_a_round_number_that_is_high_enough(
    most: float, whole: bool, last: float
) -> None:
    scale = ticks(most, whole)
    assert (scale[0], scale[-1], len(scale)) == (0, last, 5)


def test_numbers_are_written_where_they_have_room() -> None:
    assert chart_svg(CHART).count('class="count"') == 14
    many = Chart("t", tuple(map(str, range(60))), "runs", (123_456,) * 60, "rate", (0.1,) * 60)
    svg = chart_svg(many)
    assert svg.count('class="count"') == svg.count('class="rate"') == 0
    assert svg.count("<title>") == 60
    assert "<title>7: 123,456 runs, rate 10.0%</title>" in svg


def test_a_day_without_a_rate_is_a_gap() -> None:
    svg = chart_svg(CHART)
    (path,) = [line for line in svg.splitlines() if 'class="line"' in line]
    assert path.count("M") == 2
    assert svg.count("<circle") == 13 + 1  # the legend's


def test_the_same_numbers_in_words_and_as_a_table() -> None:
    chart = Chart(
        "Days", ("2021-06-15", "2021-06-16"), "runs", (1234, 0), "failure rate", (0.123, None)
    )
    assert (
        chart_words(chart) == "Days: runs, failure rate. 2021-06-15 1,234, 12.3%; 2021-06-16 0, –."
    )
    table = chart_table(chart)
    assert (table.title, table.columns) == ("Days", ("", "runs", "failure rate"))
    assert [tuple(map(plain, row)) for row in table.rows] == [
        ("2021-06-15", "1,234", "12.3%"),
        ("2021-06-16", "0", "–"),
    ]
