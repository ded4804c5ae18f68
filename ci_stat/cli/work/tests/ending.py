"""How commands that judge tests end: one rule for all of them.

A known failure is a "no" (11), even if not all results are known. Without one, results that are not
whole leave the question open (12).
"""

from collections.abc import Sequence

from ci_stat.errors import CannotTell, DidNotPass
from ci_stat.rendering.format import plural
from ci_stat.test_results.gates.model import Decision, Verdict


def require_gate(verdict: Verdict, hint: str = "") -> None:
    """Raise DidNotPass or CannotTell, as the gate decided. `hint`: what to do if it cannot tell."""
    reasons = "; ".join(reason.text for reason in verdict.reasons)
    if verdict.decision is Decision.FAIL:
        raise DidNotPass(f"The gate fails: {reasons}.")
    if verdict.decision is Decision.CANNOT_TELL:
        raise CannotTell(f"The gate cannot tell: {reasons}.", hint)


def require_pass(failed: int, unknown: Sequence[str], place: str, hint: str) -> None:
    """Raise DidNotPass if tests failed, else CannotTell if something is unknown.

    `unknown`: why it is not known whether all tests passed. `place`: what names the failed tests.
    """
    reasons = ", ".join(unknown)
    if failed:
        rest = f" Not all results are known: {reasons}." if unknown else ""
        raise DidNotPass(f"{plural(failed, 'test')} failed.{rest}", f"{place} names them.")
    if unknown:
        raise CannotTell(f"It is unknown whether all tests passed: {reasons}.", hint)
