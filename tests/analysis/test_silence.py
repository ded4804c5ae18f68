"""When silence is evidence: the formula, bursts, and runs, each by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ci_stat.analysis.silence import DAY, Silence, bursts, lower_bound

# Six failures on six days of 20, the longest gap 5 days, 400 runs; quiet for 70 days with 1,400 runs.
QUIET = Silence(6, 20 * DAY, 70 * DAY, 5 * DAY, 400, 1_400, bursts=6)


def test_long_enough_by_everything() -> None:
    assert (QUIET.lacking, QUIET.enough_runs) == ("", True)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"quiet": 6 * DAY}, "more than 7 quiet days are needed"),
        ({"longest": 70 * DAY}, "more than 70 quiet days are needed"),
        ({"longest": 69 * DAY}, ""),
        # (20/50)^5 = 1.02 %, (20/51)^5 = 0.9 %; but the five gaps share the doubt
        ({"quiet": 30 * DAY}, "that must be less than 1%"),
        ({"quiet": 31 * DAY}, "they came in 6 bursts only, by which it is 0.9%"),
        ({"quiet": 31 * DAY, "bursts": 7, "failures": 600}, "they came in 7 bursts only, by which it is 0.4%"),
        ({"quiet": 50 * DAY, "bursts": 6, "failures": 600}, ""),
        ({"quiet": 27 * DAY, "bursts": 1, "failures": 60}, "28 quiet days are needed after a single burst of failures"),
        ({"quiet": 28 * DAY, "bursts": 1, "failures": 60}, ""),
        (
            {"quiet": 13 * DAY, "bursts": 1, "failures": 300},
            "14 quiet days are needed after a single burst of failures",
        ),
        ({"quiet": 14 * DAY, "bursts": 1, "failures": 300}, ""),
        ({"quiet": 70 * DAY, "bursts": 2, "failures": 60}, "they came in 2 bursts only, by which it is 22.2%"),
        ({"quiet": 90 * DAY, "bursts": 2, "failures": 60}, ""),
        ({"quiet": 89 * DAY, "bursts": 1, "failures": 1}, "90 quiet days are needed after one run"),
        ({"quiet": 90 * DAY, "bursts": 1, "failures": 1}, ""),
    ],
)
def test_what_is_lacking(change: dict[str, object], lacking: str) -> None:
    assert replace(QUIET, **change).lacking == lacking  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({"runs_since": 49, "runs": 6}, False),  # however often it failed before
        ({"runs_since": 50, "runs": 6}, True),
        ({"runs": 40_000}, False),  # so rare that 1,400 runs say nothing
        ({"runs": 40_000, "quiet": 90 * DAY}, True),
        ({"runs": 400, "runs_since": 700}, False),  # below 1 % by itself, but five gaps share the doubt
    ],
)
def test_enough_runs(change: dict[str, object], enough: bool) -> None:
    found = replace(QUIET, **change)  # type: ignore[arg-type]
    assert found.enough_runs is enough
    assert 0 <= found.chance_by_runs <= 1


def test_failures_within_a_day_count_as_spread_over_it() -> None:
    assert Silence(3, timedelta(0), 9 * DAY, timedelta(0), 3, 100).chance == pytest.approx(0.01)


def test_the_lower_bound_is_wilsons() -> None:
    assert lower_bound(3, 10) == pytest.approx(0.108, abs=0.001)
    assert lower_bound(10, 100) == pytest.approx(0.055, abs=0.001)
    assert lower_bound(0, 0) == 0


@pytest.mark.parametrize(
    ("days", "count"),
    [([], 0), (["2021-06-30"], 1), (["2021-06-30", "2021-07-01", "2021-07-02"], 1), (["2021-07-02", "2021-06-30"], 2)],
)
def test_bursts_are_days_in_a_row(days: list[str], count: int) -> None:
    assert bursts(days) == count
