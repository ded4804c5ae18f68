"""The web application: the WebSocket at /ws, and /health."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ci_stat import __version__
from ci_stat.commit_tests.protocol.frames import VERSION, ErrorCode
from ci_stat.commit_tests.server.access import Access, bearer_token
from ci_stat.commit_tests.server.channel import Channel, Closed, Pace
from ci_stat.commit_tests.server.connection import serve
from ci_stat.commit_tests.server.hub import Hub

MAX_CONNECTIONS = 1_000


@dataclass(frozen=True, slots=True)
class BackendState:
    """Whether a backend works here. `problem`: why not, and what to do."""

    name: str
    version: str = ""
    problem: str = ""


CheckBackends = Callable[[], Awaitable[list[BackendState]]]


@dataclass(slots=True)
class Server:
    """What the application serves."""

    hub: Hub
    access: Access
    check_backends: CheckBackends
    pace: Pace = field(default_factory=Pace)
    connections: int = 0


def app(server: Server) -> Starlette:
    """Return the application. The hub is started and stopped apart from it."""

    async def health(_: Request) -> Response:
        return await _health(server)

    async def socket(websocket: WebSocket) -> None:
        await _serve_socket(server, websocket)

    routes = [
        Route("/health", health, methods=["GET", "HEAD"]),
        WebSocketRoute("/ws", socket),
    ]
    return Starlette(routes=routes)


async def _health(server: Server) -> Response:
    """What works: 200 if a backend does, else 503. It names no user, so it needs no token."""
    backends = await server.check_backends()
    works = any(not backend.problem for backend in backends)
    queue = server.hub.machinery.queue
    state = {
        "status": "ok" if works else "no backend works",
        "version": __version__,
        "protocol": VERSION,
        "backends": [
            {
                "name": backend.name,
                "works": not backend.problem,
                "version": backend.version,
                "problem": backend.problem,
            }
            for backend in backends
        ],
        "slots": {"parallel": queue.quotas.parallel, "free": queue.free},
        "waiting": queue.waiting,
        "sessions": server.hub.open_sessions,
        "damaged_journals": server.hub.archive.damaged,
        "connections": server.connections,
    }
    return JSONResponse(state, 200 if works else 503, {"Cache-Control": "no-store"})


async def _serve_socket(server: Server, websocket: WebSocket) -> None:
    token = bearer_token(websocket.headers)
    refusal = _refusal(server, websocket, token)
    if refusal is not None:
        await websocket.send_denial_response(refusal)
        return
    await websocket.accept()
    server.connections += 1
    try:
        await serve(_channel(websocket, server.pace), server.hub, server.access, token)
    except Closed as closed:
        with suppress(RuntimeError, WebSocketDisconnect):  # the client may have gone
            await websocket.close(closed.code, closed.reason)
    finally:
        server.connections -= 1


def _refusal(server: Server, websocket: WebSocket, token: str) -> Response | None:
    """The answer to a client that may not connect; None if it may."""
    if not server.access.permits_origin(websocket.headers):
        problem = "Pages of this origin may not connect. The setting commits_origins permits them."
        return _denied(403, "origin", problem)
    if token and server.access.user_of(token) is None:
        return _denied(401, ErrorCode.TOKEN, "The server does not know the token.")
    if server.connections >= MAX_CONNECTIONS:
        return _denied(503, ErrorCode.BUSY, "The server has too many connections.")
    return None


def _denied(status: int, code: str, problem: str) -> Response:
    return JSONResponse({"code": code, "message": problem}, status)


def _channel(websocket: WebSocket, pace: Pace) -> Channel:
    async def receive() -> str:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise Closed
        text: str | None = message.get("text")
        return message["bytes"].decode("utf-8", "replace") if text is None else text

    async def send(text: str) -> None:
        try:
            await websocket.send_text(text)
        except (RuntimeError, WebSocketDisconnect, OSError):
            raise Closed from None

    return Channel(receive, send, pace)
