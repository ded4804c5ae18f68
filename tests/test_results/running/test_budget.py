"""Which failed tests are retried, and why not."""

import pytest

from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.test_results.running.budget import RetryRules, decide_retry
from ci_stat.test_results.running.collected import TestRecord


def failed(count: int) -> list[TestRecord]:
    cases = [CaseResult("s", "C", f"t{number}", Outcome.FAILED) for number in range(count)]
    return [TestRecord(case.name, [case]) for case in cases]


@pytest.mark.parametrize(
    ("failures", "finished", "share", "retried"),
    [
        (1, 1, 0.25, 1),
        (2, 2, 0.25, 2),  # two tests say nothing about an outage
        (3, 12, 0.25, 3),
        (3, 11, 0.25, 0),
        (10, 20, 0.25, 0),
        (10, 20, 0.5, 10),
        (3, 3, 1.0, 3),
        (3, 1000, 0.0, 0),
    ],
)
def test_nothing_is_retried_in_an_outage(
    failures: int, finished: int, share: float, retried: int
) -> None:
    rules = RetryRules(1, max_failed_share=share)
    decision = decide_retry(rules, failed(failures), finished, 0, 0.0)
    assert len(decision.tests) == retried
    assert ("outage" in decision.reason) == (retried == 0)


def test_the_number_of_retries_is_limited() -> None:
    decision = decide_retry(RetryRules(3, most=5), failed(4), 100, 3, 0.0)
    assert [record.key for record in decision.tests] == ["t0", "t1"]
    assert decision.reason == "2 failed tests not retried: the limit is 5 retries"


def test_the_time_of_retries_is_limited() -> None:
    decision = decide_retry(RetryRules(3, seconds=60), failed(1), 100, 1, 61.0)
    assert decision.tests == ()
    assert decision.reason == "retries took 61s, which is the limit"
