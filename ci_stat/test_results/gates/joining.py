"""Joins the ends of a test: in attempts, in files, in runs."""

from ci_stat.test_results.gates.model import GateCase


def later(first: GateCase, second: GateCase) -> GateCase:
    """Add a later attempt: its outcome counts, unless it was skipped."""
    if not second.is_finished and first.is_finished:
        return _joined(first, second, first.is_flaky)
    return _joined(second, first, first.is_failed or first.is_flaky)


def worse(first: GateCase, second: GateCase) -> GateCase:
    """Join two ends that are no attempts of each other: the worse one counts."""
    if _badness(second) > _badness(first):
        return _joined(second, first, first.is_flaky)
    return _joined(first, second, second.is_flaky)


def _joined(case: GateCase, other: GateCase, was_flaky: bool) -> GateCase:
    """Keep the outcome of `case`, and add what `other` took."""
    return GateCase(
        case.suite,
        case.class_name,
        case.name,
        case.parameters,
        case.file,
        case.outcome,
        case.labels,
        not case.is_failed and (case.is_flaky or was_flaky),
        case.attempts + other.attempts,
        case.seconds + other.seconds,
        case.message or other.message,
        case.properties or other.properties,
    )


def _badness(case: GateCase) -> int:
    if case.is_failed:
        return 2
    return int(case.is_finished)
