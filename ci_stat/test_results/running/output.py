"""The file that a run leaves for other programs, and for `--retry-only` and `tests aggregate`."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ci_stat.errors import CannotTell
from ci_stat.escape import visible
from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.test_results.running.collected import TestRecord
from ci_stat.test_results.running.model import Execution, TestRun

FORMAT = "ci-stat tests run"
VERSION = 1
MAX_MISSING = 1000  # that are named


class StoredAttempt(msgspec.Struct, omit_defaults=True):
    """An attempt. Text and output only of attempts that did not pass."""

    outcome: Outcome
    seconds: float | None = None
    word: str = ""
    message: str = ""
    text: str = ""
    stdout: str = ""
    stderr: str = ""


class StoredTest(msgspec.Struct, omit_defaults=True):
    """A test with all its attempts. `name`: with parameters."""

    name: str
    outcome: Outcome
    attempts: list[StoredAttempt]
    flaky: bool = False
    suite: str = ""
    class_name: str = msgspec.field(default="", name="class")
    parameters: str = ""
    file: str = ""
    line: int | None = None


class StoredTestRun(msgspec.Struct):
    """A run. `total_missing` counts all; `missing` names at most MAX_MISSING.

    `repeats`: the id of the run whose failed tests it ran again.
    """

    format: str
    version: int
    id: str
    repeats: str
    runner: str
    labels: dict[str, str]
    started: datetime
    seconds: float
    complete: bool
    interrupted: bool
    counts: dict[str, float]
    retried: int
    problems: list[str]
    notes: list[str]
    total_missing: int
    missing: list[str]
    shards: list[dict[str, Any]]
    tests: list[StoredTest]
    gate: dict[str, Any] | None = None


def stored(run: TestRun, gate: dict[str, Any] | None = None) -> StoredTestRun:
    """The run as the file has it. `gate`: the verdict as data."""
    counts = msgspec.to_builtins(run.counts)
    return StoredTestRun(
        format=FORMAT,
        version=VERSION,
        id=run.id,
        repeats=run.repeats,
        runner=run.runner,
        labels=dict(run.labels),
        started=run.started,
        seconds=round(run.seconds, 3),
        complete=run.is_whole,
        interrupted=run.is_interrupted,
        counts={**counts, "seconds": round(run.counts.seconds, 3), "missing": len(run.missing)},
        retried=run.retried,
        problems=run.problems,
        notes=run.notes,
        total_missing=len(run.missing),
        missing=run.missing[:MAX_MISSING],
        shards=[_execution(execution) for execution in run.executions],
        tests=[_test(record) for record in run.tests],
        gate=gate,
    )


def encoded(run: StoredTestRun) -> str:
    """The file: ASCII JSON, so that no name acts on a terminal."""
    return json.dumps(msgspec.to_builtins(run), indent=1) + "\n"


def read_run(name: str) -> TestRun:
    """Read the file of an earlier run. Raises CannotTell."""
    try:
        stored_run = msgspec.json.decode(Path(name).read_bytes(), type=StoredTestRun)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotTell(f"{visible(name, 300)} cannot be read: {reason}.", "Check it.") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        message = f"{visible(name, 300)} is no output of `ci-stat tests run`:"
        raise CannotTell(f"{message} {visible(error, 200)}.", "Check the file.") from None
    return run_of(stored_run)


def run_of(stored_run: StoredTestRun) -> TestRun:
    """Return a run that repeats this one, with its attempts. Its shards are not kept."""
    run = TestRun(stored_run.runner, stored_run.labels, stored_run.started)
    run.repeats = stored_run.id
    for case in cases_of(stored_run.tests):
        run.tests.add(case)
    run.missing = list(stored_run.missing)
    unnamed = stored_run.total_missing - len(run.missing)
    run.missing += ["(not named)"] * max(0, unnamed)
    run.problems = [f"earlier run: {problem}" for problem in stored_run.problems]
    if stored_run.interrupted:
        run.problems.append("earlier run: interrupted")
    run.retried = 0
    return run


def cases_of(tests: Iterable[StoredTest]) -> Iterator[CaseResult]:
    """Yield the attempts of the tests."""
    for test in tests:
        for attempt in test.attempts:
            yield CaseResult(
                suite=test.suite,
                class_name=test.class_name,
                name=test.name,
                parameters=test.parameters,
                file=test.file,
                line=test.line,
                outcome=attempt.outcome,
                word=attempt.word,
                seconds=attempt.seconds,
                message=attempt.message,
                text=attempt.text,
                stdout=attempt.stdout,
                stderr=attempt.stderr,
            )


def _test(record: TestRecord) -> StoredTest:
    case = record.case
    return StoredTest(
        name=case.name,
        outcome=record.outcome,
        attempts=[_attempt(attempt) for attempt in record.attempts],
        flaky=record.is_flaky,
        suite=case.suite,
        class_name=case.class_name,
        parameters=case.parameters,
        file=case.file,
        line=case.line,
    )


def _attempt(attempt: CaseResult) -> StoredAttempt:
    if attempt.outcome is Outcome.PASSED:
        return StoredAttempt(attempt.outcome, attempt.seconds)
    return StoredAttempt(
        attempt.outcome,
        attempt.seconds,
        attempt.word,
        attempt.message,
        attempt.text,
        attempt.stdout,
        attempt.stderr,
    )


def _execution(execution: Execution) -> dict[str, Any]:
    return {
        "shard": execution.shard,
        "attempt": execution.attempt,
        "units": list(execution.units),
        "expected_seconds": execution.expected_seconds,
        "seconds": round(execution.seconds, 3),
        "exit_code": execution.code,
        "signal": execution.signal or None,
        "timed_out": execution.is_timeout,
        "interrupted": execution.is_stopped,
        "results": execution.tests,
        "problems": list(execution.problems),
        "output": list(execution.output),
        "log_bytes_left_out": execution.left_out,
    }
