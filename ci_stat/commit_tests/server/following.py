"""The sessions whose events one connection receives."""

import asyncio
from contextlib import suppress

from ci_stat.commit_tests.protocol.frames import Ack, ErrorCode, ErrorFrame
from ci_stat.commit_tests.server.channel import Channel, Closed
from ci_stat.commit_tests.server.hub import Hub
from ci_stat.commit_tests.server.streams import Stream
from ci_stat.errors import CiStatError, Refused

_MAX_FOLLOWED = 100  # sessions of one connection


class Following:
    """Streams of a connection, each in a task of its own. `stop` them at the end."""

    def __init__(self, channel: Channel, hub: Hub) -> None:
        self._channel = channel
        self._hub = hub
        self._streams: dict[str, Stream] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, session: str, after: int) -> None:
        """Send the events above a number. Raises Refused."""
        await self.end(session)
        if len(self._tasks) >= _MAX_FOLLOWED:
            limit = f"The connection follows {_MAX_FOLLOWED} sessions already."
            raise Refused(limit, "Open another connection.")
        task = asyncio.create_task(self._stream(session, after))
        self._tasks[session] = task
        task.add_done_callback(lambda done: self._forget(session, done))

    def acknowledge(self, frame: Ack) -> None:
        stream = self._streams.get(frame.session)
        if stream is not None:
            stream.acknowledge(frame.seq)

    async def end(self, session: str) -> None:
        """Send no more events of a session."""
        task = self._tasks.get(session)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def stop(self) -> None:
        for session in list(self._tasks):
            await self.end(session)

    def _forget(self, session: str, done: "asyncio.Task[None]") -> None:
        if self._tasks.get(session) is done:
            del self._tasks[session]

    async def _stream(self, session: str, after: int) -> None:
        try:
            problem = await self._send_events(session, after)
        except CiStatError as error:
            problem = str(error)
        except Closed:
            return  # the reader of this connection sees it too
        if problem:
            with suppress(Closed):
                await self._channel.send(
                    ErrorFrame(code=ErrorCode.STORAGE, message=problem, session=session)
                )

    async def _send_events(self, session: str, after: int) -> str:
        """Send events to the last one. Return why they end before; empty if they do not."""
        with self._hub.reading(session) as journal:
            stream = Stream(journal, self._channel.send, after, self._channel.pace.window)
            self._streams[session] = stream
            try:
                is_complete = await stream.run()
            finally:
                if self._streams.get(session) is stream:
                    del self._streams[session]
        return "" if is_complete else self._hub.failure_of(session)
