"""One connection: its requests and their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from ci_stat.commit_tests.protocol.coding import InvalidFrame, decode_client
from ci_stat.commit_tests.protocol.frames import (
    Accepted,
    Ack,
    Attach,
    Cancel,
    ClientFrame,
    Detach,
    ErrorCode,
    ListSessions,
    Logs,
    Ping,
    Pong,
    Sessions,
    SimpleRequest,
    Submit,
)
from ci_stat.commit_tests.server.access import Access
from ci_stat.commit_tests.server.channel import Channel, Closed
from ci_stat.commit_tests.server.fair_queue import QuotaExceeded
from ci_stat.commit_tests.server.following import Following
from ci_stat.commit_tests.server.handshake import authenticated, first_frame, greet
from ci_stat.commit_tests.server.hub import Hub
from ci_stat.commit_tests.server.kept_output import log_part
from ci_stat.commit_tests.server.simple import serve_simple
from ci_stat.errors import CiStatError, NotFound, WriteError

_MAX_INVALID = 20  # frames that cannot be read, before the connection is closed


async def serve(channel: Channel, hub: Hub, access: Access, token: str) -> None:
    """Serve a client until it goes. `token`: of the header. Raises Closed."""
    first = await first_frame(channel)
    if isinstance(first, SimpleRequest):
        user = await authenticated(channel, access, token)
        await serve_simple(channel, hub, user, first)
        return
    user = await greet(channel, access, token, first, tuple(hub.machinery.backends))
    connection = Connection(channel, hub, user)
    try:
        await connection.answer_all()
    finally:
        await connection.following.stop()


class Connection:
    """Answers the requests of one client, one after another."""

    def __init__(self, channel: Channel, hub: Hub, user: str) -> None:
        self._channel = channel
        self._hub = hub
        self._user = user
        self._invalid = 0
        self.following = Following(channel, hub)

    async def answer_all(self) -> None:
        """Answer until the client goes. Raises Closed."""
        while True:
            text = await self._channel.next()
            try:
                frame = decode_client(text)
            except InvalidFrame as error:
                await self._count_invalid(error)
                continue
            await self._answer(frame)

    async def _count_invalid(self, error: InvalidFrame) -> None:
        await self._channel.refuse(ErrorCode.INVALID, error, error.request)
        self._invalid += 1
        if self._invalid >= _MAX_INVALID:
            raise Closed(1008, "too many invalid frames")

    async def _answer(self, frame: ClientFrame | SimpleRequest) -> None:
        handler = self._handlers.get(type(frame))
        if handler is None:
            error = InvalidFrame("it does not belong here")
            await self._count_invalid(error)
            return
        try:
            await handler(self, frame)
        except CiStatError as error:
            await self._channel.refuse(_code_of(error), error, getattr(frame, "request", None))

    async def _submit(self, frame: Submit) -> None:
        session = await self._hub.submit(self._user, frame.request, frame.session)
        await self._follow(frame, session)

    async def _attach(self, frame: Attach) -> None:
        session = self._hub.find(self._user, frame.session)
        await self._follow(frame, session)

    async def _follow(self, frame: Submit | Attach, session: str) -> None:
        """Answer a request, and then send the events."""
        await self.following.end(session)
        await self._channel.send(Accepted(request=frame.request, session=session))
        await self.following.begin(session, frame.after)

    async def _cancel(self, frame: Cancel) -> None:
        session = await self._hub.cancel(self._user, frame.session)
        await self._channel.send(Accepted(request=frame.request, session=session))

    async def _acknowledge(self, frame: Ack) -> None:
        self.following.acknowledge(frame)

    async def _detach(self, frame: Detach) -> None:
        await self.following.end(frame.session)

    async def _list(self, frame: ListSessions) -> None:
        sessions, left_out = self._hub.listed(self._user, frame.limit)
        await self._channel.send(
            Sessions(request=frame.request, sessions=tuple(sessions), left_out=left_out)
        )

    async def _logs(self, frame: Logs) -> None:
        session = self._hub.find(self._user, frame.session)
        output = await self._hub.output_of(session, frame.index)
        await self._channel.send(await asyncio.to_thread(log_part, frame, output))

    async def _ping(self, frame: Ping) -> None:
        await self._channel.send(Pong(number=frame.number))

    async def _pong(self, frame: Pong) -> None:
        """Any frame shows that the client is there."""

    _handlers: ClassVar[dict[type, Callable[["Connection", Any], Awaitable[None]]]] = {
        Submit: _submit,
        Attach: _attach,
        Cancel: _cancel,
        Ack: _acknowledge,
        Detach: _detach,
        ListSessions: _list,
        Logs: _logs,
        Ping: _ping,
        Pong: _pong,
    }


def _code_of(error: CiStatError) -> str:
    if isinstance(error, QuotaExceeded):
        return ErrorCode.QUOTA
    if isinstance(error, NotFound):
        return ErrorCode.NOT_FOUND
    if isinstance(error, WriteError):
        return ErrorCode.STORAGE
    return ErrorCode.REFUSED
