"""The kubelet: real containers by `podman kube play`, in a store of their own."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

# The settings without which no container starts where cgroups are hybrid (found by trying).
_CONF = """[containers]
default_ulimits = ["nofile=4096:4096","nproc=4096:4096"]
netns = "host"
log_driver = "k8s-file"
[engine]
runtime = "runc"
events_logger = "file"
cgroup_manager = "cgroupfs"
"""
IMAGE = "localhost/ci-stat-test:1"
_LINKS = (
    "sh cat ls sleep tar touch mkdir head tail find sed printf true false id env wget nc kill dd"
    " test rm cp mv ln chmod mount seq yes tr wc xargs sort grep ping sync"
)


@dataclass(frozen=True)
class Podman:
    """podman with a store below `folder`."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CONTAINERS_CONF": str(self.conf)}

    @property
    def conf(self) -> Path:
        return self.folder / "containers.conf"

    @property
    def command(self) -> list[str]:
        return ["podman", f"--root={self.folder}/store", f"--runroot={self.folder}/run"]

    def prepare(self) -> None:
        """Write the settings and make an image of busybox, without any registry."""
        self.conf.write_text(_CONF)
        archive = BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
            for name in _LINKS.split():
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
            folder = tarfile.TarInfo("tmp")
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(folder)
        path = ["--change", "ENV PATH=/bin:/usr/bin"]
        self.run("import", *path, "-", IMAGE, data=archive.getvalue())

    def run(self, *arguments: str, data: bytes = b"", check: bool = True) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            input=data,
            capture_output=True,
            check=False,
            env=self.environment,
            cwd=self.folder,
        )
        if check and done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*self.command, *arguments],
            stdin=options.get("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=options.get("stderr", subprocess.STDOUT),
            env=self.environment,
            cwd=self.folder,
        )

    def play(self, pod: dict[str, Any], network: str) -> None:
        text = json.dumps(pod).encode()
        self.run("kube", "play", f"--network={network}", "-", data=text)

    def states(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The states of containers; none of those that are gone."""
        answer = self.run("inspect", "--type=container", *names, check=False)
        states: list[dict[str, Any]] = json.loads(answer or "[]")
        return states

    def remove_pod(self, name: str) -> None:
        self.run("pod", "rm", "--force", "--time=0", "--ignore", name, check=False)
        volumes = self.run("volume", "ls", "--quiet", f"--filter=name=^{name}-").split()
        if volumes:
            self.run("volume", "rm", "--force", *volumes, check=False)

    def close(self) -> None:
        self.run("pod", "rm", "--all", "--force", "--time=0", check=False)
        self.run("rm", "--all", "--force", "--time=0", check=False)
        self.run("rmi", "--all", "--force", check=False)
