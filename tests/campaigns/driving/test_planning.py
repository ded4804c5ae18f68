"""What a campaign does, before anything is done."""

from dataclasses import replace

import pytest

from ci_stat.campaigns.model import Budget
from ci_stat.campaigns.planning import planned
from ci_stat.errors import UsageError
from tests.campaigns.driving.world import BEGIN, SPEC

TEN = replace(SPEC, count=10)  # one comment with commands at each pull request


def nonces(digits: int) -> str:
    return "a" * digits


@pytest.mark.parametrize(
    ("budget", "is_each", "count"),
    [
        (Budget(), False, 10),
        (Budget(pull_requests=4), False, 4),
        (Budget(comments=30), False, 10),
        (Budget(comments=29), False, 9),
        (Budget(comments=29), True, 5),  # two commands, each in a comment, perhaps twice
        (Budget(pull_requests=2, comments=29), False, 2),
    ],
)
def test_the_budget_limits_pull_requests(budget: Budget, is_each: bool, count: int) -> None:
    spec = replace(TEN, budget=budget, comment_each=is_each)
    campaign = planned(spec, BEGIN, nonces)
    assert len(campaign.probes) == count
    assert [probe.due for probe in campaign.probes] == [
        BEGIN + place * spec.stagger for place in range(count)
    ]


def test_a_budget_for_no_pull_request_is_refused() -> None:
    with pytest.raises(UsageError, match="The budget allows no pull request"):
        planned(replace(TEN, budget=Budget(comments=2)), BEGIN, nonces)
