"""A run as a gate judges it."""

from ci_stat.records.case_results import ReadState
from ci_stat.test_results.gates.model import GateCase, GateResults, labels_key
from ci_stat.test_results.model import FileReport
from ci_stat.test_results.running.collected import TestRecord
from ci_stat.test_results.running.model import TestRun


def gate_results(run: TestRun) -> GateResults:
    """Return the tests with their last outcomes. What is not whole leaves the verdict open."""
    labels = labels_key(dict(run.labels))
    cases = tuple(_case(record, labels) for record in run.tests)
    problems = [FileReport("run", ReadState.CUT, problem) for problem in run.problems]
    if run.missing:
        detail = f"{len(run.missing):,} missing, the first one {run.missing[0][:200]}"
        problems.append(FileReport("run", ReadState.CUT, detail))
    if run.is_interrupted:
        problems.append(FileReport("run", ReadState.CUT, "interrupted"))
    return GateResults(cases, tuple(problems), run.runner)


def _case(record: TestRecord, labels: tuple[tuple[str, str], ...]) -> GateCase:
    case = record.case
    return GateCase(
        suite=case.suite,
        class_name=case.class_name,
        name=case.name,
        parameters=case.parameters,
        file=case.file,
        outcome=record.outcome,
        labels=labels,
        is_flaky=record.is_flaky,
        attempts=len(record.attempts),
        seconds=sum(attempt.seconds or 0.0 for attempt in record.attempts),
        message=record.failure.message if record.is_failed else "",
        properties=case.properties,
    )
