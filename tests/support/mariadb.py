"""A private MariaDB server for tests and benchmarks, with its own data folder and a free port.

The server and its data are deleted when the test run ends.

Runs as root or as an ordinary user.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BINARIES = ("mariadbd", "mariadb-install-db")
_SBIN = "/usr/sbin:/sbin"  # where Debian puts the server; not on an ordinary user's PATH


def _binary(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")


def missing() -> str | None:
    """Why no server can be started here, or None."""
    gone = [name for name in _BINARIES if _binary(name) is None]
    return (
        f"{' and '.join(gone)} not found: `make test` installs mariadb-server where it may"
        if gone
        else None
    )


def _as_user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One running server. `url(database)` is for SQLAlchemy; root has no password on loopback."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def url(self, database: str = "", driver: str = "pymysql") -> str:
        return f"mysql+{driver}://root:@127.0.0.1:{self.port}/{database}"

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def sql(self, text: str, database: str = "") -> str:
        """The output of the `mariadb` client for `text`.

        Raises RuntimeError with the server's message.
        """
        command = [
            "mariadb",
            "--no-defaults",
            "-uroot",
            "-BN",
            f"--socket={self.socket}",
            *([database] if database else []),
        ]
        done = subprocess.run(command, input=text, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"mariadb: {done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def account(self, name: str, password: str, rights: str) -> Iterator[str]:
        """A user of this name with `rights` ("select on t1.*").

        It is dropped after the block, since tests share the server.
        """
        self.sql(f"create user {name}@'%' identified by '{password}'; grant {rights} to {name}@'%'")
        try:
            yield name
        finally:
            self.sql(f"drop user {name}@'%'")

    def stop(self, kill: bool = False) -> None:
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(timeout=60)


def _home() -> str | None:
    shm = Path("/dev/shm")
    return str(shm) if shm.is_dir() and shutil.disk_usage(shm).free > 2 * 2**30 else None


def install(folder: Path, log_file: str = "8M") -> None:
    subprocess.run(
        [
            str(_binary("mariadb-install-db")),
            "--no-defaults",
            f"--datadir={folder}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            f"--innodb-log-file-size={log_file}",
            *_as_user(),
        ],
        check=True,
        capture_output=True,
    )


def copy_installed(template: Path, folder: Path) -> None:
    """Copy an installed data folder. The first of several processes installs it, others wait.

    An installation takes ten times the CPU time of a copy.
    """
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            unfinished = template.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            install(unfinished)
            unfinished.rename(template)
    shutil.copytree(template, folder)


def start(
    folder: Path, *options: str, log_file: str = "8M", pool: str = "64M", port: int = 0
) -> Server:
    """A server on the data in `folder`/data, ready for work. `port`: by default a free one.

    Raises RuntimeError with the server's log if it exits.
    """
    port = port or _free_port()
    log = folder / "log.err"  # the server adds .err to a name without an ending
    log.unlink(missing_ok=True)  # of an earlier start, which was ready once
    # A starting server clears its temporary folder, and would delete the tables of the others.
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [
            str(_binary("mariadbd")),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--socket={folder / 's'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--pid-file={folder / 'pid'}",
            f"--log-error={log}",
            f"--tmpdir={temporary}",
            "--skip-name-resolve",
            f"--innodb-buffer-pool-size={pool}",
            f"--innodb-log-file-size={log_file}",
            "--innodb-flush-log-at-trx-commit=0",
            "--performance-schema=OFF",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--max-allowed-packet=64M",
            *_as_user(),
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(folder, port, process)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"mariadbd died: {log.read_text(errors='replace')[-2000:]}")
        if "ready for connections" in (log.read_text(errors="replace") if log.exists() else ""):
            return server
        time.sleep(0.02)
    server.stop(kill=True)
    raise RuntimeError("mariadbd did not come up in 60 s")


@contextmanager
def running(
    *options: str,
    log_file: str = "8M",
    pool: str = "64M",
    memory: bool = True,
    template: Path | None = None,
) -> Iterator[Server]:
    """A fresh server for as long as the block runs.

    `template`: an installed data folder that is copied; it is made if it does not exist.
    """
    # A short name: a socket's path must stay under 108 characters.
    folder = Path(tempfile.mkdtemp(prefix="cst", dir=_home() if memory else None))
    server = None
    try:
        if template is None:
            install(folder / "data", log_file)
        else:
            copy_installed(template, folder / "data")
        server = start(folder, *options, log_file=log_file, pool=pool)
        yield server
    finally:
        if server and server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def has_spider() -> bool:
    """Whether the sharding engine is installed beside the server."""
    return any(Path("/usr/lib").glob("**/mysql/plugin/ha_spider.so"))
