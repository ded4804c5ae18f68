"""A backend that follows a script, so that each session of the same commits has the same events."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ci_stat.commit_tests.model import (
    Emit,
    Outcome,
    Output,
    OutputLine,
    RunEnded,
    RunResult,
    Step,
    StepEnded,
    StepResult,
    StepStarted,
    TestRequest,
)
from ci_stat.commit_tests.protocol.events import SessionRequest
from ci_stat.errors import UsageError

AT = datetime(2026, 12, 1, 6, 30, tzinfo=UTC)

OUTPUT = Output(tail="two")


@dataclass(frozen=True)
class Script:
    """What one commit does. `pause`: seconds before each line. `output`: the file of its output."""

    lines: tuple[str, ...] = ("one", "two")
    outcome: Outcome = Outcome.PASSED
    pause: float = 0.0
    output: Output = OUTPUT
    error: Exception | None = None


@dataclass
class ScriptedBackend:
    """Runs scripts. `begun`: the commits in the order of their runs. `gate`: opens the runs."""

    scripts: Mapping[str, Script] = field(default_factory=dict)
    name: str = "scripted"
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    running: int = 0
    most_running: int = 0

    async def run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        self.begun.append(request.commit)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            return await self._run(request, emit, cancel)
        finally:
            self.running -= 1
            self.ended.append(request.commit)

    async def _run(self, request: TestRequest, emit: Emit, cancel: asyncio.Event) -> RunResult:
        script = self.scripts.get(request.commit, Script())
        if script.error is not None:
            raise script.error
        emit(StepStarted(step=Step.TEST, at=AT))
        if self.gate is not None:
            await _first(self.gate, cancel)
        for number, text in enumerate(script.lines, start=1):
            if cancel.is_set():
                break
            if script.pause:
                await asyncio.sleep(script.pause)
            emit(OutputLine(step=Step.TEST, number=number, text=text))
        outcome = Outcome.CANCELLED if cancel.is_set() else script.outcome
        step = StepResult(step=Step.TEST, outcome=outcome, started=AT, seconds=0.5)
        emit(StepEnded(result=step))
        result = RunResult(
            commit=request.commit,
            outcome=outcome,
            started=AT,
            seconds=0.5,
            backend=self.name,
            exit_code={Outcome.PASSED: 0, Outcome.FAILED: 1}.get(outcome),
            detail="" if outcome is Outcome.PASSED else f"it {outcome}",
            steps=(step,),
            output=script.output,
        )
        emit(RunEnded(result=result))
        return result

    async def environment_digest(self, request: TestRequest) -> str:
        return "scripted"


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def sha(name: str) -> str:
    """The full SHA of a made-up commit."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


async def resolve(what: SessionRequest) -> list[str]:
    """Resolve made-up commits. `missing` is none."""
    if "missing" in what.commits:
        raise UsageError("The repository has no commit 'missing'.", "Name another.")
    return [sha(name) for name in what.commits]
