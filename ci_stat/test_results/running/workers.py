"""Runs commands of a runner in parallel, and says how each ended."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from ci_stat.test_results.running.capped_log import MAX_LOG
from ci_stat.test_results.running.model import Display, Execution, Invocation, Shard
from ci_stat.test_results.running.process import GRACE, Child, Ended, run_child
from ci_stat.test_results.running.results import (
    Results,
    Stamps,
    last_lines,
    read_results,
    stamps_of,
)

_LOOK = 0.25  # seconds between two looks at the tests that ended


@dataclass(frozen=True, slots=True)
class Task:
    """A command to run. `attempt`: from 1."""

    shard: Shard
    attempt: int
    invocation: Invocation
    log: Path


@dataclass(frozen=True, slots=True)
class Done:
    """A task that ended."""

    task: Task
    execution: Execution
    results: Results
    ended: Ended


class Workers:
    """Runs tasks. `stop`: ends all children when it is set."""

    def __init__(
        self,
        count: int,
        folder: Path,
        stop: Event,
        display: Display,
        grace: float = GRACE,
    ) -> None:
        self._count = count
        self._folder = folder
        self._stop = stop
        self._display = display
        self._grace = grace

    def run(self, tasks: Sequence[Task], timeout: float | None) -> Iterator[Done]:
        """Run the tasks, and yield each when it has ended. `timeout`: seconds of each."""
        if not tasks:
            return
        self._display.begin([task.shard for task in tasks], tasks[0].attempt)
        with ThreadPoolExecutor(min(self._count, len(tasks)), "shard") as pool:
            try:
                futures = {pool.submit(self._run, task, timeout): task for task in tasks}
                yield from self._ended(futures)
            except BaseException:
                self._stop.set()  # a pool waits for its threads: let them end their children
                raise

    def _ended(self, futures: "dict[Future[Done], Task]") -> Iterator[Done]:
        open_futures = set(futures)
        while open_futures:
            done, open_futures = wait(open_futures, _LOOK, FIRST_COMPLETED)
            for future in open_futures:
                self._show_finished(futures[future])
            for future in done:
                result = future.result()
                self._display.ended(result.task.shard, result.execution, result.results.failed)
                yield result

    def _show_finished(self, task: Task) -> None:
        finished = task.invocation.finished
        if finished is not None and finished.exists():
            count = finished.read_bytes().count(b'["end"')
            self._display.finished_tests(task.shard, count)

    def _run(self, task: Task, timeout: float | None) -> Done:
        invocation = task.invocation
        if self._stop.is_set():
            return _done(task, Ended(0.0, is_stopped=True), Results(problems=["not started"]))
        self._display.started(task.shard)
        before: Stamps = stamps_of(self._folder, invocation.patterns)
        child = Child(
            argv=invocation.argv,
            env=invocation.env,
            folder=self._folder,
            stdout=invocation.output or task.log,
            stderr=task.log if invocation.output else None,
            timeout=timeout,
            grace=self._grace,
            max_log=MAX_LOG,
        )
        ended = run_child(child, self._stop)
        return _done(task, ended, read_results(invocation, self._folder, before, ended))


def _done(task: Task, ended: Ended, results: Results) -> Done:
    execution = Execution(
        shard=task.shard.number,
        attempt=task.attempt,
        units=tuple(unit.name for unit in task.shard.units),
        expected_seconds=task.shard.seconds,
        seconds=ended.seconds,
        code=ended.code,
        signal=ended.signal,
        is_timeout=ended.is_timeout,
        is_stopped=ended.is_stopped,
        tests=len(results.cases),
        problems=tuple(results.problems),
        output=last_lines(task.log) if results.problems else (),
        left_out=ended.left_out,
    )
    return Done(task, execution, results, ended)
