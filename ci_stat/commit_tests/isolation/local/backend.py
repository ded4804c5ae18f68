"""The backend `local`: a worktree and a sandbox for each run."""

import asyncio
import os
import platform
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.commit_tests.isolation.commit_run import Ask
from ci_stat.commit_tests.isolation.digest import environment_digest
from ci_stat.commit_tests.isolation.local.run import Isolation, LocalRun
from ci_stat.commit_tests.isolation.local.sandbox import Sandbox, program, require_sandbox
from ci_stat.commit_tests.isolation.local.setups import Setups
from ci_stat.commit_tests.isolation.templates import Templates
from ci_stat.commit_tests.isolation.variables import variables_of
from ci_stat.commit_tests.model import Emit, RunEnded, RunResult, TestRequest
from ci_stat.commit_tests.repository import RepositoryCache
from ci_stat.commit_tests.repository.checkout import remove_tree
from ci_stat.commit_tests.repository.locks import hold
from ci_stat.errors import SourceError

_RELEASE = Path("/etc/os-release")


@dataclass(frozen=True)
class LocalBackend:
    """Runs commits on this machine.

    - `folder`: ours alone: repositories, outputs, kept setups, and the folders of runs.
    - `permitted`: variables of this machine whose values a request may ask for by name.
    - `may_run_unisolated`: for the demo alone, on machines without bubblewrap.
    """

    folder: Path
    repositories: RepositoryCache
    templates: Templates = field(default_factory=Templates)
    sandbox: Sandbox = field(default_factory=Sandbox)
    permitted: frozenset[str] = frozenset()
    may_run_unisolated: bool = False

    @property
    def name(self) -> str:
        """The name of the backend."""
        return "local"

    async def check(self) -> None:
        """Raises SourceError if commands cannot be isolated here, with what to install."""
        if self.is_isolated:
            await require_sandbox()

    @property
    def is_isolated(self) -> bool:
        """Whether commands run in a sandbox. Raises SourceError if they cannot."""
        try:
            program()
        except SourceError:
            if self.may_run_unisolated:
                return False
            raise
        return True

    async def run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        """Run one commit, as `Backend` says."""
        async with self._scratch() as scratch:
            ask = self._ask(request, scratch)
            run = LocalRun(self.name, self.repositories, ask, emit, cancel)
            run.is_isolated = self.is_isolated
            run.isolation = self._isolation()
            result = await run.whole()
        emit(RunEnded(result=result))
        return result

    async def environment_digest(self, request: TestRequest) -> str:
        """Return a digest of this machine, the setup, the limits and the variables."""
        template = self.templates.get(request.project_type)
        variables = variables_of(request, self.permitted)
        return environment_digest(request, template, variables, self._machine())

    def sweep(self) -> int:
        """Delete the folders of runs whose process is gone; return how many they were."""
        swept = 0
        for lock in (self.folder / "runs").glob("*.lock"):
            handle = hold(lock)
            if handle is None:
                continue
            remove_tree(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
            os.close(handle)
            swept += 1
        return swept

    def _ask(self, request: TestRequest, scratch: Path) -> Ask:
        template = self.templates.get(request.project_type)
        variables = variables_of(request, self.permitted)
        digest = environment_digest(request, template, variables, self._machine())
        output = self.folder / "outputs" / f"{scratch.name}.log"
        return Ask(request, template, variables, digest, output, scratch)

    def _isolation(self) -> Isolation:
        if not self.is_isolated:
            return Isolation(None)
        return Isolation(self.sandbox, Setups(self.folder / "setups", self.sandbox))

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        """A folder of one run. Its lock ends with this process, so that `sweep` knows."""
        runs = self.folder / "runs"
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = runs / uuid.uuid4().hex[:16]
        lock = scratch.with_suffix(".lock")
        handle = hold(lock)
        assert handle is not None, "a new name"
        try:
            scratch.mkdir(mode=0o700)
            yield scratch
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, scratch))
            lock.unlink(missing_ok=True)
            os.close(handle)

    def _machine(self) -> list[str]:
        release = _RELEASE.read_text() if _RELEASE.exists() else platform.platform()
        tools = [f"{tool}: {os.stat(tool).st_mtime_ns}" for tool in self.sandbox.tools]
        return [platform.machine(), release, str(self.is_isolated), *tools]


def _remove(scratch: Path) -> None:
    remove_tree(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
