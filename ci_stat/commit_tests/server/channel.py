"""The two directions of a connection, with its times."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ci_stat.commit_tests.protocol.coding import AnyFrame, encode
from ci_stat.commit_tests.protocol.frames import ErrorFrame, Ping
from ci_stat.commit_tests.server.streams import WINDOW
from ci_stat.errors import CiStatError


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds, and the window of events."""

    hello: float = 10.0
    ping: float = 20.0
    window: int = WINDOW


class Closed(Exception):
    """The client has gone, or the connection must end. `code`: of the WebSocket."""

    def __init__(self, code: int = 1000, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Channel:
    """`receive_text` and `send_text` raise Closed when the client has gone."""

    receive_text: Callable[[], Awaitable[str]]
    send_text: Callable[[str], Awaitable[None]]
    pace: Pace = field(default_factory=Pace)

    async def send(self, frame: AnyFrame) -> None:
        """Send a frame. Raises Closed, also for a client that takes nothing for a long time."""
        try:
            async with asyncio.timeout(4 * self.pace.ping):
                await self.send_text(encode(frame))
        except TimeoutError:
            raise Closed(1008, "the client reads nothing") from None

    async def refuse(self, code: str, error: CiStatError, request: str | None = None) -> None:
        """Send an error as the answer to a request. Raises Closed."""
        await self.send(
            ErrorFrame(code=code, message=error.message, hint=error.hint, request=request)
        )

    async def fatal(self, code: str, message: str, hint: str = "") -> Closed:
        """Send an error after which the connection ends, and return what to raise."""
        await self.send(ErrorFrame(code=code, message=message, hint=hint))
        return Closed(1008, code)

    async def first(self) -> str:
        """Return the first frame. Raises Closed for a client that says nothing."""
        try:
            async with asyncio.timeout(self.pace.hello):
                return await self.receive_text()
        except TimeoutError:
            raise Closed(1008, "no hello") from None

    async def next(self) -> str:
        """Return the next frame. Pings a silent client, and raises Closed if it stays silent."""
        for attempt in range(2):
            try:
                async with asyncio.timeout(self.pace.ping):
                    return await self.receive_text()
            except TimeoutError:
                if attempt == 0:
                    await self.send(Ping())
        raise Closed(1011, "no answer to ping")
