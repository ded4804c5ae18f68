"""Sends the events of a session to one connection, no faster than its client takes them.

Events are read from the journal on disk, so a slow client costs the numbers of the events that it
has not acknowledged, and nothing else. Nobody waits for it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ci_stat.commit_tests.protocol.frames import RawEventFrame
from ci_stat.commit_tests.server.journal import Journal, StoredLine

WINDOW = 256
"""Events that are sent before one is acknowledged."""

Send = Callable[[RawEventFrame], Awaitable[None]]


class Stream:
    """The events above a number. `run` sends them until the session ends."""

    def __init__(self, journal: Journal, send: Send, after: int, window: int = WINDOW) -> None:
        self._journal = journal
        self._send = send
        self._after = after
        self._window = window
        self._unacknowledged: deque[int] = deque()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def run(self) -> bool:
        """Send events. True if the last one was sent, False if the journal was closed before."""
        place = self._journal.place_after(self._after)
        while await self._journal.more_than(place):
            part = self._journal.read(place)
            place = part.next_place
            for line in part.lines:
                await self._send_line(line)
        return self._journal.is_ended

    async def _send_line(self, line: StoredLine) -> None:
        if line.seq <= self._after:
            return
        await self._has_room.wait()
        self._unacknowledged.append(line.seq)
        if len(self._unacknowledged) >= self._window:
            self._has_room.clear()
        await self._send(
            RawEventFrame(
                session=self._journal.head.session, seq=line.seq, at=line.at, body=line.body
            )
        )

    def acknowledge(self, seq: int) -> None:
        """The client has processed all events up to this number."""
        while self._unacknowledged and self._unacknowledged[0] <= seq:
            self._unacknowledged.popleft()
        if len(self._unacknowledged) < self._window:
            self._has_room.set()
