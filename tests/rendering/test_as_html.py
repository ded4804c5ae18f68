"""Pages: complete, valid and readable for everybody, without scripts or anything from elsewhere.

One test shows a page in Chromium.
"""

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given

from ci_stat.rendering.as_html import page
from ci_stat.rendering.document import Chart, Document, Section, Span, Tone, text
from tests.support.documents import EXAMPLES, busy, daily, documents, hostile, quiet, words
from tests.support.golden import Golden
from tests.support.hostile import raw

Style = Literal["card", "mail"]
STYLES: tuple[Style, ...] = ("card", "mail")
_VOID = {"meta", "img", "wbr"}
_TAGS = re.compile(
    "html|head|meta|title|style|body|main|header|footer|div|p|h1|h2|span|strong|a|bdi|wbr"
    "|table|thead|tbody|tr|th|td|ul|li"
    "|details|summary|figure|svg|path|rect|circle|text|img"
)
_ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|class|style|role|aria-label|tabindex|scope|href|rel"
    "|open|src|alt"
    "|width|align|bgcolor|cellspacing|viewbox|d|x|y|height|cx|cy|r|text-anchor"
)


class _Read(HTMLParser):
    """What a page holds. Fails where tags are not closed in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert _TAGS.fullmatch(tag), tag
        assert all(_ATTRIBUTES.fullmatch(name) for name, _ in attrs), attrs
        element = {name: value or "" for name, value in attrs}
        assert len(element) == len(attrs)
        self.tags.append((tag, element))
        self.text += [element.get("alt", ""), element.get("aria-label", "")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [element for tag, element in self.tags if tag in tags]

    @property
    def words(self) -> str:
        return "".join(self.text)


def _check(document: Document, style: Style, chart: str | None = None) -> _Read:
    html = page(document, style=style, chart=chart)
    assert html.startswith("<!DOCTYPE html>")
    assert raw(html) == set()
    read = _Read(html)
    assert [word for word in words(document) if word not in read.words] == []
    for link in read.of("a"):
        assert re.match("https?://", link["href"])
        assert link["rel"] == "noopener noreferrer nofollow"
    return read


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("style", STYLES)
def test_a_page_is_valid_and_says_everything(name: str, style: Style) -> None:
    _check(EXAMPLES[name](), style, "chart@x" if style == "mail" else None)


@given(documents())
def test_any_document_is_a_valid_page(document: Document) -> None:
    _check(document, "card")
    _check(document, "mail")
    _check(document, "mail", "chart@x")


@pytest.mark.parametrize("style", STYLES)
def test_golden(golden: Golden, style: Style) -> None:
    for name in ("busy", "daily"):
        html = page(
            EXAMPLES[name](), style=style, chart="chart@example.org" if style == "mail" else None
        )
        golden.check(f"document_{name}_{style}.html", html)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_comes_from_elsewhere(style: Style) -> None:
    html = page(hostile(), style=style, chart="chart@x")
    assert re.findall(r"(?i)<script|<link|<iframe|<object|@import|url\(", html) == []
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src 'none'; style-src")
    assert "script-src" not in policy
    read = _Read(html)
    assert [element for element in read.of("a") if element["href"].startswith("javascript")] == []
    assert [element["src"] for element in read.of("img")] == (
        ["cid:chart@x"] if style == "mail" else []
    )


def test_the_policy_allows_this_style_sheet_and_no_other() -> None:
    html = page(busy(), style="card")
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html
    assert ' style="' not in html


def test_a_mail_has_its_styles_in_its_elements() -> None:
    html = page(busy(), style="mail")
    assert "<style" not in html
    assert 'class="' not in html
    assert "<details" not in html
    assert "max-width:720px" in html


@pytest.mark.parametrize("style", STYLES)
def test_the_page_can_be_read_without_eyes(style: Style) -> None:
    read = _check(daily(), style, "chart@x")
    assert read.of("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.of("meta")
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1
    assert {element["scope"] for element in read.of("th")} == {"col", "row"}
    assert all(
        element.get("role") == "presentation" for element in read.of("table") if "width" in element
    )
    drawn = read.of("svg", "img")
    assert len(drawn) == 1
    assert drawn[0].get("role") == "img" or "2021-06-08 19,120, 12.1%" in drawn[0]["alt"]


def test_sections_are_open_or_folded_and_all_open_on_paper() -> None:
    document = Document(
        "t", "s", Tone.PLAIN, "", (Section("a", (), 1), Section("b", (), 1, folded=True))
    )
    html = page(document, style="card")
    assert re.findall("<details[^>]*>", html) == ["<details open>", "<details>"]
    printed = html[html.index("@media print") :]
    assert (
        "details::details-content{content-visibility:visible;display:block;height:auto}" in printed
    )


def test_the_second_chart_of_a_mail_is_a_table() -> None:
    charts = tuple(
        Chart(name, ("2021-06-16",), "runs", (12_345,), "rate", (0.5,)) for name in ("a", "b")
    )
    document = Document("t", "s", Tone.PLAIN, "", charts)
    assert len(_check(document, "mail", "c").of("img")) == 1
    assert len(_check(document, "mail", "c").of("thead")) == 1
    assert len(_check(document, "mail").of("thead")) == 2
    assert len(_check(document, "card").of("svg")) == 2


def test_what_is_written_from_right_to_left_turns_nothing_around_it() -> None:
    foot = (text(Span("שלום"), " 12 failed"),)
    assert "<bdi>שלום</bdi> 12 failed" in page(
        Document("t", "s", Tone.PLAIN, "", (), foot), style="card"
    )


def test_long_names_break_at_their_signs() -> None:
    html = page(busy(), style="card")
    assert "executor/<wbr>executor_<wbr>test.<wbr>go:<wbr>testSuiteP1.<wbr>TestPrepareStmt" in html
    assert "pingcap/<wbr>" not in html
    assert 'since <span class="fixed">2021-05-17</span> 00:00' in html


def test_no_number_of_a_long_name_is_broken() -> None:
    name = "hub.example.org/centos7_golang-1.16:20210616_12-13/12,345&amp;_x"
    html = page(Document("t", name, Tone.PLAIN, "", ()), style="card")
    assert re.findall(r"\d\D?<wbr>\d", html) == ["6_<wbr>1", "3/<wbr>1"]
    assert _Read(html).words.count(name) == 1


@pytest.mark.parametrize(("make", "tone"), [(busy, "bad"), (quiet, "good"), (daily, "warn")])
def test_the_band_has_the_colour_of_the_tone(make: object, tone: str) -> None:
    assert f'<header class="band band-{tone}">' in page(make(), style="card")  # type: ignore[operator]


# --- contrast (WCAG 2: 4.5 for text) ---


def _luminance(color: str) -> float:
    digits = color * 2 if len(color) == 3 else color
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_text_stands_out() -> None:
    html = page(busy(), style="card")
    light, dark, *_ = (
        dict(re.findall("--([a-z]+):#([0-9a-f]+)", part)) for part in html.split(":root{")[1:3]
    )
    for colors in (light, dark):
        for name in ("ink", "faint", "link", "bad", "good", "warn", "line"):
            assert _contrast(colors[name], colors["card"]) >= 4.5, (name, colors)
        for name in ("ink", "faint"):
            assert _contrast(colors[name], colors["head"]) >= 4.5, (name, colors)
    bands = re.findall(r"\.band-[a-z]+\{background:#([0-9a-f]{6})\}", html)
    assert len(bands) == len(Tone)
    assert min(_contrast(band, "fff") for band in bands) >= 4.5
    mail = page(busy(), style="mail")
    inline = {
        color
        for color in re.findall("[^-]color:#([0-9a-f]{6})", mail)
        if color not in ("ffffff", "f2f3f5")
    }
    assert min(_contrast(color, "fff") for color in inline) >= 4.5


# --- in a browser ---


@pytest.mark.parametrize("style", ["card", "mail"])
@pytest.mark.parametrize("name", ["daily", "hostile"])
def test_a_browser_has_nothing_to_complain_of(
    name: str, style: Literal["card", "mail"], tmp_path: Path
) -> None:
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if chromium is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on PATH")
    shown, picture = tmp_path / "card.html", tmp_path / "card.png"
    shown.write_text(page(EXAMPLES[name](), style=style), encoding="utf-8")
    ran = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--v=0",
            "--no-first-run",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--screenshot={picture}",
            "--window-size=700,1400",
            shown.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
    assert picture.stat().st_size > 20_000, ran.stderr
