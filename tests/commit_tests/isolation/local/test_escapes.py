"""Attempts to get out of the sandbox, and what comes of each.

A command prints ESCAPED where it got what it must not get. Each attempt runs with a deadline, and
the host is looked at afterwards.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci_stat.commit_tests.isolation.local import control_group
from ci_stat.commit_tests.model import Limits, Outcome
from tests.commit_tests.isolation.bench import Bench
from tests.commit_tests.isolation.repositories import commit
from tests.support.drawn import full
from tests.support.git import git

MIB = 1024 * 1024


def connecting(to: str) -> str:
    """A command that tries to connect."""
    code = f"import socket; socket.create_connection({to}, 1)"
    return f'PYTHON -c "{code}" && echo ESCAPED'


@dataclass(frozen=True)
class Attempt:
    """A command and the outcomes that are right. `HOST`: a folder of this machine."""

    name: str
    command: str
    outcomes: tuple[Outcome, ...] = (Outcome.PASSED, Outcome.FAILED)


_ENDED = (Outcome.FAILED, Outcome.OUT_OF_MEMORY, Outcome.TIMED_OUT)
ATTEMPTS = [
    Attempt("write to the system", "touch /usr/x /etc/x /x /bin/x && echo ESCAPED"),
    Attempt("write to a device folder", "touch /dev/x && echo ESCAPED"),
    Attempt("write outside by a path", "echo x > HOST/secret && echo ESCAPED"),
    Attempt("read a file of the host", "cat HOST/secret && echo ESCAPED"),
    Attempt("read shadow", "cat /etc/shadow && echo ESCAPED"),
    Attempt("list homes", "ls /root /home/* | grep -v ci && echo ESCAPED"),
    Attempt(
        "read the environment of others", "cat /proc/*/environ | grep -a HIDDEN && echo ESCAPED"
    ),
    Attempt("read our own environment", "env | grep HIDDEN && echo ESCAPED"),
    Attempt(
        "see processes of the host", "test $(ls /proc | grep -c '^[0-9]') -gt 12 && echo ESCAPED"
    ),
    Attempt("the root of process 1", "cat /proc/1/root/HOST/secret && echo ESCAPED"),
    Attempt("kill everybody", "kill -9 -1; true", (Outcome.INFRASTRUCTURE,)),
    Attempt("kill process 1", "kill -9 1; sleep 0.1; echo alive"),
    Attempt("a symlink to the host", "ln -s HOST l; cat l/secret && echo ESCAPED"),
    Attempt("a hard link to the system", "ln /usr/bin/env l && chmod 777 l && echo ESCAPED"),
    Attempt("a namespace of its own", "unshare -Ur true && echo ESCAPED"),
    Attempt("mount", "mount -t tmpfs x /tmp && echo ESCAPED"),
    Attempt("remount writable", "mount -o remount,rw / && echo ESCAPED"),
    Attempt("change the root", "chroot /work /bin/sh -c true && echo ESCAPED"),
    Attempt("become root", "su -c true root && echo ESCAPED; sudo -n true && echo ESCAPED"),
    Attempt("make a device", "mknod d b 8 0 && echo ESCAPED"),
    Attempt("a setuid file", "cp /usr/bin/id i; chmod 4755 i; ./i | grep 'euid=0' && echo ESCAPED"),
    Attempt("settings of the kernel", "echo x > /proc/sys/kernel/core_pattern && echo ESCAPED"),
    Attempt("sysrq", "echo h > /proc/sysrq-trigger && echo ESCAPED"),
    Attempt("memory of the kernel", "head -c 1 /dev/mem /proc/kcore && echo ESCAPED"),
    Attempt("control groups", "mkdir /sys/fs/cgroup/x && echo ESCAPED"),
    Attempt("the repository of ours", "touch /repository/x && echo ESCAPED"),
    Attempt("hooks of the repository", "echo x > /repository/hooks/post-checkout && echo ESCAPED"),
    Attempt("settings of the repository", "git config core.fsmonitor x && echo ESCAPED"),
    Attempt("another host", connecting("('1.1.1.1', 53)")),
    Attempt("the host's loopback", connecting("('127.0.0.1', PORT)")),
    Attempt(
        "raw sockets",
        'PYTHON -c "import socket; socket.socket(socket.AF_PACKET, 3)" && echo ESCAPED',
    ),
    Attempt(
        "abstract sockets",
        "PYTHON -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0ABSTRACT')\""
        " && echo ESCAPED",
    ),
    Attempt("open descriptors", "ls /proc/self/fd | grep -vx '[0123]' && echo ESCAPED"),
    Attempt(
        "typing into the terminal",
        "PYTHON -c \"import fcntl; fcntl.ioctl(open('/dev/tty'), 0x5412, b'x')\" && echo ESCAPED",
    ),
    Attempt(  # it stops what started it, and so itself
        "trace process 1",
        'PYTHON -c "import ctypes; exit(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"',
        (Outcome.TIMED_OUT, Outcome.FAILED),
    ),
    Attempt("a fork bomb", "f() { f | f & }; f; sleep 30", _ENDED),
    Attempt("many processes", "for i in $(seq 400); do sleep 30 & done; sleep 30", _ENDED),
    Attempt(
        "fill the disk", "i=0; while head -c 8000000 /dev/zero > f$i; do i=$((i+1)); done", _ENDED
    ),
    Attempt("one large file", "head -c 64000000 /dev/zero > f", (Outcome.FAILED,)),
    Attempt("fill /tmp", "head -c 64000000 /dev/zero > /tmp/f && echo ESCAPED"),
    Attempt("fill shared memory", "head -c 64000000 /dev/zero > /dev/shm/f && echo ESCAPED"),
    Attempt("fill memory", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); sleep 5", _ENDED),
    Attempt("run for ever", "while :; do :; done", (Outcome.TIMED_OUT,)),
    Attempt(
        "ignore signals", "trap '' TERM INT HUP; while :; do sleep 1; done", (Outcome.TIMED_OUT,)
    ),
    Attempt(
        "outlive the run",
        "(setsid sleep 300 & ) ; setsid nohup sleep 300 & true",
        (Outcome.PASSED,),
    ),
    Attempt("terminal escapes", "printf '\\033]0;x\\007\\033[2J\\033]52;c;eA==\\007ok\\n'"),
    Attempt("a line without an end", "head -c 30000000 /dev/zero | tr '\\0' x"),
    Attempt("bytes that are no text", "head -c 300000 /dev/urandom"),
]
LIMITS = Limits(
    seconds=2.0,
    memory=100 * MIB,
    processes=200,
    file_bytes=16 * MIB,
    disk_bytes=200 * MIB,
    output_bytes=MIB,
)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_no_attempt_gets_out(
    attempt: Attempt, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "secret").write_text("s3cret")
    monkeypatch.setenv("HIDDEN", "s3cret")
    command = attempt.command.replace("HOST", str(host)).replace("PYTHON", "/usr/bin/python3")

    with _listening() as (port, name):
        command = command.replace("PORT", str(port)).replace("ABSTRACT", name)
        result = bench.run(command, limits=LIMITS)

    assert result.outcome in attempt.outcomes, result.detail
    assert not any(line.endswith("ESCAPED") for line in bench.lines), bench.lines[-5:]
    assert (host / "secret").read_text() == "s3cret"
    assert os.listdir(host) == ["secret"]
    assert list((tmp_path / "local" / "runs").iterdir()) == []
    assert Path(result.output.path).stat().st_size <= LIMITS.output_bytes + 200
    assert "sleep 300" not in _processes()


@contextmanager
def _listening() -> Iterator[tuple[int, str]]:
    """A server on the host's loopback, and one on an abstract socket."""
    name = f"ci-stat-{os.getpid()}"
    abstract = socket.socket(socket.AF_UNIX)
    with socket.create_server(("127.0.0.1", 0)) as server, abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield server.getsockname()[1], name


def _processes() -> str:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return listed.stdout


@pytest.mark.parametrize(
    "name", [pytest.param("a fork bomb", marks=full), "many processes", "fill memory"]
)
def test_limits_hold_without_control_groups(
    name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_group, "_hierarchy", lambda: None)
    attempt = next(one for one in ATTEMPTS if one.name == name)
    result = bench.run(attempt.command, limits=LIMITS)
    assert result.outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY), result.detail


def _refused(bench: Bench, marker: Path) -> None:
    result = bench.run("true")
    assert result.outcome in (Outcome.PASSED, Outcome.INFRASTRUCTURE)
    assert not marker.exists(), "something of the repository ran on this machine"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".gitattributes", "* filter=evil diff=evil merge=evil\n"),
        (".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch MARKER"\n'),
        (".gitconfig", '[core]\n\tfsmonitor = "touch MARKER"\n\tsshCommand = "touch MARKER"\n'),
        (".githooks/post-checkout", "#!/bin/sh\ntouch MARKER\n"),
    ],
)
def test_nothing_of_a_repository_runs_outside(
    bench: Bench, tmp_path: Path, name: str, text: str
) -> None:
    marker = tmp_path / "marker"
    commit(bench.repository, {name: text.replace("MARKER", str(marker))})
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor"):
        git(bench.repository, "config", key, f"touch {marker}")
    hook = bench.repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    git(bench.repository, "config", "--unset", "core.fsmonitor")
    git(bench.repository, "config", "--unset", "filter.evil.clean")
    marker.unlink(missing_ok=True)
    _refused(bench, marker)


@pytest.mark.parametrize(
    "name", ["--upload-pack=touch x", "-x", "$(touch x)", "a;touch x", "HEAD^{/x}", ":/x", "\n"]
)
def test_hostile_names_of_commits(bench: Bench, name: str, tmp_path: Path) -> None:
    try:
        result = bench.run("true", commit=name)
    except ValueError:
        return
    assert result.outcome is Outcome.INFRASTRUCTURE
    assert not (tmp_path / "x").exists()


def test_a_branch_with_a_hostile_name(bench: Bench) -> None:
    commit(bench.repository, {"file.txt": "x"})
    branch = "x';touch${IFS}y;#"
    git(bench.repository, "branch", branch)
    assert bench.run("true", commit=branch).outcome is Outcome.PASSED
