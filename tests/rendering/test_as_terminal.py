"""A document on a terminal: complete in a file, numbers unbroken at any width, coloured links."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Button, Chart, Document, Span, Tone, text
from ci_stat.rendering.terminal.screen import show
from tests.support.documents import EXAMPLES, busy, daily, documents, hostile, quiet, words
from tests.support.golden import Golden
from tests.support.hostile import raw

_CODES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")


def _shown(document: Document, width: int | None = None, color: bool = False) -> str:
    out = io.StringIO()
    show(on_terminal(document), out, color, width)
    return out.getvalue()


@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_is_said_in_a_file(name: str) -> None:
    document = EXAMPLES[name]()
    shown = _shown(document)
    assert [word for word in words(document) if word not in shown] == []


@given(documents())
def test_any_document_is_said_and_harmless(document: Document) -> None:
    shown = _shown(document)
    assert raw(shown) == set()
    assert [word for word in words(document) if word not in shown] == []


@given(documents(), st.integers(30, 120))
def test_any_document_fits_any_terminal(document: Document, width: int) -> None:
    shown = _shown(document, width)
    assert raw(shown) == set()
    assert max(map(cell_len, shown.splitlines()), default=0) <= width


@pytest.mark.parametrize("name", ["busy", "daily"])
def test_golden(golden: Golden, name: str) -> None:
    golden.check(f"document_{name}_terminal.txt", _shown(EXAMPLES[name](), 100))


@pytest.mark.parametrize("width", [70, 80, 100, 120])
def test_no_number_is_broken(width: int) -> None:
    """A word of ordinary length stands on one line, at any width.

    The chart and the numbers of now are always shown.
    """
    lines = _shown(busy(), width).splitlines()
    assert [
        word for word in words(busy()) if len(word) < 30 and not any(word in line for line in lines)
    ] == []
    days = _shown(daily(), width)
    assert re.search(r"2021-06-08 +19,120 .* 12\.1%", days)
    assert re.search(r"2021-06-10 +0 +–", days)


def test_without_colour_there_are_no_codes_and_no_addresses_but_the_buttons() -> None:
    shown = _shown(busy())
    assert "\x1b" not in shown
    assert re.findall(r"https?://\S+", shown) == [busy().blocks[-1].link]  # type: ignore[union-attr]


@pytest.mark.parametrize("width", [None, 80, 120])
def test_colour_changes_no_word(width: int | None) -> None:
    for make in EXAMPLES.values():
        plain = [
            line.rstrip() for line in _CODES.sub("", _shown(make(), width, color=True)).splitlines()
        ]
        assert plain == _shown(make(), width).splitlines()


def test_links_are_live_with_colour_and_lead_to_the_web_only() -> None:
    links = _links(_shown(busy(), color=True))
    assert "https://github.com/pingcap/tidb/issues/25435" in links
    assert {link.partition(":")[0] for link in _links(_shown(hostile(), color=True))} == {"https"}


def _links(shown: str) -> set[str]:
    return set(re.findall(r"\x1b\]8;id=[^;]*;([^\x1b]+)\x1b", shown))


@pytest.mark.parametrize(("make", "code"), [(busy, "196"), (quiet, "28"), (daily, "166")])
def test_the_title_has_the_colour_of_the_tone(make: object, code: str) -> None:
    assert _shown(make(), color=True).startswith(f"\x1b[1;38;5;{code}mCI ")  # type: ignore[operator]


def test_a_file_has_a_line_an_entry() -> None:
    lines = _shown(busy()).splitlines()
    assert sum(line.startswith("  • ") for line in lines) == 5
    assert sum(line.startswith("      ") and not line.startswith("       ") for line in lines) == 7


def test_bars_are_as_long_as_their_numbers_say() -> None:
    chart = Chart("c", ("a", "b", "c"), "runs", (80, 40, 0), "rate", (0.5, None, 0.001))
    lines = _shown(Document("t", "s", Tone.PLAIN, "", (chart,))).splitlines()
    bars = [len(re.findall("█", line)) for line in lines[-3:]]
    assert bars == [20 + 12, 10, 0]
    assert lines[-1].endswith("0.1%   ▏")


def test_a_button_without_a_link_is_text() -> None:
    shown = _shown(
        Document(
            "t", "s", Tone.PLAIN, "", (Button("Open x", "javascript:alert(1)"),), (text(Span("f")),)
        )
    )
    assert shown == "t\ns\n\nOpen x\n\nf\n"
