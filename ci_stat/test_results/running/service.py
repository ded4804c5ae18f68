"""Runs tests: list, divide, run in parallel, retry what failed, add up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event

from msgspec.structs import replace

from ci_stat.records.case_results import CaseResult
from ci_stat.rendering.format import plural
from ci_stat.test_results.running.balance import split
from ci_stat.test_results.running.budget import RetryRules, decide_retry
from ci_stat.test_results.running.capped_log import MAX_LOG
from ci_stat.test_results.running.collected import (
    Collected,
    TestRecord,
    case_key,
    spelled_name,
)
from ci_stat.test_results.running.durations import Durations
from ci_stat.test_results.running.listing import list_units
from ci_stat.test_results.running.model import (
    Display,
    Invocation,
    Rerun,
    RunOptions,
    Shard,
    TestRun,
    Unit,
)
from ci_stat.test_results.running.process import GRACE
from ci_stat.test_results.running.runners.base import Runner
from ci_stat.test_results.running.workers import Done, Task, Workers


@dataclass(slots=True)
class Service:
    """Runs tests with a runner.

    - `stop`: ends the run when it is set; what was finished is kept.
    - `files`: what the units of a command without a listing are.
    - `logs`: the folder for the output of the runner.
    """

    runner: Runner
    options: RunOptions
    rules: RetryRules
    durations: Durations
    now: Callable[[], datetime]
    stop: Event = field(default_factory=Event)
    display: Display = field(default_factory=Display)
    files: Sequence[Unit] = ()
    logs: Path | None = None
    grace: float = GRACE
    run_id: str = ""

    def run(self) -> TestRun:
        """Run all tests, and retry what failed. Raises CannotTell, UsageError."""
        run = self._begin()
        begin = time.monotonic()
        if self.rules.retries:
            self.runner.require_whole_runs()
        units = self._units(run)
        self._run_shards(run, self._shards(units))
        self._retry(run)
        return self._end(run, begin)

    def repeat(self, run: TestRun) -> TestRun:
        """Run the failed tests of an earlier run again, and add their attempts to it."""
        begin = time.monotonic()
        self._units(run)
        first_round = 1 + max((done.attempt for done in run.executions), default=1)
        self._retry(run, first_round)
        return self._end(run, begin)

    def _begin(self) -> TestRun:
        return TestRun(self.runner.name, dict(self.options.labels), self.now())

    def _end(self, run: TestRun, begin: float) -> TestRun:
        run.is_interrupted = self.stop.is_set()
        run.seconds = time.monotonic() - begin
        run.id = run.id or self.run_id
        return run

    # The first attempt

    def _units(self, run: TestRun) -> list[Unit]:
        """List the units. Without a list, one shard runs all tests."""
        if self.files:
            return list(self.files)
        units, problem = list_units(
            self.runner, self._log("list"), self.options.timeout, self.stop, self.grace
        )
        if problem and not self.stop.is_set():
            self._note(run, problem)
        return units

    def _shards(self, units: Sequence[Unit]) -> list[Shard]:
        word = self.runner.unit_word
        if not units or self.runner.shares_work:
            return [Shard(1, tuple(units), unit_word=word)]
        by_name = {unit.name: unit for unit in units}
        known = self.durations.of(by_name)
        seconds = known or {unit.name: len(unit.tests) for unit in units}
        plans = split(list(by_name), seconds, min(self.options.workers, len(by_name))).shards
        return [
            Shard(
                number=plan.number,
                units=tuple(by_name[name] for name in plan.units),
                seconds=plan.seconds if known else None,
                unit_word=word,
            )
            for plan in plans
        ]

    def _run_shards(self, run: TestRun, shards: Sequence[Shard]) -> None:
        has_all = len(shards) == 1 and not self.files
        tasks = [
            self._task(shard, self.runner.shard(() if has_all else shard.units, shard.number))
            for shard in shards
        ]
        ended = list(self._workers().run(tasks, self.options.timeout))
        for done in sorted(ended, key=_place):
            self._add(run, done)
            for case in self._meant(done):
                run.tests.add(case)
            run.missing += self._missing(done)

    def _meant(self, done: Done) -> list[CaseResult]:
        cases = map(self.runner.adjusted, done.results.cases)
        return [case for case in cases if case is not None]

    def _missing(self, done: Done) -> list[str]:
        finished = done.task.invocation.finished if done.results.is_whole else None
        return self.runner.missing(done.task.shard.units, done.results.cases, finished)

    def _add(self, run: TestRun, done: Done) -> None:
        run.executions.append(done.execution)
        what = "retry" if done.execution.attempt > 1 else "shard"
        name = f"{what} {done.execution.shard}"
        run.problems += [f"{name}: {problem}" for problem in done.results.problems]
        if done.execution.left_out and self.logs is not None:
            count, kept = f"{done.execution.left_out:,} bytes", MAX_LOG >> 20
            log = done.task.log.name
            self._note(run, f"{log}: {count} left out; its first and last {kept // 2} MiB are kept")

    # Retries

    def _retry(self, run: TestRun, first: int = 2) -> None:
        seconds = 0.0
        impossible: set[str] = set()
        for attempt in range(first, first + self.rules.retries):
            failed = [record for record in run.tests.failed if record.key not in impossible]
            if not failed or self.stop.is_set():
                return
            finished = sum(record.outcome != "skipped" for record in run.tests)
            decision = decide_retry(self.rules, failed, finished, run.retried, seconds)
            if decision.reason:
                self._note(run, decision.reason)
            if not decision.tests:
                return
            begin = time.monotonic()
            impossible |= self._run_round(run, decision.tests, attempt, seconds)
            seconds += time.monotonic() - begin

    def _run_round(
        self, run: TestRun, records: Sequence[TestRecord], attempt: int, spent: float
    ) -> set[str]:
        """Retry the tests once. Return those that the runner cannot repeat."""
        reruns = list(self.runner.reruns([record.case for record in records], attempt))
        impossible = [rerun for rerun in reruns if rerun.invocation is None]
        for rerun in impossible:
            self._note(run, _impossible(rerun))
        tasks = [
            self._task(Shard(number), rerun.invocation, attempt)
            for number, rerun in enumerate(reruns, 1)
            if rerun.invocation is not None
        ]
        asked = {case_key(case) for rerun in reruns if rerun.invocation for case in rerun.cases}
        run.retried += len(asked)
        reported: set[str] = set()
        ended = list(self._workers().run(tasks, self._time_left(spent)))
        for done in sorted(ended, key=_place):
            self._add(run, done)
            reported |= _add_retries(run.tests, self._meant(done), records)
        if unreported := len(asked - reported):
            self._note(run, f"{plural(unreported, 'test')} not reported by retry {attempt - 1}")
        return {case_key(case) for rerun in impossible for case in rerun.cases}

    def _time_left(self, spent: float) -> float | None:
        limits = [self.options.timeout]
        if self.rules.seconds is not None:
            limits.append(max(0.0, self.rules.seconds - spent))
        return min((limit for limit in limits if limit is not None), default=None)

    # Both

    def _task(self, shard: Shard, invocation: Invocation, attempt: int = 1) -> Task:
        what = "retry" if attempt > 1 else "shard"
        name = f"{what}-{shard.number}" if attempt == 1 else f"{what}-{attempt - 1}-{shard.number}"
        return Task(shard, attempt, invocation, self._log(name))

    def _log(self, name: str) -> Path:
        return (self.logs or self.runner.setup.scratch) / f"{name}.log"

    def _workers(self) -> Workers:
        """One at a time for runners that build in one folder, with workers of their own."""
        count = 1 if self.runner.shares_work else self.options.workers
        folder = self.runner.setup.folder
        return Workers(count, folder, self.stop, self.display, self.grace)

    def _note(self, run: TestRun, text: str) -> None:
        run.notes.append(text)
        self.display.note(text)


def _place(done: Done) -> int:
    """The order of results does not depend on which shard ended first."""
    return done.task.shard.number


def _add_retries(
    tests: Collected, cases: Sequence[CaseResult], asked: Sequence[TestRecord]
) -> set[str]:
    """Add the attempts of a retry. Return the tests that have one.

    A selection of tests may be reported below another suite: class and name tell which test it is.
    """
    by_name = {spelled_name(record.case): record for record in asked}
    reported = set()
    for case in cases:
        known = by_name.get(spelled_name(case))
        suite = known.case.suite if known is not None else case.suite
        record = tests.add_retry(replace(case, suite=suite))
        if record is not None:
            reported.add(record.key)
    return reported


def _impossible(rerun: Rerun) -> str:
    return f"{plural(len(rerun.cases), 'failed test')} not retried: {rerun.reason}"
