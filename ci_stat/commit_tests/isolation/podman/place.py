"""Pods of podman on this machine."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import BinaryIO

from ci_stat.commit_tests.isolation.ending import Ended
from ci_stat.commit_tests.isolation.podman.program import Podman, saved
from ci_stat.commit_tests.isolation.pods.manifest import pod, volume_names
from ci_stat.commit_tests.isolation.pods.plan import KEEP, RUN, PodPlan
from ci_stat.errors import SourceError

_POLL = 0.1  # seconds
_UNPACK = 'mkdir -p "$1" && tar -x -o -m -f - -C "$1"'
_OVER = ("exited", "stopped")


@dataclass(frozen=True, slots=True)
class PodmanPlace:
    """This machine. `network`: that of podman for steps which may use one."""

    podman: Podman = field(default_factory=Podman)
    network: str = "podman"

    @property
    def name(self) -> str:
        return "podman"

    def prepare(self) -> None:
        self.podman.run("answer", "version")

    def start(self, plan: PodPlan, seconds: float, check: Callable[[], None]) -> str:
        text = json.dumps(pod(plan)).encode()
        network = self.network if plan.network else "none"
        check()
        play = ("kube", "play", f"--network={network}", "-")
        self.podman.run("start a pod", *play, data=text, timeout=seconds)
        return plan.name

    def send(self, pod: str, archive: BinaryIO, folder: str) -> None:
        archive.seek(0)
        unpack = ("sh", "-c", _UNPACK, "sh", folder)
        name = f"{pod}-{KEEP}"
        self.podman.run("unpack files in a pod", "exec", "-i", name, *unpack, data=archive)

    def output(self, pod: str, check: Callable[[], None]) -> Iterator[bytes]:
        process = self.podman.start("logs", "--follow", f"{pod}-{RUN}")
        assert process.stdout is not None
        try:
            while data := process.stdout.read1(65536):  # type: ignore[attr-defined]
                yield data
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        while self.ended(pod) is None:
            check()
            time.sleep(_POLL)

    def ended(self, pod: str) -> Ended | None:
        state = self.podman.inspect(f"{pod}-{RUN}")
        if state is None:
            return Ended(None, "the container is gone")
        if state["Status"] not in _OVER:
            return None
        return Ended(state["ExitCode"], "OOMKilled" if state.get("OOMKilled") else "")

    def read(self, pod: str, words: Sequence[str], limit: int) -> bytes:
        output = self.podman.run("run a command in a pod", "exec", f"{pod}-{KEEP}", *words)
        if len(output) > limit:
            raise SourceError(f"A command in a pod printed more than {limit:,} bytes.")
        return output

    def save(self, pod: str, words: Sequence[str], path: Path, limit: int) -> bool:
        command = ("exec", f"{pod}-{KEEP}", *words)
        return saved(self.podman.start(*command, errors=DEVNULL), path, limit)

    def remove(self, plan: PodPlan) -> None:
        remove = ("pod", "rm", "--force", "--time=0", "--ignore", plan.name)
        self.podman.run("remove a pod", *remove)
        self.podman.run("remove its volumes", "volume", "rm", "--force", *volume_names(plan))

    def advice(self, _plan: PodPlan, /) -> str:
        return ""
