"""Which failures have one cause if they are equal, and which names hundreds share."""

from ci_stat.records import CaseFailure, FailureKind

_NAMED = frozenset(
    {FailureKind.CASE, FailureKind.PANIC, FailureKind.RACE, FailureKind.LEAK, FailureKind.CRASH}
)
_NAMED_IN_LOGS = frozenset({FailureKind.COMPILE, FailureKind.CHECK, FailureKind.SETUP})


def names_a_cause(failure: CaseFailure) -> bool:
    """Whether equal failures have one cause: `check error` and `exit code 124` have hundreds."""
    if failure.kind == FailureKind.ENV:
        return True
    is_named_in_log = failure.source == "log" and failure.kind in _NAMED_IN_LOGS
    return not failure.guess and (failure.kind in _NAMED or is_named_in_log)
