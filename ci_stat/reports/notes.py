"""Notes above a report for one recipient: whether the previous report arrived."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ci_stat.records import Delivery, DeliveryState
from ci_stat.rendering.document import Document, Paragraph, Span, Tone, cut, text

_LONGEST_GAP = timedelta(days=7)  # after a longer one, nobody expects the reports in between
_FORMAT = "%Y-%m-%d %H:%M"


def notes_on(previous: Delivery | None, begin: datetime) -> list[str]:
    """Notes on the previous delivery to this recipient, and on a gap. `begin`: of this window."""
    if previous is None:
        return []
    if previous.state == DeliveryState.SENT:
        return _gap(datetime.fromisoformat(previous.key.end), begin)
    return [_not_delivered(previous)]


def _gap(end: datetime, begin: datetime) -> list[str]:
    if not timedelta(0) < begin - end <= _LONGEST_GAP:
        return []
    return [f"No report was sent for {end:{_FORMAT}} to {begin:{_FORMAT}}"]


def _not_delivered(previous: Delivery) -> str:
    begin, end = map(datetime.fromisoformat, (previous.key.begin, previous.key.end))
    failed = previous.state == DeliveryState.FAILED
    outcome = "was not delivered" if failed else "may not have been delivered"
    reason = f": {previous.reason}" if previous.reason else ""
    return f"The previous report, for {begin:{_FORMAT}} to {end:{_FORMAT}}, {outcome}{reason}"


def with_notes(document: Document, notes: Sequence[str]) -> Document:
    """The document with the notes above its first block."""
    if not notes:
        return document
    lines = tuple(text(Span(cut(note, 400), Tone.WARN, bold=True)) for note in notes)
    return replace(document, blocks=(Paragraph(lines), *document.blocks))
