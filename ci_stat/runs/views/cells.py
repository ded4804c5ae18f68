"""Columns, cells and headings that the tables of runs share, as rich renderables."""

from collections.abc import Iterator

from rich.text import Text

from ci_stat.escape import visible
from ci_stat.records import Provenance, Tally
from ci_stat.rendering.document import more_words
from ci_stat.rendering.format import percent, span
from ci_stat.rendering.terminal.columns import Column
from ci_stat.runs.views.listings import source_lines

Cell = Text | str

_BAR = 24  # cells of the longest bar
_OUTCOMES = (("success", "green"), ("failure", "red"), ("aborted", "yellow"), ("other", "magenta"))
# A narrow terminal leaves out the column with the highest number first; 0 stays.
_COUNT_COLUMNS = {"runs": 0, "success": 6, "failure": 0, "aborted": 7, "other": 8, "fail rate": 0}


def bar(tally: Tally, most: int, width: int = _BAR) -> Text:
    """Draw a tally as a bar of coloured blocks; `most` runs fill `width` cells."""
    text = Text(no_wrap=True)
    runs = 0
    drawn = 0
    for outcome, style in _OUTCOMES:
        runs += getattr(tally, outcome)
        # Rounded as a running total: with rounded parts, bars of equal totals differ in length.
        end = round(width * runs / most) if most else 0
        text.append("█" * (end - drawn), style)
        drawn = end
    return text


def count_columns() -> list[Column]:
    """Return the columns for `count_cells`."""
    return [Column(title, spare=spare) for title, spare in _COUNT_COLUMNS.items()]


def count_cells(tally: Tally) -> list[Cell]:
    """Return the counts of a tally and its failure rate."""
    return [
        f"{tally.total:,}",
        number(tally.success, "green"),
        number(tally.failure, "bold red"),
        number(tally.aborted, "yellow"),
        number(tally.other, "magenta"),
        percent(tally.fail_rate),
    ]


def number(count: int, style: str) -> Text:
    """Return a count in a style; zero is dim."""
    return Text(f"{count:,}", style if count else "dim")


def heading(title: str, source: Provenance, filters: str) -> Text:
    """Return the title with window and filters: readers often see a table without its foot."""
    window = source.window
    text = Text.assemble(
        (title, "bold"), " ", (f"{window}", "bold cyan"), (f"  {span(window.length)}", "dim")
    )
    return text + Text(f"  {visible(filters)}", "yellow") if filters else text


def foot(source: Provenance) -> Iterator[Text]:
    """Yield the source of the numbers."""
    for line in source_lines(source):
        yield Text.assemble(*line.parts)


def omitted(shown: int, total: int, thing: str) -> list[Text]:
    """Return the number of rows that are not shown, if any. `thing`: one of them."""
    if shown == total:
        return []
    return [Text(f"{more_words(total - shown, f'more {thing}')} (--limit)", "dim")]
