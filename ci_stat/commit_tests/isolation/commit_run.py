"""One commit, step by step: what all backends do alike.

A backend adds how it gets the files ready and how it runs a command.
"""

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ci_stat.commit_tests.isolation.ending import Verdict
from ci_stat.commit_tests.isolation.findings import log_failures
from ci_stat.commit_tests.isolation.output import KeptOutput
from ci_stat.commit_tests.isolation.templates import Template
from ci_stat.commit_tests.model import (
    Command,
    Emit,
    Limits,
    Outcome,
    RunResult,
    Step,
    StepEnded,
    StepResult,
    StepStarted,
    TestCounts,
    TestRequest,
)
from ci_stat.commit_tests.repository import Repository, RepositoryCache
from ci_stat.errors import CiStatError


class RunOver(Exception):
    """A step did not pass: no other one follows."""


@dataclass(frozen=True, slots=True)
class StepCommand:
    """A command of the setup or the test. `is_last`: nothing follows it."""

    step: Step
    command: Command
    network: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of one run.

    - `variables`: that the commands see. `output`: the file that keeps what they print.
    - `scratch`: a folder of this run alone, deleted at its end.
    """

    request: TestRequest
    template: Template
    variables: dict[str, str] = field(repr=False)
    environment: str
    output: Path
    scratch: Path

    @property
    def limits(self) -> Limits:
        return self.request.limits or self.template.limits

    @property
    def setup(self) -> Command:
        return self.template.setup if self.request.setup is None else self.request.setup


class CommitRun(ABC):
    """One run. `whole` runs it; a subclass says how."""

    is_isolated = True

    def __init__(
        self,
        backend: str,
        repositories: RepositoryCache,
        ask: Ask,
        emit: Emit,
        cancel: asyncio.Event,
    ) -> None:
        self.ask = ask
        self.request = ask.request
        self.cancel = cancel
        self.identity = secrets.token_hex(5)
        self.commit = self.tree = ""
        self.tests: TestCounts | None = None
        self.output = KeptOutput(ask.output, ask.limits.output_bytes, emit)
        self._backend = backend
        self._repositories = repositories
        self._emit = emit
        self._steps: list[StepResult] = []

    @abstractmethod
    def checked_out(self, repository: Repository) -> AbstractAsyncContextManager[None]:
        """Get the files of `self.commit` ready, for the duration of the block."""

    @abstractmethod
    async def run_command(self, command: StepCommand) -> Verdict:
        """Run the command, and feed its output. Sets `tests` after the test."""

    async def whole(self) -> RunResult:
        """Run all steps and return the result; whatever goes wrong is an outcome."""
        started, clock = datetime.now(UTC), time.monotonic()
        try:
            with suppress(RunOver):
                await self._all_steps()
        finally:
            kept = self.output.close()
        last = self._steps[-1]
        has_failed = last.outcome is not Outcome.PASSED and kept.total_bytes > 0
        path = Path(kept.path)
        failures = await asyncio.to_thread(log_failures, path) if has_failed else ()
        return RunResult(
            commit=self.commit,
            tree=self.tree,
            outcome=last.outcome,
            started=started,
            seconds=time.monotonic() - clock,
            backend=self._backend,
            exit_code=last.exit_code,
            signal=last.signal,
            detail=last.detail,
            steps=tuple(self._steps),
            output=kept,
            tests=self.tests,
            failures=failures,
            environment=self.ask.environment,
            is_isolated=self.is_isolated,
        )

    async def _all_steps(self) -> None:
        async with self._own_step(Step.CLONE):
            repository = await self._repositories.fetch(self.request.repository)

        begin, clock = self._begin(Step.CHECKOUT)
        try:
            (self.commit,) = await repository.resolve([self.request.commit])
            self.tree = await repository.tree(self.commit)
            async with self.checked_out(repository):
                self._end_own(Step.CHECKOUT, begin, clock)
                await self._commands()
        except CiStatError as error:
            is_begun = any(result.step is Step.CHECKOUT for result in self._steps)
            if is_begun:
                raise
            verdict = Verdict(Outcome.INFRASTRUCTURE, detail=explained(error))
            self._end(Step.CHECKOUT, begin, clock, verdict)

    async def _commands(self) -> None:
        setup, request = self.ask.setup, self.request
        if setup:
            network = self.ask.template.setup_network
            await self._command(StepCommand(Step.SETUP, setup, network, is_last=False))
        await self._command(StepCommand(Step.TEST, request.command, request.network, is_last=True))

    async def _command(self, command: StepCommand) -> None:
        begin, clock = self._begin(command.step)
        try:
            verdict = await self.run_command(command)
        except CiStatError as error:
            verdict = Verdict(Outcome.INFRASTRUCTURE, detail=explained(error))
        self.output.end_step(command.step)
        self._end(command.step, begin, clock, verdict)

    @asynccontextmanager
    async def _own_step(self, step: Step) -> AsyncIterator[None]:
        """A step of ours: it passes, or it is a matter of the infrastructure."""
        begin, clock = self._begin(step)
        try:
            yield
        except CiStatError as error:
            verdict = Verdict(Outcome.INFRASTRUCTURE, detail=explained(error))
            self._end(step, begin, clock, verdict)
        else:
            self._end_own(step, begin, clock)

    def _begin(self, step: Step) -> tuple[datetime, float]:
        begin = datetime.now(UTC)
        self._emit(StepStarted(step=step, at=begin))
        return begin, time.monotonic()

    def _end_own(self, step: Step, begin: datetime, clock: float) -> None:
        outcome = Outcome.CANCELLED if self.cancel.is_set() else Outcome.PASSED
        self._end(step, begin, clock, Verdict(outcome))

    def _end(self, step: Step, begin: datetime, clock: float, verdict: Verdict) -> None:
        """Note the end of a step. Raises RunOver unless it passed."""
        result = StepResult(
            step=step,
            outcome=verdict.outcome,
            started=begin,
            seconds=time.monotonic() - clock,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            detail=verdict.detail,
        )
        self._steps.append(result)
        self._emit(StepEnded(result=result))
        if verdict.outcome is not Outcome.PASSED:
            raise RunOver


def explained(error: CiStatError) -> str:
    """The message of an error and its next step, on one line."""
    return f"{error.message} {error.hint}".strip()
