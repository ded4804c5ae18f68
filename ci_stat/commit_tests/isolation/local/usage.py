"""What the processes of a sandbox use together, from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS, _RSS = 17, 21  # fields of /proc/PID/stat after the name, from 0
_MOST = 100_000  # processes that are looked at


@dataclass(frozen=True, slots=True)
class Usage:
    """`tasks`: processes and threads. `memory`: bytes; shared pages count several times."""

    tasks: int
    memory: int


def usage(root: int) -> Usage:
    """What a process and all below it use."""
    tasks = memory = 0
    for pid in tree(root):
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
            tasks += int(fields[_THREADS])
            memory += int(fields[_RSS]) * _PAGE
    return Usage(tasks, memory)


def exact_memory(root: int) -> int:
    """Bytes of memory of a process and all below it, each shared page counted once."""
    total = 0
    for pid in tree(root):
        with suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def tree(root: int) -> Iterator[int]:
    """A process and all below it."""
    pending = [root]
    seen = 0
    while pending and seen < _MOST:
        pid = pending.pop()
        seen += 1
        yield pid
        with suppress(OSError, ValueError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_bytes()
            pending.extend(map(int, children.split()))


def disk_bytes(folders: list[Path]) -> int:
    """Bytes on disk below the folders. Follows no link, and counts what it may read."""
    total = 0
    pending = [str(folder) for folder in folders]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total
