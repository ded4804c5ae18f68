"""A TCP proxy on loopback that can cut or stall the server's answers, to simulate bad networks."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

_RESET = struct.pack(
    "ii", 1, 0
)  # linger on, for 0 s: closing sends RST, as a crashed machine's router does


@dataclass
class Proxy:
    """Carry connections to `target`, and cut the nth one after `cuts[n]` bytes from the server.

    `cuts[n]` is None: the connection is not cut.
    `reset`: cut with RST instead of an orderly end; `stall`: say nothing more instead of cutting;
    `garble`: send these bytes before the cut. `carried`: bytes from the server, by connection.
    """

    target: int
    cuts: Sequence[int | None] = ()
    reset: bool = False
    stall: bool = False
    garble: bytes = b""
    host: str = "127.0.0.1"
    connections: int = 0
    carried: list[int] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        self._spawn(self._accept)

    def stop(self) -> None:
        for each in (self._listener, *self._open):
            _hang_up(each)
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()

    def _spawn(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self._open += [client, server]
            number = self.connections
            self.connections += 1
            self.carried.append(0)
            limit = self.cuts[number] if number < len(self.cuts) else None
            self._spawn(self._carry, client, server, None, None)
            self._spawn(self._carry, server, client, limit, number)

    def _carry(
        self, source: socket.socket, sink: socket.socket, limit: int | None, number: int | None
    ) -> None:
        left = limit
        with contextlib.suppress(OSError):
            while data := source.recv(65_536 if left is None else min(left, 65_536)):
                sink.sendall(data)
                if number is not None:
                    self.carried[number] += len(data)
                if left is None:
                    continue
                left -= len(data)
                if left == 0:
                    if self.stall:
                        return
                    sink.sendall(self.garble)
                    break
        if limit is not None and self.reset:
            with contextlib.suppress(OSError):
                sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # Wake the thread that reads from it: while one does, close() closes nothing.
                sink.shutdown(socket.SHUT_RD)
                sink.close()
        _hang_up(sink)
        _hang_up(source)


def _hang_up(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextmanager
def through(
    target: int,
    *cuts: int | None,
    reset: bool = False,
    stall: bool = False,
    garble: bytes = b"",
    host: str = "127.0.0.1",
) -> Iterator[Proxy]:
    """A running proxy to `target` on loopback."""
    proxy = Proxy(target, cuts, reset, stall, garble, host)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def speaking(greeting: bytes) -> Iterator[int]:
    """The port of a server that says one thing to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.sendall(greeting)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
