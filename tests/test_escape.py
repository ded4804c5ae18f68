"""Escaped text is harmless in every place, for any input."""

import html
import json
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.escape import (
    MAX_SHOWN,
    cut,
    html_text,
    json_safe,
    lark_text,
    visible,
    visible_lines,
    web_link,
)
from tests.support.hostile import harmful

# Mostly hostile characters: plain st.text() rarely draws them.
hostile = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"]),
        st.sampled_from("\x1b\x9b\x07\r\n\t\u202e\u2066\u200b\ufeff\\<>&\"'"),
    ),
    max_size=200,
)


def test_every_character_of_unicode() -> None:
    for number in range(0x110000):
        shown = visible(chr(number))
        if harmful(chr(number)):
            assert shown.startswith("\\"), hex(number)
            assert shown.isascii(), hex(number)
            assert shown.isprintable(), hex(number)
        elif unicodedata.category(chr(number))[0] in "LNPS":
            assert shown == chr(number), hex(number)


@given(hostile)
def test_no_control_character_survives(text: str) -> None:
    shown = visible(text)
    assert not [char for char in shown if harmful(char)]
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode() == shown


@given(hostile)
def test_escaping_is_idempotent_without_a_cut(text: str) -> None:
    once = visible(text, 10_000)
    assert visible(once, 10_000) == once


@given(hostile, st.integers(1, 50))
def test_the_length_is_bounded(text: str, limit: int) -> None:
    assert len(visible(text, limit)) <= limit * len("\\U000e0001") + len("… (+1,000 characters)")


@given(
    st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], max_codepoint=0x2FF)
    )
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert visible(text) == cut(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        (7, "7"),
        ("", ""),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x1b]8;;http://evil\x07click", "\\x1b]8;;http://evil\\x07click"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\0", "\\x00"),
        ("修复 flaky 测试 ⚠\ufe0f é", "修复 flaky 测试 ⚠\ufe0f é"),
    ],
)
def test_examples(text: object, shown: str) -> None:
    assert visible(text) == shown


def test_a_cut_text_ends_with_the_number_of_characters() -> None:
    assert visible("x" * 10_000_000) == "x" * MAX_SHOWN + "… (+9,998,000 characters)"
    assert visible("x" * MAX_SHOWN) == "x" * MAX_SHOWN


def test_lines_stay_lines() -> None:
    assert visible_lines("a\x1b\n  b\r\n") == "a\\x1b\n  b\\r\n"


@given(hostile)
@example("\U000e0041\ud800 \x7f\x85\u2028")
def test_json_is_harmless_and_decodes_equal(text: str) -> None:
    safe = json_safe(json.dumps({text: text}, ensure_ascii=False))
    assert not [char for char in safe if harmful(char)]
    assert json.loads(safe) == json.loads(json.dumps({text: text}))


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@given(hostile)
@example("</td><script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("' onmouseover='alert(1)")
@example("&lt;script&gt;")
def test_html_text_is_text_in_an_element_and_in_an_attribute(text: str) -> None:
    safe = html_text(text)
    page = _Collector()
    page.feed(f"<p title=\"{safe}\" class='{safe}'>{safe}</p>")
    page.close()
    assert page.tags == [("p", [("title", visible(text)), ("class", visible(text))])]
    assert "".join(page.texts) == visible(text)
    assert html.unescape(safe) == visible(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r/pull/7",
        "http://ci.example:8080/job/x/1/?a=b#c",
        "HTTPS://EXAMPLE.COM",
        "https://[::1]/x",
        "https://例え.jp/",
    ],
)
def test_web_links(url: str) -> None:
    assert web_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://host/x",
        "//evil.example",
        "/pull/7",
        "https:",
        "https://",
        "https:///x",
        "https://:80/",
        "https://@/",
        "https://[::1",
        "http:evil.example",
        "https://a b",
        "https://a\x00b",
        "https://a\u202eb",
        "https://a\u200bb",
        "\x01https://a",
        "https://a\n",
        "https://a/" + "x" * MAX_SHOWN,
        "blob:https://a",
        "null",
    ],
)
def test_no_other_url_becomes_a_link(url: str | None) -> None:
    assert web_link(url) is None


@given(hostile)
def test_a_link_is_always_http(text: str) -> None:
    for url in (text, f"https://{text}", f"javascript:{text}"):
        link = web_link(url)
        assert link is None or (
            link == url and link.lower().startswith(("http://", "https://")) and " " not in link
        )


def test_a_number_at_the_start_does_not_begin_a_list() -> None:
    assert lark_text("1. item") == "1&#46; item"
    assert lark_text("1.5 s") == "1.5 s"
