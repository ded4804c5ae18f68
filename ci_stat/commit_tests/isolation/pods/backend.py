"""Runs commit tests in pods: clone and checkout here, setup and test in a pod each.

The pods get an archive of the files. They need no git, no credential and no network.
"""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ci_stat.commit_tests.isolation.pods.place import PodPlace, Template
from ci_stat.commit_tests.isolation.pods.run import PodRun
from ci_stat.commit_tests.model import Emit, RunEnded, RunResult, TestRequest
from ci_stat.commit_tests.repository import RepositoryCache
from ci_stat.errors import UsageError


@dataclass(frozen=True)
class PodBackend:
    """Runs each commit in pods of a place.

    - `template`: returns the template of a project type. Raises UsageError for an unknown one.
    - `folder`: for the outputs that are kept. `permitted`: variables of this machine whose values
      a request may ask for by name.
    """

    place: PodPlace
    repositories: RepositoryCache
    template: Callable[[str], Template]
    folder: Path
    permitted: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.place.name

    async def run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        """Run one commit, as `Backend` says."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ci-stat-pod-", dir=self.folder) as scratch:
            run = PodRun(self, request, emit, cancel, Path(scratch))
            result = await run.whole()
        emit(RunEnded(result=result))
        return result

    async def environment_digest(self, request: TestRequest) -> str:
        """Return a digest of image, setup, limits and variables."""
        template = self.template(request.project_type)
        parts = {
            "place": self.place.name,
            "image": template.image,
            "setup": template.setup if request.setup is None else request.setup,
            "limits": None if request.limits is None else request.limits.to_json().decode(),
            "network": request.network,
            "environment": sorted(self.variables(request).items()),
        }
        text = json.dumps(parts, sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest()

    def variables(self, request: TestRequest) -> dict[str, str]:
        """The variables that the commands see. Raises UsageError for one that is not permitted."""
        variables: dict[str, str] = {}
        for entry in request.environment:
            name, equals, value = entry.partition("=")
            if equals:
                variables[name] = value
            elif name in self.permitted:
                variables[name] = os.environ.get(name, "")
            else:
                raise UsageError(
                    f"The variable {name} of this machine is not permitted.",
                    f"Write {name}=value, or permit it in commits_environment.",
                )
        return variables
