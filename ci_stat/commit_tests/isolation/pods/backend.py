"""The backends whose runs are pods."""

import asyncio
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.commit_tests.isolation.commit_run import Ask
from ci_stat.commit_tests.isolation.digest import environment_digest
from ci_stat.commit_tests.isolation.pods.place import PodPlace
from ci_stat.commit_tests.isolation.pods.run import PodRun
from ci_stat.commit_tests.isolation.templates import Templates
from ci_stat.commit_tests.isolation.variables import variables_of
from ci_stat.commit_tests.model import Emit, RunEnded, RunResult, TestRequest
from ci_stat.commit_tests.repository import RepositoryCache


@dataclass(frozen=True)
class PodBackend:
    """Runs each commit in pods of a place.

    - `folder`: for the outputs that are kept.
    - `permitted`: variables of this machine whose values a request may ask for by name.
    """

    place: PodPlace
    folder: Path
    repositories: RepositoryCache
    templates: Templates = field(default_factory=Templates)
    permitted: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name of the backend."""
        return self.place.name

    async def run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        """Run one commit, as `Backend` says."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ci-stat-pod-", dir=self.folder) as scratch:
            ask = self._ask(request, Path(scratch))
            run = PodRun(self.name, self.repositories, ask, emit, cancel)
            run.place = self.place
            result = await run.whole()
        emit(RunEnded(result=result))
        return result

    async def environment_digest(self, request: TestRequest) -> str:
        """Return a digest of image, setup, limits and variables."""
        template = self.templates.get(request.project_type)
        variables = variables_of(request, self.permitted)
        return environment_digest(request, template, variables, [self.name, template.image])

    def _ask(self, request: TestRequest, scratch: Path) -> Ask:
        template = self.templates.get(request.project_type)
        variables = variables_of(request, self.permitted)
        digest = environment_digest(request, template, variables, [self.name, template.image])
        output = self.folder / "outputs" / f"{uuid.uuid4().hex[:16]}.log"
        return Ask(request, template, variables, digest, output, scratch)
