"""The journal of a session: a file of JSON lines, to which events are only appended.

The first line is the head; each other line is an event with its number. A killed process leaves at
most one torn line, the last, which the next opening removes. Events are read from the file, so that
a slow reader costs no memory.
"""

import asyncio
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from ci_stat.commit_tests.protocol.events import (
    NumberedEvent,
    SessionEnded,
    SessionEvent,
)
from ci_stat.commit_tests.server.encoding import encoded
from ci_stat.commit_tests.server.journal_head import (
    DamagedJournal,
    JournalHead,
    decoded_head,
    first_line,
    unwritable,
)
from ci_stat.errors import WriteError

GAP = 2**20
"""After a restart, numbers go on at a multiple of this. So none is used twice, also if a power
failure took the newest lines, which a client may have seen."""

_CHUNK = 256 * 1024  # bytes that are read at once
_MARK_EVERY = 256  # events between two known places in the file


class StoredLine(msgspec.Struct, frozen=True):
    """An event as it is stored, with its body undecoded."""

    seq: int
    at: str
    body: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Lines:
    """Events of a file, and the place where the next ones begin."""

    lines: list[StoredLine]
    next_place: int


_stored = msgspec.json.Decoder(StoredLine)
_events = msgspec.json.Decoder(NumberedEvent)


class Journal:
    """An open journal. `create` and `open` make one; close it at the end.

    `last`: the number of the newest event that readers see. `is_ended`: whether it is the end.
    """

    def __init__(self, path: Path, handle: int, head: JournalHead) -> None:
        self.path = path
        self.head = head
        self.last = 0
        self.is_ended = False
        self._handle = handle
        self._written = 0  # the newest number in the file
        self._size = 0  # of the file
        self._shown = 0  # bytes of it that readers see
        self._first_place = 0
        self._marks: list[tuple[int, int]] = []  # numbers, and the places after their lines
        self._unmarked = 0
        self._syncing = 0
        self._changed = asyncio.Event()
        self._whole = 0  # bytes of whole lines, while the file is scanned

    @classmethod
    def create(cls, path: Path, head: JournalHead) -> "Journal":
        """Create the file. Raises WriteError."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise unwritable(path, error) from None
        journal = cls(path, handle, head)
        try:
            journal._write(encoded(head) + b"\n")
            os.fsync(handle)
            _sync_folder(path.parent)
        except (OSError, WriteError):
            journal.close()
            path.unlink(missing_ok=True)
            raise
        journal._first_place = journal._shown = journal._size
        return journal

    @classmethod
    def open(cls, path: Path) -> "Journal | None":
        """Open a file, and remove a torn last line; None, without the file, if that is its head.

        Raises DamagedJournal, and WriteError if the file cannot be opened.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise unwritable(path, error) from None
        head_line = first_line(handle)
        if not head_line.endswith(b"\n"):
            os.close(handle)
            path.unlink()
            return None
        journal = cls(path, handle, decoded_head(path, head_line))
        journal._first_place = len(head_line)
        journal._scan()
        return journal

    def close(self) -> None:
        """Close the file. Readers that wait end."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._notify()

    @property
    def is_closed(self) -> bool:
        return self._handle < 0

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    # Writing

    def append(self, body: SessionEvent, at: datetime) -> int:
        """Store an event, and return its number. Raises WriteError: then nothing is stored."""
        number = self._written + 1
        self._write(encoded(NumberedEvent(seq=number, at=at, body=body)) + b"\n")
        self._written = number
        self._mark(number, self._size)
        if not self._syncing:
            self._show(isinstance(body, SessionEnded))
        return number

    async def append_durably(self, body: SessionEvent, at: datetime) -> int:
        """The same; readers see the event when the disk has it."""
        self._syncing += 1
        try:
            number = self.append(body, at)
            await asyncio.shield(asyncio.to_thread(_sync, os.dup(self._handle)))
        except OSError as error:
            raise unwritable(self.path, error) from None
        finally:
            self._syncing -= 1
        if not self._syncing:
            self._show(isinstance(body, SessionEnded))
        return number

    def leave_gap(self) -> None:
        """Let numbers go on at the next multiple of GAP, after a restart."""
        self._written = (self._written // GAP + 1) * GAP - 1

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._handle, data)
            if written < len(data):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._undo_partial_write()
            raise unwritable(self.path, error) from None
        self._size += written

    def _undo_partial_write(self) -> None:
        if self._handle >= 0:
            os.ftruncate(self._handle, self._size)

    def _mark(self, number: int, place: int) -> None:
        self._unmarked += 1
        if self._unmarked >= _MARK_EVERY:
            self._marks.append((number, place))
            self._unmarked = 0

    def _show(self, is_end: bool) -> None:
        self.last = self._written
        self._shown = self._size
        self.is_ended = self.is_ended or is_end
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # Reading

    def place_after(self, number: int) -> int:
        """Return a place at which no event above `number` has been passed."""
        position = bisect_right(self._marks, (number, self._size))
        return self._marks[position - 1][1] if position else self._first_place

    def read(self, place: int) -> Lines:
        """Return the events that begin at a place, at most about 256 KiB of them."""
        lines: list[StoredLine] = []
        for line in self._complete_lines(place, self._shown):
            lines.append(_stored.decode(line))
            place += len(line)
        return Lines(lines, place)

    async def more_than(self, place: int) -> bool:
        """Wait until the file goes on after a place. False if it never will."""
        while self._shown <= place:
            if self.is_ended or self.is_closed:
                return False
            await self._changed.wait()
        return not self.is_closed

    def events(self) -> Iterator[NumberedEvent]:
        """Yield all events, decoded. Raises DamagedJournal."""
        place, number = self._first_place, 1
        while place < self._shown:
            for line in self._complete_lines(place, self._shown):
                number += 1
                place += len(line)
                yield self._decoded(line, number)

    def _decoded(self, line: bytes, number: int) -> NumberedEvent:
        try:
            return _events.decode(line)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DamagedJournal(self.path, number, error) from None

    def _complete_lines(self, place: int, end: int) -> list[bytes]:
        """Return whole lines from a place on: at least one if there is one."""
        length = _CHUNK
        while True:
            chunk = os.pread(self._handle, min(length, end - place), place)
            whole = chunk.rfind(b"\n") + 1
            if whole or len(chunk) < length:
                return [line + b"\n" for line in chunk[:whole].split(b"\n")[:-1]]
            length *= 2

    def _scan(self) -> None:
        """Find the newest event, and cut a torn line off."""
        end = os.fstat(self._handle).st_size
        place, number = self._first_place, 1
        self._whole = place
        while lines := self._complete_lines(place, end):
            for line in lines:
                number += 1
                place += len(line)
                self._take_note(line, place, number, is_last=place == end)
        if self._whole < end:
            os.ftruncate(self._handle, self._whole)
        self._size = self._shown = self._whole
        self.last = self._written

    def _take_note(self, line: bytes, place: int, number: int, is_last: bool) -> None:
        try:
            stored = _stored.decode(line)
        except (msgspec.MsgspecError, UnicodeError) as error:
            if is_last:
                return
            raise DamagedJournal(self.path, number, error) from None
        self._written = stored.seq
        self._whole = place
        self.is_ended = b'"kind":"session_ended"' in bytes(stored.body)[:64]
        self._mark(stored.seq, place)


def _sync(handle: int) -> None:
    """Wait until the disk has the file, and close this handle of it."""
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    _sync(os.open(folder, os.O_RDONLY))
