"""Lines of a text that comes in blocks."""

from collections.abc import Iterable, Iterator

from ci_stat.records.case_results import ReadState, Unreadable

MAX_LINE = 8 * 2**20  # characters of a line


def lines_of(text: Iterable[str]) -> Iterator[str]:
    """Yield the lines. Raises Unreadable at a line that is too long."""
    rest = ""
    for block in text:
        *lines, rest = (rest + block).split("\n")
        yield from lines
        if len(rest) > MAX_LINE:
            raise Unreadable(ReadState.BROKEN, f"a line is longer than {MAX_LINE:,} characters")
    if rest:
        yield rest
