"""A server on loopback that says what it is told byte by byte, each of them in time."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat

PAUSE = 0.01  # seconds between two bytes


@dataclass
class Trickling:
    """`requests`: what came, of all connections; `connections`: how many there were."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def trickling(
    slow: bytes,
    quick: bytes = b"",
    first: bytes = b"",
    deaf: bool = False,
    context: ssl.SSLContext | None = None,
) -> Iterator[Trickling]:
    """Answer each request with `quick` at once, then with `slow` byte by byte.

    The server keeps its connections.

    `first`: the whole answer to a connection's first request. `deaf`: read a request slowly, and
    answer nothing.
    """
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        server = Trickling(
            f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        )
        taken: list[socket.socket] = [listener]

        def serve() -> None:
            while not done.is_set():
                with suppress(OSError):
                    client, _ = listener.accept()
                    server.connections += 1
                    with (
                        context.wrap_socket(client, server_side=True)
                        if context
                        else client as spoken
                    ):
                        taken.append(spoken)
                        _take_slowly(spoken, done) if deaf else speak(spoken)

        def speak(client: socket.socket) -> None:
            answers = chain([(first, b"")] if first else [], repeat((quick, slow)))
            while not done.is_set() and (request := _request(client)):
                server.requests.append(request)
                whole, by_the_byte = next(answers)
                client.sendall(whole)
                for byte in by_the_byte:
                    client.sendall(bytes([byte]))
                    if done.wait(PAUSE):
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            done.set()
            for each in taken:
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)
            thread.join(10)


def _take_slowly(client: socket.socket, done: threading.Event) -> None:
    while client.recv(65_536) and not done.wait(PAUSE):
        pass


def _request(client: socket.socket) -> bytes:
    """One whole request, or nothing."""
    data = b""
    while not (whole := re.match(rb"(?s)(.*?)\r\n\r\n", data)):
        if not (piece := client.recv(65_536)):
            return b""
        data += piece
    length = re.search(rb"(?i)content-length: (\d+)", whole[1])
    while len(data) < whole.end() + (int(length[1]) if length else 0):
        if not (piece := client.recv(65_536)):
            return b""
        data += piece
    return data
