"""The plain text of a document: whole, aligned, within its width, and harmless."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ci_stat.escape import visible
from ci_stat.rendering.as_text import as_text, breaks
from ci_stat.rendering.document import Document, Section, Table, Tone, text
from tests.support.documents import EXAMPLES, busy, daily, documents, hostile, words
from tests.support.golden import Golden
from tests.support.hostile import raw


@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_is_said(name: str) -> None:
    document = EXAMPLES[name]()
    shown = as_text(document)
    assert [word for word in words(document) if word not in shown] == []


@given(documents())
def test_any_document_is_said_and_harmless(document: Document) -> None:
    shown = as_text(document)
    assert raw(shown) == set()
    assert [word for word in words(document) if word not in shown] == []


@pytest.mark.parametrize("name", ["busy", "daily"])
def test_golden(golden: Golden, name: str) -> None:
    golden.check(f"document_{name}_text.txt", as_text(EXAMPLES[name]()))


@pytest.mark.parametrize("width", [50, 78, 120])
def test_lines_fit_but_for_links_and_long_words(width: int) -> None:
    for line in as_text(busy(), width).splitlines():
        longest = max((cell_len(word) for word in line.split()), default=0)
        assert cell_len(line) <= width or (longest > width - 5 and len(line.split()) <= 8), line


def test_links_stand_behind_their_words_but_not_in_tables() -> None:
    shown = as_text(busy())
    assert "known issue\n  <https://github.com/pingcap/tidb/issues/25435>" in shown
    rows = (((*busy().blocks[1].lines[0],),),)  # type: ignore[union-attr]
    assert "<http" not in as_text(Document("t", "s", Tone.PLAIN, "", (Table("", ("run",), rows),)))
    assert "javascript" not in as_text(hostile())


def test_a_link_ends_where_its_bracket_does() -> None:
    assert "<https://evil.example/\"%3E%3Cscript%3Ealert(1)%3C/script%3E'>" in as_text(hostile())


def test_numbers_stand_below_each_other_whatever_the_letters_before() -> None:
    rows = tuple(
        (text(name), text(n)) for name, n in (("a", "1"), ("查询计划", "1,234"), ("🙂", "12"))
    )
    shown = as_text(Document("t", "s", Tone.PLAIN, "", (Table("", ("name", "runs"), rows),)))
    table = shown.split("\n\n")[1].splitlines()
    assert {cell_len(line) for line in table} == {cell_len("查询计划  1,234")}


def test_a_table_that_is_too_wide_becomes_lines() -> None:
    shown = as_text(daily(), width=60)
    assert "* tidb_ghpr_integration_br_test: runs 212, median 58m 07s," in shown
    assert max(map(cell_len, re.sub(r"\S{40,}", "", shown).splitlines())) <= 60


def test_headings_are_underlined_and_say_how_many() -> None:
    blocks = (Section("Jobs", (), 1, 1234, "more job"),)
    assert as_text(Document("查询", "", Tone.PLAIN, "", blocks)) == (
        "查询\n====\n\n\nJobs (1,234)\n------------\n… and 1,234 more jobs\n"
    )


@given(st.text(), st.integers(10, 60))
def test_broken_lines_fit_and_lose_nothing(words: str, width: int) -> None:
    shown = visible(words)
    places = breaks(shown, width)
    assert places == sorted(set(places))
    for begin, end in zip([0, *places], [*places, len(shown)], strict=True):
        assert cell_len(shown[begin:end].rstrip(" ")) <= width


@given(
    st.lists(
        st.from_regex(r"[A-Za-z_/.:#-]{1,30}[0-9]{1,6}(,[0-9]{3})?", fullmatch=True), max_size=8
    )
)
def test_no_number_is_broken(parts: list[str]) -> None:
    words = "".join(parts)
    for place in breaks(words, 40):
        assert not re.match(r"[0-9,.][0-9]", words[place - 1 : place + 1])
