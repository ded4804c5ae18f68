"""Frames and HTML: what a notebook sees."""

import re
from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ci_stat.html_templates import of_digits
from ci_stat.result.frames import zoned
from tests.support.results import result
from tests.support.rows import history, pull, row

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'><img src=x onerror=y>"


def test_runs_frame_has_zone_aware_times_and_categories() -> None:
    frame = result(history("P F A") + history("F", job="nightly", pr=None, first=9)).to_frame()
    assert len(frame) == 4
    assert str(frame["time"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert str(frame["status"].dtype) == str(frame["repo"].dtype) == "category"
    assert frame["duration"].dtype == frame["pr_number"].dtype == pd.Int64Dtype()
    assert frame["pr_number"].isna().tolist() == [False, False, False, True]
    assert frame.attrs["window"] == "[2021-06-19 00:00:00, 2021-06-20 00:00:00) Asia/Shanghai"
    assert frame.attrs["rows"] == 4
    assert frame["status"].value_counts().to_dict() == {"FAILURE": 2, "SUCCESS": 1, "ABORTED": 1}


def test_frames_of_jobs_prs_and_failures() -> None:
    rows = [
        *history("P F F"),
        row("check", 1, "FAILURE", pr=8, analysis_res={"case": ["a_test.go:S.T"]}),
    ]
    res = result(rows)
    assert res.jobs_frame()[
        ["job_name", "total_cnt", "fail_cnt", "rerun_cnt", "prs"]
    ].values.tolist() == [
        ["unit", 3, 2, 2, 1],
        ["check", 1, 1, 0, 1],
    ]
    assert res.prs_frame()[["pr_number", "fail_cnt", "title"]].values.tolist() == [
        [7, 2, "title 7"],
        [8, 1, "title 8"],
    ]
    assert res.failures_frame()[["case", "kind", "job_name", "pr_number"]].values.tolist() == [
        ["S.T", "case", "check", 8]
    ]


def test_frames_of_an_empty_window() -> None:
    res = result([])
    for frame in (res.to_frame(), res.jobs_frame(), res.prs_frame(), res.failures_frame()):
        assert len(frame) == 0
        assert len(frame.columns) > 5


def test_an_hour_that_a_clock_shows_twice_or_never() -> None:
    times = [datetime(2021, 10, 31, 2, 30), datetime(2021, 3, 28, 2, 30), None]
    shown = zoned(times, ZoneInfo("Europe/Berlin"))
    assert shown[0].isoformat() == "2021-10-31T02:30:00+02:00"
    assert shown[1].isoformat() == "2021-03-28T03:00:00+02:00"
    assert pd.isna(shown[2])


class _Checker(HTMLParser):
    """Collects tags, and complains about unbalanced ones."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.images += [value or "" for name, value in attrs if name == "src"]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _parsed(markup: str) -> _Checker:
    checker = _Checker()
    checker.feed(markup)
    checker.close()
    assert checker.open == []
    return checker


def test_hostile_texts_are_harmless_in_html() -> None:
    bad = pull(
        7, ghprbPullTitle=HOSTILE, ghprbPullAuthorLogin=HOSTILE, ghprbPullLink="javascript:alert(1)"
    )
    rows = [
        row(
            HOSTILE,
            1,
            "FAILURE",
            repo=HOSTILE,
            commit=HOSTILE,
            branch=HOSTILE,
            description=bad,
            analysis_res={"case": [HOSTILE]},
        )
    ]
    res = result(rows)
    for thing in (res, res.job_map[HOSTILE], res.pr_map[HOSTILE, 7]):
        markup = thing._repr_html_()
        parsed = _parsed(markup)
        assert set(parsed.tags) <= {
            "div",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "b",
            "a",
            "span",
            "img",
        }
        assert all(image.startswith("data:image/svg+xml;base64,") for image in parsed.images)
        assert all(link is not None and link.startswith("https://") for link in parsed.links)
        assert "\x1b" not in markup
        assert "\u202e" not in markup


_CELL = re.compile(r'<t[hd] style="([^"]*)">(.*?)</t[hd]>', re.DOTALL)


def test_numbers_are_to_the_right_below_their_titles() -> None:
    rows = history("P F A U | F") + [row("check", number, "FAILURE", pr=9) for number in range(12)]
    res = result(rows)
    earlier = result(history("P P F", first=50))
    for thing in (res, res.compare(earlier), res.flaky()):
        cells = [
            (re.sub("<[^>]*>", "", words).strip(), "text-align:right" in style)
            for style, words in _CELL.findall(thing._repr_html_())
        ]
        assert ("runs", True) in cells or ("failed runs", True) in cells or ("now", True) in cells
        assert not any(is_right for words, is_right in cells if re.match("[a-z]*[_/#]", words))
        numbers = [is_right for words, is_right in cells if re.match(r"[+-]?\d[\d,.]*%?$", words)]
        assert numbers
        assert all(numbers)


@pytest.mark.parametrize(
    "words", ["1,204", "19.5%", "3 of 12 (25.0%)", "5m 03s", "–", "-1.0 to +2.5", "0 of 0 (–)"]
)
def test_a_cell_of_numbers(words: str) -> None:
    assert of_digits(words)
    assert of_digits(f"<b>{words}</b>")


@pytest.mark.parametrize("words", ["", "1234567890", "2021-06-19 08:01", "o/r#7", "unit #3"])
def test_a_cell_of_words(words: str) -> None:
    assert not of_digits(words)


@pytest.mark.parametrize("drawn", ["", "P F A U | F"])
def test_html_says_window_and_newest_row(drawn: str) -> None:
    markup = result(history(drawn))._repr_html_()
    _parsed(markup)
    assert "Asia/Shanghai" in markup
    assert "newest row 2021-06-19 23:59:00" in markup
    assert ("No runs in this window" in markup) is (drawn == "")


def test_long_lists_say_how_much_is_left_out() -> None:
    rows = [row(f"job{n}", n, "FAILURE", pr=n + 1) for n in range(15)]
    markup = result(rows)._repr_html_()
    assert "and 5 more jobs" in markup
    assert "and 5 more pull requests" in markup
