"""Hands files to a pod and takes files from it, by commands in its container `keep`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from kubernetes.stream import stream

from ci_stat.commit_tests.isolation.kubernetes.access import Cluster, call
from ci_stat.commit_tests.isolation.pods.plan import KEEP
from ci_stat.errors import SourceError

_CHUNK = 64 * 1024
# A WebSocket of Kubernetes cannot say that the input has ended, so the size is named before.
_UNPACK = 'mkdir -p "$2" && head -c "$1" | tar -x -o -m -f - -C "$2"'


def send_archive(cluster: Cluster, namespace: str, pod: str, archive: BinaryIO, to: str) -> None:
    """Unpack a tar file in a folder of the pod. Raises SourceError."""
    archive.seek(0, 2)
    size = archive.tell()
    archive.seek(0)
    with _execute(cluster, namespace, pod, ["sh", "-c", _UNPACK, "sh", str(size), to]) as running:
        while data := archive.read(_CHUNK):
            running.write_stdin(data)
            running.update(timeout=0)
            if not running.is_open():
                break
        _end(running, "unpack files")


def run_in(cluster: Cluster, namespace: str, pod: str, words: Sequence[str], limit: int) -> bytes:
    """Return what a command prints in the pod, at most `limit` bytes. Raises SourceError."""
    with _execute(cluster, namespace, pod, words) as running:
        output = bytearray()
        while running.is_open():
            running.update(timeout=1)
            output += _bytes(running.read_stdout())
            if len(output) > limit:
                raise SourceError(f"A command in a pod printed more than {limit:,} bytes.")
        output += _bytes(running.read_stdout())
        _end(running, words[0])
        return bytes(output)


def save_output(
    cluster: Cluster, namespace: str, pod: str, words: Sequence[str], path: Path, limit: int
) -> bool:
    """Write what a command prints to a file; False if it was cut at `limit` bytes."""
    left = limit
    with _execute(cluster, namespace, pod, words) as running, path.open("wb") as file:
        while running.is_open():
            running.update(timeout=1)
            data = _bytes(running.read_stdout())
            file.write(data[:left])
            left -= len(data)
            if left < 0:
                return False
        file.write(_bytes(running.read_stdout())[: max(left, 0)])
        _end(running, words[0])
    return True


@contextmanager
def _execute(cluster: Cluster, namespace: str, pod: str, words: Sequence[str]) -> Iterator[Any]:
    options = {"stdin": True, "stdout": True, "stderr": True, "tty": False, "binary": True}
    with cluster.own_core() as core:
        running = call(
            "run a command in a pod",
            lambda: stream(
                core.connect_get_namespaced_pod_exec,
                pod,
                namespace,
                container=KEEP,
                command=list(words),
                _preload_content=False,
                _request_timeout=cluster.timeout,
                **options,
            ),
        )
        try:
            yield running
        finally:
            running.close()
            running.sock.shutdown()  # `close` leaves a socket open that the far end closed


def _end(running: Any, action: str) -> None:
    while running.is_open():
        running.update(timeout=1)
    code = None
    with suppress(KeyError, TypeError, ValueError, IndexError):
        code = running.returncode
    if code != 0:
        words = _bytes(running.read_stderr()).decode(errors="replace").strip()
        raise SourceError(f"A pod cannot {action} (exit code {code}): {words[-300:]}")


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
