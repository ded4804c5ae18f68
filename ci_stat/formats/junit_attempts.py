"""The attempts that a `testcase` of JUnit XML with its details stands for."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from ci_stat.formats.junit_case import Suite, simple_result
from ci_stat.formats.junit_details import AFTER, BEFORE, PROBLEMS, CaseDetails, Problem
from ci_stat.formats.junit_variant import NAMES, as_parameters
from ci_stat.records.case_results import MAX_PROPERTIES, CaseResult

_WORST_FIRST = {name: place for place, name in enumerate(PROBLEMS)}


def attempts_of(values: dict[str, str], details: CaseDetails, suite: Suite) -> Iterator[CaseResult]:
    """Yield the attempts of a case in the order in which they ran."""
    base = simple_result(values, suite)
    stated = {name: part.text().strip() for name, part in details.properties if name in NAMES}
    if stated:
        known = f"{base.class_name} {base.name}{base.parameters}"
        base = replace(base, parameters=base.parameters + as_parameters(stated, known))
    if not details.problems:
        yield replace(base, **_shared(details))
        return

    own = [problem for problem in details.problems if problem.name in PROBLEMS]
    before = [problem for problem in details.problems if problem.name in BEFORE]
    after = [problem for problem in details.problems if problem.name in AFTER]
    attempts = [_retried(problem) for problem in before]
    attempts.append(_ended(own, details))
    attempts += [_retried(problem) for problem in after]
    for number, attempt in enumerate(attempts, 1):
        yield replace(base, **attempt, attempt=number)


def _shared(details: CaseDetails) -> dict[str, Any]:
    """Return what belongs to the attempt that the element itself states."""
    pairs = [(name, part.text().strip()) for name, part in details.properties[:MAX_PROPERTIES]]
    return {
        "stdout": details.stdout,
        "stderr": details.stderr,
        "properties": tuple(pairs),
        "left_out": details.left_out,
    }


def _ended(own: list[Problem], details: CaseDetails) -> dict[str, Any]:
    shared = _shared(details)
    if not own:
        return shared
    worst = min(own, key=lambda problem: _WORST_FIRST[problem.name])
    texts = [problem.text for problem in own]
    return shared | {
        "outcome": worst.outcome,
        "word": worst.word,
        "message": worst.message,
        "text": "\n".join(filter(None, texts)),
        "stdout": shared["stdout"] + "".join(problem.stdout for problem in own),
        "stderr": shared["stderr"] + "".join(problem.stderr for problem in own),
        "left_out": shared["left_out"] + sum(problem.left_out for problem in own),
    }


def _retried(problem: Problem) -> dict[str, Any]:
    return {
        "outcome": problem.outcome,
        "word": problem.word,
        "seconds": problem.seconds,
        "started": problem.started,
        "message": problem.message,
        "text": problem.text,
        "stdout": problem.stdout,
        "stderr": problem.stderr,
        "left_out": problem.left_out,
    }
