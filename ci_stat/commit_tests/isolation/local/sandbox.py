"""The sandbox: which files, variables and networks a command sees. Arguments of bubblewrap.

The command sees the programs of this machine read-only, its checkout, a home folder of its own and
an empty /tmp. It has no network, no capability, no other process, and no way to a namespace of its
own.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_stat.commit_tests.isolation.local.proc_files import proc_words
from ci_stat.commit_tests.model import Limits
from ci_stat.commit_tests.repository.checkout import INSIDE
from ci_stat.errors import SourceError
from ci_stat.escape import visible

WORK, HOME, MARKS = "/work", "/home/ci", "/ci-stat"
USER = 10001
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/localtime", "/etc/mime.types"),
    *("/etc/java", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/nsswitch.conf"),
)
_ETC_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/protocols")
_ISOLATED = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled"),
    *("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
    *("--uid", str(USER), "--gid", str(USER), "--hostname", "ci-stat"),
)
_HINT = "apt-get install bubblewrap, or choose another backend (commits_backend)."
_HINT_NAMESPACES = (
    "This user may not make namespaces. Ubuntu: allow bwrap in AppArmor, or set"
    " kernel.apparmor_restrict_unprivileged_userns=0; Debian: kernel.unprivileged_userns_clone=1."
)


@dataclass(frozen=True, slots=True)
class Folders:
    """What a command sees of this machine. `marks`: our script, and the marker that it writes."""

    work: Path
    home: Path
    marks: Path
    repository: Path | None = None


@dataclass(frozen=True, slots=True)
class Sandbox:
    """bubblewrap on this machine.

    `tools`: further folders that commands may read, such as a toolchain in /opt. Their `bin`
    folders come first in PATH.
    """

    tools: tuple[Path, ...] = ()

    @property
    def path(self) -> str:
        """The PATH that commands see."""
        places = [str(tool / "bin") for tool in self.tools if (tool / "bin").is_dir()]
        return ":".join([*places, SYSTEM_PATH])

    def argv(
        self, folders: Folders, limits: Limits, network: bool, command: Sequence[str]
    ) -> list[str]:
        """Return the words that start the command. Raises SourceError without bubblewrap."""
        return [
            program(),
            *_ISOLATED,
            *(["--share-net"] if network else []),
            *("--setenv", "PATH", self.path),
            *_system(),
            *_read_only([*_ETC, *(_ETC_NETWORK if network else [])]),
            *_read_only([str(tool) for tool in self.tools]),
            *_read_only_at(folders.marks / "passwd", "/etc/passwd"),
            *proc_words(),
            *("--dev", "/dev"),
            *("--size", str(limits.file_bytes), "--tmpfs", "/dev/shm"),  # noqa: S108
            *("--size", str(limits.file_bytes), "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108
            *("--bind", str(folders.work), WORK, "--bind", str(folders.home), HOME),
            *("--bind", str(folders.marks), MARKS),
            *(_read_only_at(folders.repository, INSIDE) if folders.repository else []),
            *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--"),
            *command,
        ]


def program() -> str:
    """Return the path of bubblewrap. Raises SourceError that names the package."""
    found = shutil.which("bwrap")
    if found is None:
        raise SourceError("bubblewrap is not installed, and local runs need it.", _HINT)
    return found


def passwd() -> str:
    """The users that commands see: one."""
    return f"ci:x:{USER}:{USER}:ci:{HOME}:/bin/sh\n"


async def require_sandbox() -> None:
    """Raises SourceError if a sandbox cannot be made here, with the reason."""
    trial = [program(), *_ISOLATED, *_system(), *proc_words(), "true"]
    process = await asyncio.create_subprocess_exec(
        *trial,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    _, errors = await process.communicate()
    if process.returncode != 0:
        words = visible(errors.decode(errors="replace").strip(), 300)
        hint = _HINT_NAMESPACES if "ermission" in words or "permitted" in words else _HINT
        raise SourceError(f"bubblewrap cannot make a sandbox here: {words}", hint)


def _system() -> list[str]:
    """The programs and libraries of this machine, read-only."""
    words = ["--ro-bind", "/usr", "/usr"]
    for place in _LINKS:
        if os.path.islink(place):
            words += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            words += ["--ro-bind", place, place]
    return words


def _read_only(places: Sequence[str]) -> list[str]:
    words: list[str] = []
    for place in places:
        words += ["--ro-bind-try", place, place]
    return words


def _read_only_at(source: Path, place: str) -> list[str]:
    return ["--ro-bind", str(source), place]
