"""Listens, and serves until the process is asked to stop."""

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from ci_stat.commit_tests.protocol.frames import MAX_CLIENT_FRAME
from ci_stat.commit_tests.repository.locks import hold
from ci_stat.commit_tests.server.app import Server, app
from ci_stat.errors import Refused, SettingsError, UsageError
from ci_stat.escape import visible

_STOP_SECONDS = 5  # for the connections, when the server stops


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of a certificate with its chain, and of its key."""

    certificate: Path
    key: Path


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. `port`: 0 for a free one. Raises Refused, UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except socket.gaierror:
        problem = f"This machine has no address {visible(host, 200)!r}."
        raise UsageError(problem, "Use 127.0.0.1, or 0.0.0.0 for all.") from None
    except OSError as error:
        raise _not_listening(host, port, error) from None


def _not_listening(host: str, port: int, error: OSError) -> Refused:
    shown = visible(f"{host}:{port}", 200)
    if error.errno == errno.EADDRINUSE:
        return Refused(f"Another program listens on {shown}.", "Use another --port.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused(f"This user may not listen on {shown}.", "Use a --port above 1023.")
    return Refused(f"Cannot listen on {shown}: {error.strerror}.", "Use another --host.")


def lock_folder(folder: Path) -> int:
    """Return a handle that holds the folder of a server. Raises Refused, SettingsError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = hold(folder / "server.lock")
    except OSError as error:
        hint = "Set commits_folder to a folder that can be written."
        raise SettingsError(f"{folder} cannot be used: {error.strerror}.", hint) from None
    if handle is None:
        hint = "Stop it, or set commits_folder to another folder."
        raise Refused(f"Another server uses {folder}.", hint)
    return handle


async def serve(
    server: Server, listening: socket.socket, folder: Path, tls: Tls | None = None
) -> None:
    """Continue what an earlier server left, and serve until SIGTERM or SIGINT.

    Runs end without a result then; the next server runs them again. Raises Refused, SettingsError,
    WriteError.
    """
    lock = lock_folder(folder)
    try:
        http = uvicorn_server(server, tls)
        await server.hub.start()
        try:
            await http.serve([listening])
        finally:
            await server.hub.stop()
    finally:
        os.close(lock)


def uvicorn_server(server: Server, tls: Tls | None = None) -> uvicorn.Server:
    """Return an HTTP server. Raises SettingsError for invalid files."""
    config = uvicorn.Config(
        app(server),
        http="h11",
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=MAX_CLIENT_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=30.0,
        ws_ping_timeout=60.0,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    try:
        config.load()
    except OSError as error:  # an SSLError too
        reason = visible(error.strerror or error, 200)
        hint = "--tls-cert and --tls-key are PEM files; the key belongs to the certificate."
        raise SettingsError(f"The TLS files cannot be used: {reason}.", hint) from None
    return uvicorn.Server(config)
