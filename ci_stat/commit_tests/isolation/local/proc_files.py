"""The /proc of a sandbox: its own processes, and nothing of the kernel that can be written.

Files of /proc belong to the user root of the machine. A command of a server that runs as root has
no rights, but it is that user, so without this it could change the settings of the kernel.
"""

import os
import stat
from pathlib import Path

_PROC = Path("/proc")
_HIDDEN = ("acpi", "asound", "kcore", "keys", "latency_stats", "scsi", "sched_debug", "timer_list")
_VIRTUAL = ("self", "thread-self", "mounts", "net")  # links to what belongs to a process


def proc_words() -> list[str]:
    """The arguments of bubblewrap."""
    words = ["--proc", str(_PROC)]
    for path in sorted(_PROC.iterdir()):
        if path.name.isdigit() or path.name in _VIRTUAL or path.is_symlink():
            continue
        words += _words_of(path)
    return words


def _words_of(path: Path) -> list[str]:
    is_hidden = path.name in _HIDDEN
    if path.is_dir():
        empty = ["--tmpfs", str(path), "--remount-ro", str(path)]
        return empty if is_hidden else _read_only(path)
    if is_hidden:
        return ["--ro-bind", os.devnull, str(path)]
    is_writable = path.lstat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return _read_only(path) if is_writable else []


def _read_only(path: Path) -> list[str]:
    return ["--ro-bind", str(path), str(path)]
