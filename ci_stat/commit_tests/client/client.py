"""The client: submits sessions, follows them, and asks about them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from ci_stat.commit_tests.client.followed import FollowedSession
from ci_stat.commit_tests.client.link import DEFAULT_RETRY, Link, Retry
from ci_stat.commit_tests.client.opening import OpenSocket
from ci_stat.commit_tests.protocol.events import SessionEvent, SessionRequest
from ci_stat.commit_tests.protocol.frames import (
    Accepted,
    Attach,
    Cancel,
    ErrorCode,
    ErrorFrame,
    EventFrame,
    ListSessions,
    LogPart,
    Logs,
    ServerFrame,
    Sessions,
    Submit,
    Welcome,
)
from ci_stat.errors import CiStatError, NotFound, Refused, SourceError, UsageError

_Request = Submit | Attach | Cancel | ListSessions | Logs


@dataclass(slots=True)
class _Pending:
    """A request without an answer. `answer`: None if nobody waits for it."""

    frame: _Request
    answer: "asyncio.Future[Any] | None"


class Client:
    """Use it in `async with`. Cut connections are opened again; nothing is lost or repeated."""

    def __init__(self, open_socket: OpenSocket, retry: Retry = DEFAULT_RETRY) -> None:
        self._link = Link(open_socket, self._take, self._resume, self._fail, retry)
        self._pending: dict[str, _Pending] = {}
        self._followed: dict[str, FollowedSession] = {}
        self._failure: CiStatError | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises CiStatError."""
        await self._link.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.stop()

    @property
    def server(self) -> Welcome:
        """What the server says of itself."""
        assert self._link.welcome is not None
        return self._link.welcome

    @property
    def reconnects(self) -> int:
        """How often the connection was opened again."""
        return self._link.reconnects

    # Requests

    async def run(
        self, request: SessionRequest | None = None, **fields: Any
    ) -> AsyncIterator[SessionEvent]:
        """Submit a session, and yield its events until it has ended.

        `fields`: those of `SessionRequest`, instead of a request. Raises CiStatError.
        """
        session = await self.submit(request or SessionRequest(**fields))
        try:
            async for event in session:
                yield event.body
        finally:
            session.detach()

    async def submit(self, request: SessionRequest, request_id: str = "") -> FollowedSession:
        """Begin a session. A repeated `request_id` finds the one that it began before."""
        frame = Submit(request=request_id or _new_id(), session=request)
        accepted: Accepted = await self._ask(frame)
        return self._followed[accepted.session]

    async def attach(self, session: str, after: int = 0) -> FollowedSession:
        """Follow a session, by its id or the begin of it. Raises NotFound."""
        accepted: Accepted = await self._ask(
            Attach(request=_new_id(), session=session, after=after)
        )
        return self._followed[accepted.session]

    async def cancel(self, session: str) -> str:
        """Cancel a session, and return its full id. Raises NotFound."""
        accepted: Accepted = await self._ask(Cancel(request=_new_id(), session=session))
        return accepted.session

    async def sessions(self, limit: int = 20) -> Sessions:
        """Return the newest sessions of the user."""
        listed: Sessions = await self._ask(ListSessions(request=_new_id(), limit=limit))
        return listed

    async def logs(self, session: str, index: int) -> AsyncIterator[LogPart]:
        """Yield the kept output of a commit in parts. Raises NotFound."""
        offset: int | None = 0
        while offset is not None:
            frame = Logs(request=_new_id(), session=session, index=index, offset=offset)
            part: LogPart = await self._ask(frame)
            yield part
            offset = part.next_offset

    async def _ask(self, frame: _Request) -> Any:
        if self._failure is not None:
            raise self._failure
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[frame.request] = _Pending(frame, answer)
        self._link.send(frame)
        try:
            return await answer
        finally:
            self._pending.pop(frame.request, None)

    # What the link calls

    def _resume(self) -> None:
        """After a handshake: ask again what has no answer, and go on where each session was."""
        self._pending = {
            request: pending for request, pending in self._pending.items() if pending.answer
        }
        for pending in self._pending.values():
            self._link.send(pending.frame)
        for session in self._followed.values():
            if not session.is_over:
                session.restart()
                frame = Attach(request=_new_id(), session=session.id, after=session.seen)
                self._pending[frame.request] = _Pending(frame, None)
                self._link.send(frame)

    def _take(self, frame: ServerFrame) -> None:
        if isinstance(frame, EventFrame):
            followed = self._followed.get(frame.session)
            if followed is not None:
                followed.take(frame)
        elif isinstance(frame, ErrorFrame):
            self._take_error(frame)
        elif isinstance(frame, Accepted | Sessions | LogPart):
            self._take_answer(frame)

    def _take_answer(self, frame: Accepted | Sessions | LogPart) -> None:
        pending = self._pending.pop(frame.request, None)
        if pending is None or pending.answer is None:
            return
        if isinstance(frame, Accepted) and isinstance(pending.frame, Submit | Attach):
            self._follow(frame.session, pending.frame.after)
        if not pending.answer.done():
            pending.answer.set_result(frame)

    def _follow(self, session: str, after: int) -> None:
        """Before the first event arrives, which may be the next frame."""
        self._followed[session] = FollowedSession(
            session, after, self.server.window, self._link.send
        )

    def _take_error(self, frame: ErrorFrame) -> None:
        error = _error_of(frame)
        if frame.session is not None and frame.session in self._followed:
            self._followed[frame.session].fail(error)
            return
        pending = self._pending.pop(frame.request or "", None)
        if pending is None:
            return
        if pending.answer is None:
            session = getattr(pending.frame, "session", "")
            self._followed[session].fail(error)
        elif not pending.answer.done():
            pending.answer.set_exception(error)

    def _fail(self, error: CiStatError) -> None:
        self._failure = error
        for pending in self._pending.values():
            if pending.answer is not None and not pending.answer.done():
                pending.answer.set_exception(error)
        for session in self._followed.values():
            session.fail(error)


def _new_id() -> str:
    return secrets.token_hex(8)


def _error_of(frame: ErrorFrame) -> CiStatError:
    kinds: dict[str, type[CiStatError]] = {
        ErrorCode.INVALID: UsageError,
        ErrorCode.REFUSED: Refused,
        ErrorCode.QUOTA: Refused,
        ErrorCode.NOT_FOUND: NotFound,
    }
    return kinds.get(frame.code, SourceError)(frame.message, frame.hint)
