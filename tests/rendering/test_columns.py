"""Tables at any width: what identifies a row is whole, bars and blank columns take no room."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ci_stat.rendering.terminal.columns import Column, Fitted, Role
from ci_stat.rendering.terminal.roles import GAP, column_widths, kept_columns
from ci_stat.rendering.terminal.screen import show

_JOBS = ("tidb_ghpr_integration_common_test", "tidb_ghpr_integration_copr_test")
_BAR = "█" * 12
_names = st.text("abCD_./-界", min_size=1, max_size=150)


def _shown(columns: list[Column], rows: list[list[str]], width: int) -> list[str]:
    out = io.StringIO()
    show(Fitted(columns, rows), out, color=False, width=width)
    return out.getvalue().splitlines()


def _filled(columns: list[Column], rows: list[list[str]]) -> list[Column]:
    Fitted(columns, rows)
    return columns


def _first_column(lines: list[str], width: int) -> str:
    """All that is below the title of the first column, without the indentation."""
    return "".join(line[1 : width + 1].strip() for line in lines[3:])


@given(st.lists(_names, min_size=1, max_size=4), st.integers(40, 200))
def test_an_identity_is_whole_at_any_width(names: list[str], width: int) -> None:
    columns = [
        Column("name", Role.IDENTITY),
        Column("runs"),
        Column("reruns", spare=2),
        Column("title", Role.TEXT, spare=3),
        Column("", Role.BAR),
    ]
    rows = [[name, "1,000", "3", "a title of some length", _BAR] for name in names]
    lines = _shown(columns, rows, width)
    (first, *_) = column_widths(kept_columns(columns, width), width)
    assert max(map(cell_len, lines)) <= width
    # A wide character has two cells, so the columns are read in names without any.
    if not any("界" in name for name in names):
        assert _first_column(lines, first) == "".join(names)
    assert all("1,000" in "".join(lines) for _ in names)


@given(st.lists(_names, min_size=1, max_size=4), st.lists(_names, max_size=4), st.integers(40, 200))
def test_no_room_is_wasted_beside_a_cut_text(
    names: list[str], texts: list[str], width: int
) -> None:
    rows = [[name, text] for name, text in zip(names, [*texts, *names], strict=False)]
    columns = _filled([Column("name", Role.IDENTITY), Column("text", Role.TEXT)], rows)
    widths = column_widths(columns, width)
    room = width - GAP * len(columns)
    wanted = [column.width for column in columns]
    assert all(given <= want for given, want in zip(widths, wanted, strict=True))
    assert sum(widths) == min(room, sum(wanted))


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_bars_only_where_room_is_left(width: int) -> None:
    rows = [[job, "4", "words about this job", _BAR] for job in _JOBS]
    columns = [
        Column("job", Role.IDENTITY),
        Column("runs"),
        Column("about", Role.TEXT),
        Column("", Role.BAR),
    ]
    shown = "\n".join(_shown(columns, rows, width))
    assert (_BAR in shown) == (width >= 33 + 4 + 20 + 12 + 4 * GAP)


def test_a_blank_column_leaves_its_room_to_the_names() -> None:
    rows = [[job, "", "4"] for job in _JOBS]
    columns = [Column("job", Role.IDENTITY), Column("author", Role.TEXT), Column("runs")]
    lines = _shown(columns, rows, 44)
    assert "author" not in lines[1]
    assert all(any(job in line for line in lines) for job in _JOBS)


def test_without_rows_there_is_no_table() -> None:
    assert _shown([Column("job", Role.IDENTITY), Column("author", Role.TEXT)], [], 40) == [""]


@pytest.mark.parametrize("width", [60, 70, 80, 100])
def test_a_word_is_whole_or_omitted(width: int) -> None:
    rows = [[f"case {number}: {_BAR}", f"{job} #12345"] for number, job in enumerate(_JOBS)]
    columns = [Column("failure", Role.IDENTITY), Column("newest run", Role.WORD, spare=1)]
    shown = "\n".join(_shown(columns, rows, width))
    assert "…" not in shown
    assert ("newest run" in shown) == all(f"{job} #12345" in shown for job in _JOBS)
    assert ("newest run" in shown) == (width >= 20 + 40 + 2 * GAP)


def test_columns_of_zeros_are_omitted_before_columns_with_numbers() -> None:
    columns = [Column("job", Role.IDENTITY), Column("first", spare=9), Column("second", spare=1)]
    lines = _shown(columns, [[_JOBS[0], "12", "0"]], 48)
    assert "first" in lines[1]
    assert "second" not in lines[1]


def test_sentences_are_below_the_last_line_of_their_row() -> None:
    columns = [
        Column("job", Role.IDENTITY, floor=20),
        Column("runs"),
        Column("reason", Role.SENTENCE),
    ]
    rows = [[job, "4", f"the reason of {job[-9:]}"] for job in _JOBS]
    assert _shown(columns, rows, 40) == [
        "",
        " job                              runs",
        " ─────────────────────────────────────",
        " tidb_ghpr_integration_              4",
        "   common_test",
        "    the reason of mmon_test",
        " tidb_ghpr_integration_copr_         4",
        "   test",
        "    the reason of copr_test",
        "",
    ]


def test_a_pair_of_columns_is_omitted_together() -> None:
    columns = [Column("now"), Column("rate", spare=1), Column("before"), Column("rate", spare=1)]
    shown = _filled(columns, [["1 of 100", "1.0%", "2 of 100", "2.0%"]])
    assert [column.title for column in kept_columns(shown, 32)] == ["now", "before"]


def test_columns_with_other_titles_are_no_pair() -> None:
    columns = [Column("now"), Column("rate", spare=1), Column("share", spare=1)]
    shown = _filled(columns, [["1 of 100", "1.0%", "2.0%"]])
    assert [column.title for column in kept_columns(shown, 20)] == ["now", "share"]
