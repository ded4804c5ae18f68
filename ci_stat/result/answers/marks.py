"""Runs drawn as marks: one character a run, in the colour of its status."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from ci_stat.records import Run, Status
from ci_stat.rendering.document import Span, Tone

LEGEND = "✓ passed  ✗ failed  – aborted  ? other, oldest first"
_MARKS: dict[str, tuple[str, Tone]] = {
    Status.SUCCESS: ("✓", Tone.GOOD),
    Status.FAILURE: ("✗", Tone.BAD),
    Status.ABORTED: ("–", Tone.WARN),
}


def marks(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the marks of runs, neighbours of one status together."""
    for status, group in groupby(runs, key=lambda run: run.status):
        mark, tone = _MARKS.get(status, ("?", Tone.WARN))
        yield Span(mark * len(list(group)), tone)
