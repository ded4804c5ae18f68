"""One commit on this machine."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ci_stat.commit_tests.isolation.commit_run import CommitRun, StepCommand
from ci_stat.commit_tests.isolation.ending import Ended, Verdict, judge
from ci_stat.commit_tests.isolation.findings import count_tests
from ci_stat.commit_tests.isolation.local.process import run_guarded
from ci_stat.commit_tests.isolation.local.results import collect
from ci_stat.commit_tests.isolation.local.sandbox import MARKS, Folders, Sandbox, passwd
from ci_stat.commit_tests.isolation.local.script import EXIT, SCRIPT, script
from ci_stat.commit_tests.isolation.local.setups import Setups
from ci_stat.commit_tests.isolation.marker import MAX_MARKER, Marker, read_marker
from ci_stat.commit_tests.model import Outcome, Step
from ci_stat.commit_tests.repository import Repository
from ci_stat.commit_tests.repository.checkout import checked_out

_SIGNALLED = 128


@dataclass(frozen=True, slots=True)
class Isolation:
    """How commands are isolated. `sandbox`: None runs them with all rights, for the demo alone."""

    sandbox: Sandbox | None
    setups: Setups | None = None


class LocalRun(CommitRun):
    """One run. Its folders are below `ask.scratch`."""

    isolation: Isolation
    _folders: Folders
    _repository: Repository

    @asynccontextmanager
    async def checked_out(self, repository: Repository) -> AsyncIterator[None]:
        scratch = self.ask.scratch
        home = scratch / "home"
        home.mkdir(mode=0o700)
        self._repository = repository
        async with checked_out(repository, self.commit, scratch / "work") as work:
            self._folders = Folders(work, home, scratch, repository.folder)
            yield

    async def run_command(self, command: StepCommand) -> Verdict:
        """Run the command in the sandbox. A setup that was kept is unpacked instead."""
        is_setup = command.step is Step.SETUP
        setups = self.isolation.setups if is_setup else None
        key = setups.key(self.ask, self._folders.work) if setups else ""
        if setups and key and await setups.restore(key, self._folders):
            self.output.feed(command.step, b"The files of an earlier setup are used.\n")
            return Verdict(Outcome.PASSED, 0)

        before = setups.names(self._folders.work) if setups and key else frozenset()
        verdict = await self._run(command)
        if setups and key and verdict.outcome is Outcome.PASSED:
            await setups.keep(key, self._folders, before)
        if command.step is Step.TEST and self.request.junit:
            files, problems = await asyncio.to_thread(
                collect, self._folders.work, self.request.junit
            )
            self.tests = await asyncio.to_thread(count_tests, files, problems)
        return verdict

    async def _run(self, command: StepCommand) -> Verdict:
        nonce = secrets.token_hex(16)
        marks = self.ask.scratch / f"marks-{command.step}"
        folders = replace(self._folders, marks=marks)
        self._write_marks(marks, command, nonce)
        argv, environment = self._start(folders, command)

        def feed(data: bytes) -> None:
            self.output.feed(command.step, data)

        written = [folders.work, folders.home]
        code, stopped = await run_guarded(
            argv, environment, self.ask.limits, written, self.cancel, feed
        )
        return stopped or judge(Ended(_exit_code(code)), _marker(marks), nonce)

    def _write_marks(self, marks: Path, command: StepCommand, nonce: str) -> None:
        marks.mkdir(mode=0o700)
        (marks / "passwd").write_text(passwd())
        path = os.open(marks / SCRIPT, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(self._script(marks, command, nonce))

    def _script(self, marks: Path, command: StepCommand, nonce: str) -> str:
        limits, variables = self.ask.limits, self.ask.variables
        if self.isolation.sandbox is not None:
            return script(command.command, variables, limits, nonce, MARKS)
        work, home = str(self._folders.work), str(self._folders.home)
        return script(command.command, variables, limits, nonce, str(marks), work, home)

    def _start(self, folders: Folders, command: StepCommand) -> tuple[list[str], dict[str, str]]:
        sandbox = self.isolation.sandbox
        if sandbox is None:
            return ["sh", str(folders.marks / SCRIPT)], {"PATH": os.environ.get("PATH", "")}
        inside = ["sh", f"{MARKS}/{SCRIPT}"]
        return sandbox.argv(folders, self.ask.limits, command.network, inside), {}


def _exit_code(code: int) -> int:
    """The exit code as a shell states it: 128 and the signal."""
    return _SIGNALLED - code if code < 0 else code


def _marker(marks: Path) -> Marker | None:
    """Read the marker, which the command may have replaced by anything."""
    with suppress(OSError):
        handle = os.open(marks / EXIT, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return read_marker(os.read(handle, MAX_MARKER).decode(errors="replace"))
        finally:
            os.close(handle)
    return None
