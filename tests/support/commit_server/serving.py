"""A server on loopback in the loop of a test, and sockets that break where a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ci_stat.commit_tests.client.client import Client
from ci_stat.commit_tests.client.link import Retry
from ci_stat.commit_tests.client.opening import OpenSocket, Socket, socket_opener
from ci_stat.commit_tests.model import Backend
from ci_stat.commit_tests.protocol.events import SessionRequest
from ci_stat.commit_tests.server.access import Access
from ci_stat.commit_tests.server.app import BackendState, Server
from ci_stat.commit_tests.server.channel import Pace
from ci_stat.commit_tests.server.fair_queue import FairQueue, Quotas
from ci_stat.commit_tests.server.hub import Hub
from ci_stat.commit_tests.server.runner import Machinery
from ci_stat.commit_tests.server.serving import Tls, listen, uvicorn_server
from ci_stat.commit_tests.server.tokens import Tokens
from tests.support.commit_server.scripted import AT, ScriptedBackend, resolve

ONE = Quotas(parallel=1)
PACE = Pace()
QUICK = Retry(first=0.005, longest=0.02, patience=20.0)


@dataclass
class Served:
    """A running server. `http`: address of its pages; `url`: of its WebSocket."""

    port: int
    hub: Hub
    server: Server
    tokens: Tokens
    is_tls: bool = False

    @property
    def url(self) -> str:
        return f"{'wss' if self.is_tls else 'ws'}://127.0.0.1:{self.port}/ws"

    @property
    def http(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}"

    def client(self, token: str = "", ca: Path | None = None) -> Client:
        return Client(socket_opener(self.url, token, ca), QUICK)


def machinery(backend: Backend, quotas: Quotas, clock: Callable[[], datetime]) -> Machinery:
    return Machinery({backend.name: backend}, resolve, FairQueue(quotas), clock)


def hub_in(folder: Path, backend: Backend, quotas: Quotas = ONE) -> Hub:
    """A hub without a socket, whose clock stands still."""
    return Hub(folder, machinery(backend, quotas, lambda: AT))


@asynccontextmanager
async def serving(
    folder: Path,
    backend: Backend | None = None,
    quotas: Quotas = ONE,
    pace: Pace = PACE,
    origins: tuple[str, ...] = (),
    port: int = 0,
    tls: Tls | None = None,
    problems: Mapping[str, str] = {},
) -> AsyncIterator[Served]:
    """Serve during the block."""
    used = backend or ScriptedBackend()
    hub = Hub(folder, machinery(used, quotas, lambda: datetime.now(UTC)))
    tokens = Tokens(folder / "tokens.json")

    async def check() -> list[BackendState]:
        return [BackendState(used.name, "1.0", problems.get(used.name, ""))]

    server = Server(hub, Access(tokens, origins), check, pace)
    listening = listen("127.0.0.1", port)
    http = uvicorn_server(server, tls)
    await hub.start()
    task = asyncio.create_task(http.serve([listening]))
    while not http.started:
        await asyncio.sleep(0.001)
    try:
        yield Served(listening.getsockname()[1], hub, server, tokens, tls is not None)
    finally:
        http.should_exit = True
        await task
        await hub.stop()


def request(*commits: str, **fields: Any) -> SessionRequest:
    """A session of made-up commits."""
    known = {"repository": "https://example.org/r.git", "command": "make test"}
    return SessionRequest(commits=commits or ("a", "b", "c"), **(known | fields))


@dataclass
class Cutter:
    """Opens sockets, and cuts the connection at one frame of all that pass in both directions.

    `at`: the number of the frame, from 1. `is_lost`: cut before it arrives, or after. `every`:
    cut again after so many frames, on each connection.
    """

    open_socket: OpenSocket
    at: int = 0
    is_lost: bool = True
    every: int = 0
    frames: int = 0
    cuts: int = 0
    _on_this: int = field(default=0)

    async def open(self) -> Socket:
        self._on_this = 0
        return _CutSocket(await self.open_socket(), self)

    def is_cut(self) -> bool:
        """Count a frame. Whether the connection is cut at it."""
        self.frames += 1
        self._on_this += 1
        is_cut = self.frames == self.at or (bool(self.every) and self._on_this == self.every)
        self.cuts += is_cut
        return is_cut


class _CutSocket:
    def __init__(self, socket: Socket, cutter: Cutter) -> None:
        self._socket: Any = socket
        self._cutter = cutter

    async def send(self, message: str, /) -> None:
        is_cut = self._cutter.is_cut()
        if is_cut and self._cutter.is_lost:
            self._abort()
        await self._socket.send(message)
        if is_cut:
            await asyncio.sleep(0)
            self._abort()

    async def recv(self) -> str | bytes:
        message: str | bytes = await self._socket.recv()
        if not self._cutter.is_cut():
            return message
        self._abort()
        if not self._cutter.is_lost:
            return message
        while True:  # lose what had arrived too, until the socket says that it is closed
            await self._socket.recv()

    async def close(self) -> None:
        await self._socket.close()

    def _abort(self) -> None:
        self._socket.transport.abort()
