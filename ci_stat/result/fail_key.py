"""What equal failures share."""

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind


def failure_key(failure: CaseFailure) -> tuple[str, str]:
    """What equal failures share: a case's name in any spelling, else the fingerprint.

    The kind of a guess is a guess too, so it is not part of the key.
    """
    if failure.fingerprint and not is_case(failure):
        kind = FailureKind.UNKNOWN.value if failure.guess else failure.kind
        return (kind, failure.fingerprint)
    return (failure.kind, case_key(failure.name))


def is_case(failure: CaseFailure) -> bool:
    """Whether its name is that of a test case."""
    return failure.kind == FailureKind.CASE and not failure.guess
