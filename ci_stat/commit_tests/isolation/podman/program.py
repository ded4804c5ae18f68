"""podman as a program: argv lists, no shell, our own few variables."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ci_stat.errors import SourceError
from ci_stat.escape import visible

_TIMEOUT = 120.0  # seconds; of a call that follows nothing
_INHERITED = ("PATH", "HOME", "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")


@dataclass(frozen=True, slots=True)
class Podman:
    """podman on this machine.

    - `options`: go before each command, such as `--root=DIR`.
    - `folder`: the current folder of podman, in which it leaves a file `oom` when a container uses
      too much memory.
    """

    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path("/tmp")  # noqa: S108 (nothing of it is read)

    def run(
        self,
        action: str,
        *words: str,
        data: bytes | BinaryIO = b"",
        timeout: float = _TIMEOUT,
    ) -> bytes:
        """Return what podman prints. `action`: for errors. Raises SourceError."""
        feed: Any = {"input": data} if isinstance(data, bytes) else {"stdin": data}
        try:
            done = subprocess.run(  # noqa: S603 (an argv list)
                [*self.command(), *words],
                **feed,
                capture_output=True,
                check=False,
                timeout=timeout,
                env=self._variables(),
                cwd=self.folder,
            )
        except subprocess.TimeoutExpired:
            raise SourceError(f"podman cannot {action}: no end after {timeout:.0f} s") from None
        if done.returncode != 0:
            raise SourceError(f"podman cannot {action}: {_last_words(done.stderr)}")
        output: bytes = done.stdout
        return output

    def start(self, *words: str, errors: int = subprocess.STDOUT) -> "subprocess.Popen[bytes]":
        """Start podman. `errors`: where its errors go; by default into its output."""
        return subprocess.Popen(  # noqa: S603 (an argv list)
            [*self.command(), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=self._variables(),
            cwd=self.folder,
        )

    def inspect(self, container: str) -> dict[str, Any] | None:
        """Return the state of a container; None if it is gone."""
        try:
            text = self.run("inspect a container", "inspect", "--type=container", container)
        except SourceError as error:
            if "no such" in str(error).lower():
                return None
            raise
        state: dict[str, Any] = json.loads(text)[0]["State"]
        return state

    def command(self) -> list[str]:
        program = shutil.which("podman")
        if program is None:
            raise SourceError("podman is not installed.", "apt-get install podman")
        return [program, *self.options]

    def _variables(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {**inherited, **self.environment}


def _last_words(errors: bytes) -> str:
    lines: Sequence[str] = errors.decode(errors="replace").strip().splitlines()
    return visible(lines[-1] if lines else "no message", 300)


def saved(process: "subprocess.Popen[bytes]", path: Path, limit: int) -> bool:
    """Write what a process prints to a file; False if it was cut at `limit` bytes."""
    assert process.stdout is not None
    left = limit
    with path.open("wb") as file:
        while data := process.stdout.read1(65536):  # type: ignore[attr-defined]
            file.write(data[: max(left, 0)])
            left -= len(data)
            if left < 0:
                process.kill()
                break
    process.wait()
    process.stdout.close()
    return left >= 0
