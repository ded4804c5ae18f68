"""A connection that is opened again whenever it is cut."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed

from ci_stat import __version__
from ci_stat.commit_tests.client.opening import OpenSocket, Socket, Unreachable
from ci_stat.commit_tests.protocol.coding import InvalidFrame, decode_server, encode
from ci_stat.commit_tests.protocol.frames import (
    VERSION,
    ClientFrame,
    ErrorCode,
    ErrorFrame,
    Hello,
    Ping,
    Pong,
    ServerFrame,
    Welcome,
)
from ci_stat.errors import CiStatError, SettingsError, SourceError

log = logging.getLogger(__name__)

_HELLO_SECONDS = 20.0
_FIRST_PATIENCE = 10.0  # with a server that answers and hangs up


@dataclass(frozen=True, slots=True)
class Retry:
    """How a cut connection is opened again, in seconds.

    `patience`: without any connection, before it is given up.
    """

    first: float = 0.1
    longest: float = 5.0
    patience: float = 600.0


DEFAULT_RETRY = Retry()


class Cut(Exception):
    """The connection ended, and may be opened again."""


class Link:
    """The way to a server. `start` it, and `stop` it at the end.

    - `on_frame`: takes each frame. It must not wait.
    - `on_connected`: is called after each handshake, also the first.
    - `on_failed`: is called once, when the connection is given up.
    """

    def __init__(
        self,
        open_socket: OpenSocket,
        on_frame: Callable[[ServerFrame], None],
        on_connected: Callable[[], None],
        on_failed: Callable[[CiStatError], None],
        retry: Retry = DEFAULT_RETRY,
    ) -> None:
        self._open_socket = open_socket
        self._on_frame = on_frame
        self._on_connected = on_connected
        self._on_failed = on_failed
        self._retry = retry
        self._socket: Socket | None = None
        self._outgoing: asyncio.Queue[ClientFrame] = asyncio.Queue()
        self._keeping: asyncio.Task[None] | None = None
        self.welcome: Welcome | None = None
        self.reconnects = 0

    async def start(self) -> Welcome:
        """Connect for the first time. Raises CiStatError, at once if no server answers."""
        try:
            socket = await self._connected()
        except Cut:
            socket = await self._reconnected(min(_FIRST_PATIENCE, self._retry.patience))
        assert self.welcome is not None
        self._keeping = asyncio.create_task(self._keep(socket))
        return self.welcome

    async def stop(self) -> None:
        """Close the connection."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        if self._socket is not None:
            with suppress(OSError, ConnectionClosed):
                await self._socket.close()

    def send(self, frame: ClientFrame) -> None:
        """Send a frame. It is lost if the connection is cut: `on_connected` sends it again."""
        self._outgoing.put_nowait(frame)

    # Keeping the connection

    async def _keep(self, socket: Socket) -> None:
        """Use the connection, and open it again, until it is given up."""
        try:
            while True:
                await self._use(socket)
                socket = await self._reconnected(self._retry.patience)
        except CiStatError as error:
            self._on_failed(error)
        except Exception as error:
            log.exception("Internal error of the link")
            self._on_failed(SourceError(f"Internal error: {type(error).__name__}."))

    async def _use(self, socket: Socket) -> None:
        """Send and receive until the connection is cut."""
        self._outgoing = asyncio.Queue()  # what was not sent is sent again by `on_connected`
        self._on_connected()
        sending = asyncio.create_task(self._send_all(socket))
        try:
            while True:
                self._on_frame(await self._next_frame(socket))
        except Cut as cut:
            log.info("The connection was cut: %s", cut)
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            self._socket = None
            with suppress(OSError, ConnectionClosed):
                await socket.close()

    async def _send_all(self, socket: Socket) -> None:
        with suppress(OSError, ConnectionClosed):  # the receiver sees it too
            while True:
                await socket.send(encode(await self._outgoing.get()))

    async def _next_frame(self, socket: Socket) -> ServerFrame:
        """Return the next frame that is no ping. Raises Cut."""
        while True:
            frame = await self._received_or_pinged(socket)
            if isinstance(frame, Ping):
                self.send(Pong(number=frame.number))
            elif not isinstance(frame, Pong):
                return frame

    async def _received_or_pinged(self, socket: Socket) -> ServerFrame:
        assert self.welcome is not None
        for attempt in range(2):
            try:
                return await _received(socket, self.welcome.ping_seconds)
            except TimeoutError:
                if attempt == 0:
                    self.send(Ping())
        raise Cut("no answer to ping")

    async def _reconnected(self, patience: float) -> Socket:
        """Connect again. Raises CiStatError when it is given up, after so many seconds."""
        delay = self._retry.first
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience
        while True:
            try:
                socket = await self._connected()
            except (Unreachable, Cut) as error:
                if clock() > deadline:
                    raise _given_up(error, patience) from None
            else:
                self.reconnects += 1
                return socket
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            delay = min(2 * delay, self._retry.longest)

    async def _connected(self) -> Socket:
        """Open a socket and shake hands. Raises Cut, Unreachable, CiStatError."""
        socket = await self._open_socket()
        try:
            await socket.send(
                encode(Hello(versions=(VERSION,), client=f"ci_stat {__version__} (Python)"))
            )
            answer = await _received(socket, _HELLO_SECONDS)
            self.welcome = _welcome_of(answer)
        except BaseException as error:
            with suppress(OSError, ConnectionClosed):
                await socket.close()
            if isinstance(error, TimeoutError | OSError | ConnectionClosed):
                raise Cut("no welcome") from None
            raise
        self._socket = socket
        return socket


async def _received(socket: Socket, seconds: float) -> ServerFrame:
    """Return the next frame. Raises Cut, TimeoutError, SourceError."""
    try:
        async with asyncio.timeout(seconds):
            return decode_server(await socket.recv())
    except ConnectionClosed as error:
        raise Cut(str(error)) from None
    except InvalidFrame as error:
        hint = "Install the same version of ci_stat on both sides."
        raise SourceError(f"The server sent what is no frame. {error.message}", hint) from None


def _welcome_of(frame: ServerFrame) -> Welcome:
    if isinstance(frame, Welcome):
        return frame
    if not isinstance(frame, ErrorFrame):
        raise SourceError("The server did not answer `hello` with `welcome`.")
    if frame.code == ErrorCode.BUSY:
        raise Unreachable(frame.message, frame.hint)
    if frame.code == ErrorCode.TOKEN:
        raise SettingsError(frame.message, frame.hint)
    raise SourceError(frame.message, frame.hint)


def _given_up(error: Exception, patience: float) -> SourceError:
    return SourceError(
        f"The connection was cut, and no server answered for {patience:.0f} s: {error}",
        "Sessions go on at the server: `ci-stat commits attach ID` shows them.",
    )
