"""Notes above a report for one recipient: which reports did not arrive, or were not made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ci_stat.failures.fingerprint import mask
from ci_stat.records import Delivery, DeliveryState
from ci_stat.rendering.document import Document, Paragraph, Span, Tone, cut, text
from ci_stat.rendering.format import plural
from ci_stat.reports.missed import Missed

_FORMAT = "%Y-%m-%d %H:%M"
_SHOWN = 10  # notes; each may name many reports


def notes_on(missed: Missed, begin: datetime) -> list[str]:
    """Name all that the recipient missed. `begin`: of this report's window."""
    groups = _alike(missed.undelivered)
    notes = [_undelivered(group) for group in groups[-_SHOWN:]]
    left_out = sum(map(len, groups[:-_SHOWN]))
    if left_out:
        notes.insert(0, f"{plural(left_out, 'earlier report')} did not arrive either")
    if missed.gap:
        notes.append("No report was sent for {} to {}".format(*map(_shown, missed.gap)))
    if missed.since < begin:
        notes.append(f"Failures that are new since {_shown(missed.since)} are called new")
    return notes


def _alike(undelivered: Sequence[Delivery]) -> list[list[Delivery]]:
    """Reports of windows without a gap between them, lost for one reason, oldest first."""
    groups: list[list[Delivery]] = []
    for delivery in undelivered:
        if groups and _continues(groups[-1][-1], delivery):
            groups[-1].append(delivery)
        else:
            groups.append([delivery])
    return groups


def _continues(one: Delivery, other: Delivery) -> bool:
    # Reasons contain ids of requests, which differ.
    same_reason = mask(one.reason) == mask(other.reason)
    return same_reason and one.state is other.state and one.key.end == other.key.begin


def _undelivered(group: Sequence[Delivery]) -> str:
    """One sentence about reports that were lost for one reason, as the last one says it."""
    first, last = group[0], group[-1]
    window = f"{_shown(first.key.begin)} to {_shown(last.key.end)}"
    is_one = len(group) == 1
    which = f"The report for {window}" if is_one else f"{len(group):,} reports, for {window},"
    if first.state is DeliveryState.FAILED:
        outcome = "was not delivered" if is_one else "were not delivered"
    else:
        outcome = "may not have been delivered"
    reason = f": {last.reason}" if last.reason else ""
    return f"{which} {outcome}{reason}"


def _shown(moment: datetime | str) -> str:
    time = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return time.strftime(_FORMAT)


def with_notes(document: Document, notes: Sequence[str]) -> Document:
    """The document with the notes above its first block."""
    if not notes:
        return document
    lines = tuple(text(Span(cut(note, 400), Tone.WARN, bold=True)) for note in notes)
    return replace(document, blocks=(Paragraph(lines), *document.blocks))
