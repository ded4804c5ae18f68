"""Whether a session has ended, from the first and the last line of its journal."""

import os
from pathlib import Path

import msgspec

from ci_stat.commit_tests.protocol.events import NumberedEvent, SessionEnded
from ci_stat.commit_tests.server.journal_head import JournalHead, read_head
from ci_stat.commit_tests.server.stored_runs import StoredRuns

_TAIL = 64 * 1024  # bytes, more than the last line of an ended session has

_events = msgspec.json.Decoder(NumberedEvent)


def read_ended(path: Path) -> tuple[JournalHead, StoredRuns, int] | None:
    """Return head, end and last number of a session that has ended; None for another.

    Raises DamagedJournal, WriteError.
    """
    head = read_head(path)
    if head is None:
        return None
    event = _last_event(path)
    if event is None or not isinstance(event.body, SessionEnded):
        return None
    return head, StoredRuns(ended=event.body), event.seq


def _last_event(path: Path) -> NumberedEvent | None:
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        *_, last, rest = [b"", *file.read().split(b"\n")]
    if rest:
        return None  # a torn line
    try:
        return _events.decode(last)
    except (msgspec.MsgspecError, UnicodeError):
        return None
