"""Decides which failed tests are retried, and why not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_stat.rendering.format import plural
from ci_stat.test_results.running.collected import TestRecord

LEAST_FAILED = 3  # below it, no number of failures is an outage: 1 of 2 tests says nothing


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How much may be retried.

    - `retries`: attempts of one test beyond the first.
    - `most`: retried tests of the whole run, each counted once an attempt.
    - `seconds`: time of all retries together; None for no limit.
    - `max_failed_share`: of the tests; if more failed, nothing is retried. So many do not break on
      their own: a database or the build is down, and retries would only burn time. Other systems
      leave such runs out of their statistics at a quarter too.
    """

    retries: int = 0
    most: int = 100
    seconds: float | None = None
    max_failed_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Decision:
    """The tests to retry. `reason`: why not all that failed."""

    tests: tuple[TestRecord, ...] = ()
    reason: str = ""


def decide_retry(
    rules: RetryRules,
    failed: Sequence[TestRecord],
    finished: int,
    retried: int,
    seconds: float,
) -> Decision:
    """Decide about the next round.

    `finished`: tests that were not skipped. `retried`: retries so far. `seconds`: their time.
    """
    share = len(failed) / finished if finished else 0.0
    if len(failed) >= LEAST_FAILED and share > rules.max_failed_share:
        return Decision(
            reason=f"{len(failed):,} of {plural(finished, 'test')} failed ({share:.0%}, more than"
            f" {rules.max_failed_share:.0%}): this looks like an outage, so nothing is retried"
        )
    if rules.seconds is not None and seconds >= rules.seconds:
        return Decision(reason=f"retries took {seconds:.0f}s, which is the limit")
    room = max(0, rules.most - retried)
    tests = tuple(failed[:room])
    if len(tests) == len(failed):
        return Decision(tests)
    left = plural(len(failed) - len(tests), "failed test")
    return Decision(
        tests, f"{left} not retried: the limit is {plural(rules.most, 'retry', 'retries')}"
    )
