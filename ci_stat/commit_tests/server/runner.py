"""Runs the commits of one session, and writes down what happens before anybody sees it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from ci_stat.commit_tests.model import (
    Backend,
    Emit,
    Event,
    Outcome,
    OutputLine,
    RunEnded,
    RunResult,
    TestRequest,
)
from ci_stat.commit_tests.protocol.events import (
    CommitsResolved,
    RunFinished,
    RunProgress,
    RunStarted,
    SessionEnded,
    SessionRequest,
    counted,
)
from ci_stat.commit_tests.server.encoding import fitting_line, fitting_result
from ci_stat.commit_tests.server.fair_queue import FairQueue, Ticket
from ci_stat.commit_tests.server.session import Session
from ci_stat.errors import CiStatError, Refused, WriteError
from ci_stat.escape import visible

log = logging.getLogger(__name__)

R = TypeVar("R", bound=RunResult | None)

MAX_ATTEMPTS = 3
"""A commit during which the server ended so often may be what ends it."""

MAX_JOURNAL = 64 * 1024 * 1024
"""Bytes of a journal after which lines of output are counted and not stored."""

Resolve = Callable[[SessionRequest], Awaitable[list[str]]]
"""Turns the names of commits into full SHAs. Raises CiStatError."""


@runtime_checkable
class ReattachingBackend(Protocol):
    """A backend whose runs may outlive the server."""

    async def reattach(
        self, request: TestRequest, emit: Emit, cancel: asyncio.Event
    ) -> RunResult | None:
        """Follow a run of this request that an earlier server began; None if there is none."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What all sessions of a server share. The first backend is the default."""

    backends: Mapping[str, Backend]
    resolve: Resolve
    queue: FairQueue
    clock: Callable[[], datetime]

    def backend_name(self, what: SessionRequest) -> str:
        return what.backend or next(iter(self.backends))


class Runner:
    """Runs a session to its end, from wherever its journal is."""

    def __init__(self, session: Session, machinery: Machinery) -> None:
        self._session = session
        self._machinery = machinery
        self._backend_name = machinery.backend_name(session.what)
        self._waiting: dict[int, Ticket] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._unsent: dict[int, int] = {}
        self._changed = asyncio.Event()
        self._failure: WriteError | None = None

    async def run(self) -> None:
        """Run what has no result yet. Raises WriteError if the journal cannot be written."""
        cancelling = asyncio.create_task(self._withdraw_when_cancelled())
        try:
            ended = await self._run_all()
        finally:
            cancelling.cancel()
            await self._stop_all()
        await self._session.record_durably(ended, self._now())

    async def _run_all(self) -> SessionEnded:
        runs = self._session.runs
        if not runs.commits:
            problem = await self._resolve()
            if problem is not None:
                return SessionEnded(problem=problem.message, hint=problem.hint)
        for index in runs.unfinished:
            self._enqueue(index)
        while runs.unfinished and self._failure is None:
            self._changed.clear()
            await self._changed.wait()
        if self._failure is not None:
            raise self._failure
        return SessionEnded(counts=counted(runs.results.values()))

    async def _resolve(self) -> CiStatError | None:
        """Store the full SHAs of the commits, or return why there are none."""
        try:
            commits = await self._resolved_commits()
            self._machinery.queue.check(self._session.user, len(commits))
        except CiStatError as error:
            return error
        resolved = CommitsResolved(commits=tuple(commits))
        await self._session.record_durably(resolved, self._now())
        return None

    async def _resolved_commits(self) -> list[str]:
        resolving = asyncio.ensure_future(self._machinery.resolve(self._session.what))
        cancelled = asyncio.ensure_future(self._session.cancel.wait())
        try:
            await asyncio.wait({resolving, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if resolving.done():
                return resolving.result()
            raise Refused("The session was cancelled before its commits were known.")
        finally:
            cancelled.cancel()
            await _cancel(resolving)

    def _enqueue(self, index: int) -> None:
        if self._session.cancel.is_set():
            self._record(RunFinished(index=index, result=self._without_run(index)))
            return
        ticket = Ticket(self._session.user, lambda: self._start(index))
        self._waiting[index] = ticket
        self._machinery.queue.add(ticket)

    def _start(self, index: int) -> None:
        ticket = self._waiting.pop(index)
        task = asyncio.create_task(self._run_commit(index))
        self._running[index] = task
        task.add_done_callback(lambda _: self._finish(index, ticket))

    def _finish(self, index: int, ticket: Ticket) -> None:
        task = self._running.pop(index)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        self._machinery.queue.release(ticket)
        self._changed.set()

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, WriteError):
            log.error("Internal error in a session", exc_info=error)
            error = WriteError(f"Internal error: {type(error).__name__}.")
        self._failure = self._failure or error
        self._changed.set()

    # One commit

    async def _run_commit(self, index: int) -> None:
        request = self._session.what.of_commit(self._session.runs.commits[index])
        result = await self._result_of(index, request)
        finished = RunFinished(index=index, result=result, unsent_lines=self._unsent.pop(index, 0))
        await self._session.record_durably(fitting_result(finished), self._now())

    async def _result_of(self, index: int, request: TestRequest) -> RunResult:
        backend = self._machinery.backends.get(self._backend_name)
        if backend is None:
            return self._lost(index, f"The server has no backend {self._backend_name!r} any more.")
        if index in self._session.runs.interrupted:
            result = await self._reattached(index, backend, request)
            if result is not None:
                return result
        attempt = self._session.runs.attempts.get(index, 0) + 1
        if attempt > MAX_ATTEMPTS:
            return self._lost(
                index, f"The server ended {MAX_ATTEMPTS} times while this commit ran."
            )
        started = RunStarted(
            index=index, commit=request.commit, backend=self._backend_name, attempt=attempt
        )
        await self._session.record_durably(started, self._now())
        return await self._guarded(index, backend.run, request)

    async def _reattached(
        self, index: int, backend: Backend, request: TestRequest
    ) -> RunResult | None:
        if not isinstance(backend, ReattachingBackend):
            return None
        return await self._guarded(index, backend.reattach, request)

    async def _guarded(
        self,
        index: int,
        run: Callable[[TestRequest, Emit, asyncio.Event], Awaitable[R]],
        request: TestRequest,
    ) -> R | RunResult:
        """A backend that raises says nothing about the commit."""
        try:
            return await run(request, self._emitter(index), self._session.cancel)
        except CiStatError as error:
            return self._lost(index, f"{error.message} {error.hint}".strip())
        except Exception as error:
            log.exception("The backend %s failed", self._backend_name)
            problem = f"The backend {self._backend_name} failed: {visible(error, 500)}"
            return self._lost(index, problem)

    def _emitter(self, index: int) -> Emit:
        return lambda event: self._record_progress(index, event)

    def _record_progress(self, index: int, event: Event) -> None:
        if isinstance(event, RunEnded):
            return  # the returned result is recorded
        if isinstance(event, OutputLine) and self._session.journal.size > MAX_JOURNAL:
            self._unsent[index] = self._unsent.get(index, 0) + 1 + event.skipped
            return
        self._record(fitting_line(RunProgress(index=index, event=event)))

    def _record(self, body: RunProgress | RunFinished) -> None:
        """Store an event. Backends cannot mend a full disk, so they do not see the error."""
        try:
            self._session.record(body, self._now())
        except WriteError as error:
            self._fail(error)

    # The end

    async def _withdraw_when_cancelled(self) -> None:
        await self._session.cancel.wait()
        for index, ticket in list(self._waiting.items()):
            if self._machinery.queue.withdraw(ticket):
                del self._waiting[index]
                self._record(RunFinished(index=index, result=self._without_run(index)))
        self._changed.set()

    async def _stop_all(self) -> None:
        """End what runs without a result: after an error, or because the server stops."""
        for ticket in self._waiting.values():
            self._machinery.queue.withdraw(ticket)
        self._waiting.clear()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _without_run(self, index: int) -> RunResult:
        return self._bare_result(index, Outcome.CANCELLED, "Cancelled before it began.")

    def _lost(self, index: int, problem: str) -> RunResult:
        detail = f"{problem} It says nothing about the commit; run it again."
        return self._bare_result(index, Outcome.INFRASTRUCTURE, detail)

    def _bare_result(self, index: int, outcome: Outcome, detail: str) -> RunResult:
        return RunResult(
            commit=self._session.runs.commits[index],
            outcome=outcome,
            started=self._now(),
            seconds=0.0,
            backend=self._backend_name,
            detail=detail,
        )

    def _now(self) -> datetime:
        return self._machinery.clock()


async def _cancel(task: "asyncio.Future[list[str]]") -> None:
    """End a task, and wait until it has."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
