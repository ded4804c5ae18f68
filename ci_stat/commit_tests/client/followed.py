"""The events of one session as a client receives them: each once, in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from ci_stat.commit_tests.protocol.events import NumberedEvent, RunFinished, SessionEnded
from ci_stat.commit_tests.protocol.frames import Ack, Detach, EventFrame
from ci_stat.errors import CiStatError


class FollowedSession:
    """`async for event in session` yields its events until the last one.

    `seen`: the number of the newest event that was handed out. Only a window of events waits here:
    the server sends more when they are handed out.
    """

    def __init__(
        self, session: str, after: int, window: int, send: Callable[[Ack | Detach], None]
    ) -> None:
        self.id = session
        self.seen = after
        self.is_over = False
        self._send = send
        self._acknowledge_every = max(1, window // 4)
        self._unacknowledged = 0
        self._newest = after
        self._waiting: deque[EventFrame] = deque()
        self._failure: CiStatError | None = None
        self._changed = asyncio.Event()

    def take(self, frame: EventFrame) -> None:
        """Keep an event until it is handed out. One that was received before is dropped."""
        if frame.seq > self._newest and not self.is_over:
            self._newest = frame.seq
            self._waiting.append(frame)
            self._changed.set()

    def restart(self) -> None:
        """Forget what was not handed out: the server sends it again on the new connection."""
        self._waiting.clear()
        self._newest = self.seen
        self._unacknowledged = 0

    def fail(self, error: CiStatError) -> None:
        """Let the reader know that no more events come."""
        self._failure = error
        self._changed.set()

    def detach(self) -> None:
        """Receive no more events. The session goes on."""
        if not self.is_over:
            self.is_over = True
            self._send(Detach(session=self.id))

    def __aiter__(self) -> "FollowedSession":
        return self

    async def __anext__(self) -> NumberedEvent:
        """Return the next event. Raises CiStatError if the connection is given up."""
        if self.is_over:
            raise StopAsyncIteration
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._changed.clear()
            await self._changed.wait()
        return self._handed_out(self._waiting.popleft())

    def _handed_out(self, frame: EventFrame) -> NumberedEvent:
        self.seen = frame.seq
        self.is_over = isinstance(frame.body, SessionEnded)
        self._unacknowledged += 1
        is_result = isinstance(frame.body, RunFinished | SessionEnded)
        if is_result or self._unacknowledged >= self._acknowledge_every:
            self._send(Ack(session=self.id, seq=frame.seq))
            self._unacknowledged = 0
        return NumberedEvent(seq=frame.seq, at=datetime.fromisoformat(frame.at), body=frame.body)
