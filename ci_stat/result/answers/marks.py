"""Runs and days drawn as marks: one character each, in the colour of its status."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ci_stat.records import Run, Status
from ci_stat.rendering.document import Span, Text, Tone
from ci_stat.result.answers.history_model import Day

MARKS_LEGEND = "✓ passed  ✗ failed  – aborted  ? other"
LEGEND = f"{MARKS_LEGEND}, oldest first"  # for marks of several runs in a line
_MARKS: dict[str, tuple[str, Tone]] = {
    Status.SUCCESS: ("✓", Tone.GOOD),
    Status.FAILURE: ("✗", Tone.BAD),
    Status.ABORTED: ("–", Tone.WARN),
}


DAY_LEGEND = "one mark a day: · no failure  ▁ to █ share of failed runs  _ no run"
_HEIGHTS = "▁▂▃▄▅▆▇█"
DAYS_A_LINE = 60


def day_lines(days: Sequence[Day]) -> Iterator[Text]:
    """Yield lines of one mark a day, each behind its first date; days before all runs are cut."""
    for at in range(0, len(days), DAYS_A_LINE):
        some = days[at : at + DAYS_A_LINE]
        yield (Span(f"{some[0].date}  ", Tone.FAINT), *_day_marks(some), Span(f"  {some[-1].date}"))


def _day_marks(days: Iterable[Day]) -> Iterator[Span]:
    for tone, group in groupby(map(_day_mark, days), key=lambda mark: mark[1]):
        yield Span("".join(mark for mark, _ in group), tone)


def _day_mark(day: Day) -> tuple[str, Tone]:
    if not day.runs:
        return "_", Tone.FAINT
    if not day.failed:
        return "·", Tone.GOOD
    # Any failure is visible, and only a day on which every run failed has the full height.
    step = min(len(_HEIGHTS) - 1, int(day.failed / day.runs * len(_HEIGHTS)))
    return _HEIGHTS[step], Tone.BAD


def marks(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the marks of runs, neighbours of one status together."""
    for status, group in groupby(runs, key=lambda run: run.status):
        mark, tone = _MARKS.get(status, ("?", Tone.WARN))
        yield Span(mark * len(list(group)), tone)
