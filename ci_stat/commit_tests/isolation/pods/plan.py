"""What a pod shall run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_stat.commit_tests.model import Command, Limits
from ci_stat.errors import UsageError
from ci_stat.escape import visible

RUN, KEEP = "run", "keep"  # the containers
SPACE = "/ci-stat-space"  # the volume with the checkout and the home folder
WORK, HOME = f"{SPACE}/work", f"{SPACE}/home"
MARKS = "/ci-stat-marks"  # the volume by which the containers and we signal each other
USER = 10001  # of all processes, and the owner of all files

_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")  # with room for an ending
_CPU = re.compile(r"[1-9][0-9]*m?")


@dataclass(frozen=True, slots=True)
class PodPlan:
    """One step as a pod.

    - `name`: a DNS label. `nonce`: a random word that marks the exit of this step.
    - `environment`: names and values. They are handed over as a file, never as part of the pod.
    - `cpu`: cores, such as 2, or thousandths of one, such as 500m.
    - `pull`: when the image is fetched: Always, IfNotPresent or Never.
    - `network`: whether the step may use the network.
    """

    name: str
    image: str
    command: Command
    nonce: str
    limits: Limits = field(default_factory=Limits)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu: str = "1"
    pull: str = "IfNotPresent"
    network: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"Invalid pod name {visible(self.name, 80)!r}.", "Use a-z, 0-9, -.")
        if not _IMAGE.fullmatch(self.image):
            shown = visible(self.image, 120)
            raise UsageError(f"Invalid image {shown!r}.", "Write it such as python:3.13-slim.")
        if not _CPU.fullmatch(self.cpu):
            shown = visible(self.cpu, 40)
            raise UsageError(f"Invalid cpu {shown!r}.", "Write cores (2) or thousandths (500m).")
