"""Who is at a delivery: this process by name, and whether the process of a name still lives."""

import os
import socket
from pathlib import Path

from ci_stat.escape import visible


def this_process() -> str:
    """This process as `host:pid:start`; no other has this name, because its start holds boot and process namespace."""
    pid = os.getpid()
    ticks, system = _ticks(pid), _system()
    return f"{socket.gethostname()}:{pid}:{f'{system}.{ticks}' if system and ticks else ''}"


def is_alive(owner: str) -> bool:
    """Whether a process lives, as `this_process` called it. True for one of another host, container or boot.

    Nothing can be seen of those from here: `Deliveries` believes it for `LEASE`.
    """
    _, pid, start = _parts(owner)
    if not pid or _place(owner) != _place(this_process()):
        return True
    ticks = _ticks(int(pid))
    return _exists(int(pid)) if ticks is None else ticks == start.rpartition(".")[2]


def is_seen(owner: str, ours: str) -> bool:
    """Whether life and death of that process can be seen from ours for certain."""
    return bool(_parts(owner)[2]) and _place(owner) == _place(ours)


def _parts(owner: str) -> tuple[str, str, str]:
    """Host, pid and start; "" for pid and start of what is no owner."""
    host, _, rest = owner.rpartition(":")
    host, _, pid = host.rpartition(":")
    return (host, pid, rest) if pid.isascii() and pid.isdigit() else (owner, "", "")


def _place(owner: str) -> tuple[str, str]:
    host, _, start = _parts(owner)
    return host, start.rpartition(".")[0]


def process_words(owner: str) -> str:
    host, pid, _ = _parts(owner)
    return f"process (pid {pid} on host {visible(host)})" if pid else f"process ({visible(owner)})"


def _system() -> str:
    """This boot and this process namespace; "" where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return f"{boot[:8]}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _ticks(pid: int) -> str | None:
    """When the process of this number started, in ticks since boot. "" if it has ended; None if that cannot be seen."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    state, *rest = (
        stat.rpartition(b")")[2].decode().split()
    )  # its name, before that, may hold anything
    return "" if state in "ZX" else rest[18]  # a zombie has ended, though nobody has asked how


def _exists(pid: int) -> bool:
    if os.name != "posix":  # elsewhere the question itself would end it
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        return True
    return True
