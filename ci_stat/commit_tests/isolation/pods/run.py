"""One commit in pods, step by step."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ci_stat.commit_tests.isolation.pods.archive import take_files
from ci_stat.commit_tests.isolation.pods.ending import Verdict
from ci_stat.commit_tests.isolation.pods.findings import count_tests, log_failures
from ci_stat.commit_tests.isolation.pods.output import KeptOutput
from ci_stat.commit_tests.isolation.pods.plan import SPACE, WORK, PodPlan
from ci_stat.commit_tests.isolation.pods.steps import PodStep, PodStepEnd, run_step
from ci_stat.commit_tests.isolation.pods.stopping import Stop, stop_when
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
from ci_stat.commit_tests.repository import Repository
from ci_stat.commit_tests.repository.checkout import write_archive
from ci_stat.errors import CiStatError

if TYPE_CHECKING:
    from ci_stat.commit_tests.isolation.pods.backend import PodBackend


class _Ended(Exception):
    """A step did not pass: the run is over."""


@dataclass
class PodRun:
    """One run. `scratch`: a folder for its archives, deleted at its end."""

    backend: "PodBackend"
    request: TestRequest
    emit: Emit
    cancel: asyncio.Event
    scratch: Path
    identity: str = field(default_factory=lambda: secrets.token_hex(5))
    steps: list[StepResult] = field(default_factory=list)
    commit: str = ""
    tree: str = ""
    environment: str = ""
    tests: TestCounts | None = None

    async def whole(self) -> RunResult:
        """Run all steps and return the result; whatever goes wrong is an outcome."""
        started, clock = datetime.now(UTC), time.monotonic()
        output = self._output()
        try:
            with suppress(_Ended):
                await self._steps(output)
        finally:
            kept = output.close()
        last = self.steps[-1]
        is_test_failure = last.outcome is not Outcome.PASSED and output.total_bytes > 0
        path = Path(kept.path)
        failures = await asyncio.to_thread(log_failures, path) if is_test_failure else ()
        return RunResult(
            commit=self.commit,
            tree=self.tree,
            outcome=last.outcome,
            started=started,
            seconds=time.monotonic() - clock,
            backend=self.backend.name,
            exit_code=last.exit_code,
            signal=last.signal,
            detail=last.detail,
            steps=tuple(self.steps),
            output=kept,
            tests=self.tests,
            failures=failures,
            environment=self.environment,
        )

    def _output(self) -> KeptOutput:
        path = self.backend.folder / "outputs" / f"{self.identity}.log"
        return KeptOutput(path, self._limits().output_bytes, self.emit)

    def _limits(self) -> Limits:
        return self.request.limits or Limits()

    async def _steps(self, output: KeptOutput) -> None:
        async with self._step(Step.CLONE):
            repository = await self.backend.repositories.fetch(self.request.repository)
        async with self._step(Step.CHECKOUT):
            files = await self._files(repository)
        template = self.backend.template(self.request.project_type)

        setup = template.setup if self.request.setup is None else self.request.setup
        inputs = [(files, WORK)]
        if setup:
            space = self.scratch / "space.tar"
            await self._pod_step(
                Step.SETUP, setup, template.setup_network, inputs, output, space=space
            )
            inputs = [(space, SPACE)]
        await self._pod_step(Step.TEST, self.request.command, self.request.network, inputs, output)

    async def _files(self, repository: Repository) -> Path:
        """Resolve the commit, and write its files as an archive."""
        (self.commit,) = await repository.resolve([self.request.commit])
        self.tree = await repository.tree(self.commit)
        self.environment = await self.backend.environment_digest(self.request)
        path = self.scratch / "files.tar"
        await write_archive(repository, self.commit, path)
        await asyncio.to_thread(self.backend.place.prepare)
        return path

    @asynccontextmanager
    async def _step(self, step: Step) -> AsyncIterator[None]:
        """A step of ours: it passes, or it is a matter of the infrastructure."""
        begin, clock = self._begin(step)
        try:
            yield
        except CiStatError as error:
            verdict = Verdict(Outcome.INFRASTRUCTURE, detail=str(error))
            self._end(step, begin, clock, verdict)
            raise _Ended from None
        was_cancelled = self.cancel.is_set()
        outcome = Outcome.CANCELLED if was_cancelled else Outcome.PASSED
        self._end(step, begin, clock, Verdict(outcome))
        if was_cancelled:
            raise _Ended

    async def _pod_step(
        self,
        step: Step,
        command: Command,
        network: bool,
        inputs: list[tuple[Path, str]],
        output: KeptOutput,
        space: Path | None = None,
    ) -> None:
        begin, clock = self._begin(step)
        plan = self._plan(step, command, network)
        results = self.scratch / "results.tar"
        patterns = self.request.junit if step is Step.TEST else ()
        pod_step = PodStep(
            plan,
            inputs,
            self.backend.template(self.request.project_type).start_seconds,
            (patterns, results) if patterns else None,
            space,
        )
        try:
            end = await self._run(pod_step, step, output)
        except CiStatError as error:
            end = PodStepEnd(Verdict(Outcome.INFRASTRUCTURE, detail=str(error)))
        output.end_step(step)
        verdict = _with_problems(end, is_setup=space is not None)
        if patterns and results.exists():
            self.tests = await asyncio.to_thread(self._count, results, end.problems)
        self._end(step, begin, clock, verdict)
        if verdict.outcome is not Outcome.PASSED:
            raise _Ended

    async def _run(self, pod_step: PodStep, step: Step, output: KeptOutput) -> PodStepEnd:
        """Run a step in a thread; end it when the run is cancelled or its time is over."""
        place, plan = self.backend.place, pod_step.plan
        loop = asyncio.get_running_loop()
        stop = Stop()

        def feed(data: bytes) -> None:
            asyncio.run_coroutine_threadsafe(_fed(output, step, data), loop).result()

        def end() -> None:
            place.remove(plan)

        running = asyncio.create_task(asyncio.to_thread(run_step, place, pod_step, stop, feed))
        stopping = asyncio.create_task(stop_when(stop, self.cancel, plan.limits.seconds, end))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.reason = Outcome.CANCELLED
            await asyncio.shield(_ended(running, end))
            raise
        finally:
            stopping.cancel()

    def _plan(self, step: Step, command: Command, network: bool) -> PodPlan:
        template = self.backend.template(self.request.project_type)
        return PodPlan(
            name=f"ci-stat-{self.identity}-{step}",
            image=template.image,
            command=command,
            nonce=secrets.token_hex(16),
            limits=self._limits(),
            environment=self.backend.variables(self.request),
            labels={
                "ci-stat.dev/run": self.identity,
                "ci-stat.dev/step": step.value,
                "ci-stat.dev/commit": self.commit[:40],
            },
            cpu=template.cpu,
            pull=template.pull,
            network=network,
        )

    def _count(self, archive: Path, problems: list[str]) -> TestCounts | None:
        folder = self.scratch / "results"
        folder.mkdir()
        files, left_out = take_files(archive, self.request.junit, folder)
        return count_tests(files, [*problems, *left_out])

    def _begin(self, step: Step) -> tuple[datetime, float]:
        begin = datetime.now(UTC)
        self.emit(StepStarted(step=step, at=begin))
        return begin, time.monotonic()

    def _end(self, step: Step, begin: datetime, clock: float, verdict: Verdict) -> None:
        result = StepResult(
            step=step,
            outcome=verdict.outcome,
            started=begin,
            seconds=time.monotonic() - clock,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            detail=verdict.detail,
        )
        self.steps.append(result)
        self.emit(StepEnded(result=result))


async def _fed(output: KeptOutput, step: Step, data: bytes) -> None:
    output.feed(step, data)


async def _ended(running: "asyncio.Task[PodStepEnd]", end: object) -> None:
    """Remove the pod and wait for the thread that follows it."""
    assert callable(end)
    await asyncio.to_thread(end)
    await asyncio.wait({running})


def _with_problems(end: PodStepEnd, is_setup: bool) -> Verdict:
    """A setup whose files could not be handed on is a matter of the infrastructure."""
    if is_setup and end.problems and end.verdict.outcome is Outcome.PASSED:
        return Verdict(Outcome.INFRASTRUCTURE, detail=end.problems[0])
    return end.verdict
