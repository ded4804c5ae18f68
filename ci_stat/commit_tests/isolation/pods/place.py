"""The port of what runs pods: podman on this machine, or a cluster. All calls block."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from ci_stat.commit_tests.isolation.ending import Ended
from ci_stat.commit_tests.isolation.pods.plan import PodPlan


class PodPlace(Protocol):
    """Where pods run. Every method raises SourceError if the far end does not do it."""

    @property
    def name(self) -> str:
        """The name of the backend."""

    def prepare(self) -> None:
        """Make ready what the pods of a session share."""

    def start(self, plan: PodPlan, seconds: float, check: Callable[[], None]) -> str:
        """Start the pod and return its name once both containers run.

        `check` is called while it waits, and raises Stopped when the caller wants no more.
        """

    def send(self, pod: str, archive: BinaryIO, folder: str) -> None:
        """Unpack a tar file in a folder of the pod."""

    def output(self, pod: str, check: Callable[[], None]) -> Iterator[bytes]:
        """Yield what the step prints, until its container has ended."""

    def ended(self, pod: str) -> Ended | None:
        """How the container of the step ended; None while it runs."""

    def read(self, pod: str, words: Sequence[str], limit: int) -> bytes:
        """Return what a command in `keep` prints. Raises SourceError for more than `limit`."""

    def save(self, pod: str, words: Sequence[str], path: Path, limit: int) -> bool:
        """Write what a command in `keep` prints to a file; False if it was cut at `limit`."""

    def remove(self, plan: PodPlan) -> None:
        """End and delete the pod, at once, whatever its state."""

    def advice(self, plan: PodPlan, /) -> str:
        """The command with which a person looks at a failed step; empty if nothing is kept."""
