"""The name of this process, and whether the process of a name is alive."""

import os
import socket
from pathlib import Path

from ci_stat.escape import visible


def this_process() -> str:
    """This process as `host:pid:start`, which is unique: `start` has boot and pid namespace."""
    pid = os.getpid()
    ticks, system = _ticks(pid), _system()
    start = f"{system}.{ticks}" if system and ticks else ""
    return f"{socket.gethostname()}:{pid}:{start}"


def is_alive(owner: str) -> bool:
    """Whether the process that `this_process` named so is alive.

    True for one of another host, container or boot, which cannot be observed from here: such an
    owner keeps its claims for the length of a lease.
    """
    _, pid, start = _parts(owner)
    if not pid or _place(owner) != _place(this_process()):
        return True
    ticks = _ticks(int(pid))
    return _exists(int(pid)) if ticks is None else ticks == start.rpartition(".")[2]


def is_seen(owner: str, ours: str) -> bool:
    """Whether our process can reliably observe the other one."""
    return bool(_parts(owner)[2]) and _place(owner) == _place(ours)


def _parts(owner: str) -> tuple[str, str, str]:
    """Host, pid and start; pid and start are "" for text of another form."""
    host, _, start = owner.rpartition(":")
    host, _, pid = host.rpartition(":")
    is_pid = pid.isascii() and pid.isdigit()
    return (host, pid, start) if is_pid else (owner, "", "")


def _place(owner: str) -> tuple[str, str]:
    host, _, start = _parts(owner)
    return host, start.rpartition(".")[0]


def process_words(owner: str) -> str:
    host, pid, _ = _parts(owner)
    return f"process (pid {pid} on host {visible(host)})" if pid else f"process ({visible(owner)})"


def _system() -> str:
    """This boot and this pid namespace; "" on systems without /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return f"{boot[:8]}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _ticks(pid: int) -> str | None:
    """The start of a process in ticks since boot; "" if it has exited, None if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The process name comes before the last parenthesis and may contain any character.
    state, *fields = stat.rpartition(b")")[2].decode().split()
    is_zombie_or_dead = state in "ZX"
    return "" if is_zombie_or_dead else fields[18]


def _exists(pid: int) -> bool:
    if os.name != "posix":  # on Windows, os.kill would end the process
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # a process of another user
        return True
    return True
