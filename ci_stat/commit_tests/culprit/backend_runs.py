"""Runs of commits by a backend of commit tests, as answers for a search."""

import asyncio
from dataclasses import dataclass

import msgspec

from ci_stat.commit_tests.culprit.model import Answer, Ran, RunCommit
from ci_stat.commit_tests.model import Backend, Event, Outcome, RunResult, Step, TestRequest

UNUSABLE_CODES = {
    125: "the command says that it cannot judge this commit (exit code 125)",
    126: "the command cannot be run (exit code 126)",
    127: "the command does not exist on this commit (exit code 127)",
}
"""125 is that of `git bisect run`, the others are those of a shell."""
_DETAIL = 300  # characters


@dataclass(frozen=True, slots=True)
class Reading:
    """How results are read. `case`: of it only; `timeout_fails`: whether no end is a failure."""

    case: str = ""
    timeout_fails: bool = False


def commit_runner(backend: Backend, request: TestRequest, reading: Reading) -> RunCommit:
    """Return what runs a commit by the backend. `request`: for all of them, whatever its commit."""

    async def run(sha: str) -> Ran:
        of_commit = msgspec.structs.replace(request, commit=sha)
        result = await backend.run(of_commit, _ignore, asyncio.Event())
        return ran_of(result, reading)

    return run


def ran_of(result: RunResult, reading: Reading) -> Ran:
    """What a result says about its commit."""
    answer, detail = _judged(result, reading)
    return Ran(answer, result.seconds, detail[:_DETAIL], result.output.path)


def _judged(result: RunResult, reading: Reading) -> tuple[Answer, str]:
    if result.outcome is Outcome.PASSED:
        return Answer.PASSED, ""
    if result.outcome in (Outcome.CANCELLED, Outcome.INFRASTRUCTURE):
        return Answer.ERROR, result.detail
    if result.last_step is not Step.TEST:
        return Answer.UNUSABLE, f"{result.last_step}: {result.detail or result.outcome}"
    if result.outcome is Outcome.FAILED:
        return _failed(result, reading)
    if result.outcome is Outcome.TIMED_OUT and reading.timeout_fails:
        return Answer.FAILED, "no end in time"
    return Answer.UNUSABLE, result.detail or str(result.outcome)


def _failed(result: RunResult, reading: Reading) -> tuple[Answer, str]:
    if result.exit_code in UNUSABLE_CODES:
        return Answer.UNUSABLE, UNUSABLE_CODES[result.exit_code]
    tests = result.tests
    if reading.case and tests is not None and tests.passed + tests.failed:
        others = ", ".join(tests.failed_names)
        if not any(is_case(name, reading.case) for name in tests.failed_names):
            return Answer.PASSED, f"others failed: {others}"
    return Answer.FAILED, ""


def is_case(name: str, case: str) -> bool:
    """Whether a name in a result file is the case: it may have its suite before it."""
    return name == case or name.endswith((f".{case}", f"::{case}", f"/{case}", f" {case}"))


def _ignore(event: Event) -> None:
    """Events are not shown: a search shows beliefs."""
