"""Numbers and days in the sentences of decisions."""

from datetime import UTC

import pytest

from ci_stat.rendering.format import date, plural, times
from tests.support.issues import ZONE, moment


@pytest.mark.parametrize(
    ("n", "runs", "often"),
    [
        (0, "0 runs", "0 times"),
        (1, "1 run", "once"),
        (2, "2 runs", "twice"),
        (3, "3 runs", "3 times"),
        (1_234, "1,234 runs", "1,234 times"),
    ],
)
def test_numbers_in_words(n: int, runs: str, often: str) -> None:
    assert (plural(n, "run"), times(n)) == (runs, often)


def test_a_day_is_that_of_the_zone() -> None:
    assert (date(moment(9), ZONE), date(moment(9), UTC)) == ("2021-06-10", "2021-06-09")
