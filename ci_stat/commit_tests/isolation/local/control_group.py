"""A control group of the kernel for the processes of one command, where this user may make one.

It limits memory and processes exactly, for all of them together. Elsewhere the guard looks at the
processes some times a second, and ends the command then.
"""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ci_stat.commit_tests.model import Limits

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "ci-stat-"
_ATTEMPTS = 100  # to remove a group whose processes are ending
_PAUSE = 0.01  # seconds between them


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A folder in which groups are made. Version 1 has a folder for each controller."""

    version: int
    memory: Path
    pids: Path


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """The group of one command. `folders`: one, or one for each controller."""

    version: int
    folders: tuple[Path, ...]

    def joining(self, argv: list[str]) -> list[str]:
        """The words that start a command inside the group."""
        join = "".join(f"echo $$ > {folder}/cgroup.procs && " for folder in self.folders)
        return ["sh", "-c", f'{join} exec "$@"', "sh", *argv]

    def oom_kills(self) -> int:
        """How many processes the limit of memory has ended."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _counter(self.folders[0] / name, "oom_kill")

    def refused_processes(self) -> int:
        """How often a process could not be started."""
        return _counter(self.folders[-1] / "pids.events", "max")


@contextmanager
def control_group(limits: Limits) -> Iterator[ControlGroup | None]:
    """Make a group for a command, and remove it with all that is left in it; None if we may not."""
    hierarchy = _hierarchy()
    group = _make(hierarchy, limits) if hierarchy else None
    try:
        yield group
    finally:
        if group is not None:
            _remove(group)


@cache
def _hierarchy() -> Hierarchy | None:
    """The folders in which this process may make groups; found once."""
    paths = _own_paths()
    unified = _ROOT / paths.get("", "/").lstrip("/")
    candidates = [Hierarchy(2, unified, unified)]
    if "memory" in paths and "pids" in paths:
        memory, pids = (_ROOT / name / paths[name].lstrip("/") for name in ("memory", "pids"))
        candidates.insert(0, Hierarchy(1, memory, pids))
    return next((one for one in candidates if _is_usable(one)), None)


def _own_paths() -> dict[str, str]:
    """The groups of this process, by controller; "" is that of version 2."""
    paths: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _is_usable(hierarchy: Hierarchy) -> bool:
    """Whether a group with limits can be made there: tried, because rights and versions differ."""
    with suppress(OSError):
        group = _make(hierarchy, Limits())
        if group is not None:
            _remove(group)
            return True
    return False


def _make(hierarchy: Hierarchy, limits: Limits) -> ControlGroup | None:
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    folders = tuple(dict.fromkeys((hierarchy.memory / name, hierarchy.pids / name)))
    group = ControlGroup(hierarchy.version, folders)
    memory = "memory.max" if hierarchy.version == 2 else "memory.limit_in_bytes"
    try:
        for folder in folders:
            folder.mkdir()
        (folders[0] / memory).write_text(str(limits.memory))
        (folders[-1] / "pids.max").write_text(str(limits.processes))
    except OSError:
        _remove(group)
        return None
    with suppress(OSError):  # not every kernel counts swap
        (folders[0] / "memory.swap.max").write_text("0")
    return group


def _remove(group: ControlGroup) -> None:
    for folder in group.folders:
        for _ in range(_ATTEMPTS):
            _kill_all(folder)
            with suppress(OSError):
                folder.rmdir()
            if not folder.exists():
                break
            time.sleep(_PAUSE)


def _kill_all(folder: Path) -> None:
    with suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(pid), signal.SIGKILL)


def _counter(path: Path, name: str) -> int:
    with suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


def sweep_groups() -> None:
    """Remove groups whose process is gone: it was killed before it could."""
    hierarchy = _hierarchy()
    for parent in {hierarchy.memory, hierarchy.pids} if hierarchy else ():
        for folder in parent.glob(f"{_PREFIX}*"):
            owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if owner.isdigit() and not Path(f"/proc/{owner}").exists():
                _remove(ControlGroup(hierarchy.version if hierarchy else 1, (folder,)))
