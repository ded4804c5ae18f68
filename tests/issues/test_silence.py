"""Statistics of silence: the formula, bursts and runs, one at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ci_stat.issues.decisions.silence import DAY, Silence, bursts, longest_gap
from ci_stat.statistics.intervals import lower_bound
from tests.support.issues import moment

# Six failures on six of 20 days, the longest gap 5 days, 400 runs; then 70 quiet days, 1,400 runs.
QUIET = Silence(6, 20 * DAY, 70 * DAY, 5 * DAY, 400, 1_400, bursts=6)


def test_long_enough_by_everything() -> None:
    assert (QUIET.lacking, QUIET.enough_runs) == ("", True)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"quiet": 6 * DAY}, "closing needs more than 7 quiet days"),
        ({"longest": 70 * DAY}, "closing needs more than 70 quiet days"),
        ({"longest": 69 * DAY}, ""),
        # (20/50)^5 = 1.02 %, (20/51)^5 = 0.9 %; but the five gaps share the doubt
        ({"quiet": 30 * DAY}, "closing needs less than 1%"),
        ({"quiet": 31 * DAY}, "by its 6 bursts the chance is 0.9%"),
        (
            {"quiet": 31 * DAY, "bursts": 7, "failures": 600},
            "by its 7 bursts the chance is 0.4%",
        ),
        ({"quiet": 50 * DAY, "bursts": 6, "failures": 600}, ""),
        (
            {"quiet": 27 * DAY, "bursts": 1, "failures": 60},
            "closing needs 28 quiet days after a single burst of failures",
        ),
        ({"quiet": 28 * DAY, "bursts": 1, "failures": 60}, ""),
        (
            {"quiet": 13 * DAY, "bursts": 1, "failures": 300},
            "closing needs 14 quiet days after a single burst of failures",
        ),
        ({"quiet": 14 * DAY, "bursts": 1, "failures": 300}, ""),
        (
            {"quiet": 70 * DAY, "bursts": 2, "failures": 60},
            "by its 2 bursts the chance is 22.2%",
        ),
        ({"quiet": 90 * DAY, "bursts": 2, "failures": 60}, ""),
        (
            {"quiet": 89 * DAY, "bursts": 1, "failures": 1},
            "closing needs 90 quiet days after a single failed run",
        ),
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
        # Below 1% alone, but five gaps share the doubt.
        ({"runs": 400, "runs_since": 700}, False),
    ],
)
def test_enough_runs(change: dict[str, object], enough: bool) -> None:
    silence = replace(QUIET, **change)  # type: ignore[arg-type]
    assert silence.enough_runs is enough
    assert 0 <= silence.chance_by_runs <= 1


def test_failures_within_a_day_count_as_spread_over_it() -> None:
    assert Silence(3, timedelta(0), 9 * DAY, timedelta(0), 3, 100).chance == pytest.approx(0.01)


def test_the_lower_bound_is_wilsons() -> None:
    assert lower_bound(3, 10) == pytest.approx(0.108, abs=0.001)
    assert lower_bound(10, 100) == pytest.approx(0.055, abs=0.001)
    assert lower_bound(0, 0) == 0


@pytest.mark.parametrize(
    ("days", "count"),
    [
        ([], 0),
        (["2021-06-30"], 1),
        (["2021-06-30", "2021-07-01", "2021-07-02"], 1),
        (["2021-07-02", "2021-06-30"], 2),
    ],
)
def test_bursts_are_days_in_a_row(days: list[str], count: int) -> None:
    assert bursts(days) == count


# --- the formulas, and their bounds

SECOND = timedelta(seconds=1)
NONE = timedelta(0)


@pytest.mark.parametrize(
    ("failures", "runs"),
    [(1, 1), (1, 7), (3, 10), (10, 100), (300, 400), (5, 5), (0, 10), (1, 40_000)],
)
def test_at_the_lower_bound_the_seen_rate_is_as_far_off_as_chance_goes(
    failures: int, runs: int
) -> None:
    """The definition of Wilson's interval: |seen - p| is 1.96 standard deviations of p."""
    rate, seen = lower_bound(failures, runs), failures / runs
    assert 0 <= rate < 1
    assert (seen - rate) ** 2 == pytest.approx(1.96**2 * rate * (1 - rate) / runs, abs=1e-15)
    assert rate < seen or seen == 0


@pytest.mark.parametrize("runs", [0, -1])
def test_without_runs_there_is_no_rate(runs: int) -> None:
    assert lower_bound(5, runs) == 0


@pytest.mark.parametrize(
    ("silence", "chance", "by_bursts", "by_runs"),
    [
        (Silence(6, 20 * DAY, 30 * DAY, NONE, 6, 10, bursts=3), 0.4**5, 0.4**2, None),
        (Silence(2, 20 * DAY, 80 * DAY, NONE, 6, 10, bursts=2), 0.2, 0.2, None),
        (Silence(1, 20 * DAY, 80 * DAY, NONE, 6, 10), 1, 1, None),
        (Silence(3, DAY / 4, 3 * DAY, NONE, 6, 10), 0.25**2, 1, None),
        (Silence(3, 2 * DAY, 6 * DAY, NONE, 6, 0), 0.25**2, 1, 1),
        (Silence(1, NONE, DAY, NONE, 1, 1), 1, 1, 1 - 0.2065),
        (Silence(1, NONE, DAY, NONE, 1, 2), 1, 1, (1 - 0.2065) ** 2),
        (Silence(3, NONE, DAY, NONE, 10, 5), 0.25, 1, (1 - 0.10779) ** 5),
        (Silence(3, NONE, DAY, NONE, 0, 1), 0.25, 1, 1 - 0.43850),  # runs that failed are runs
    ],
)
def test_how_likely_a_silence_is(
    silence: Silence, chance: float, by_bursts: float, by_runs: float | None
) -> None:
    assert silence.chance == pytest.approx(chance)
    assert silence.chance_by_bursts == pytest.approx(by_bursts)
    if by_runs is not None:
        assert silence.chance_by_runs == pytest.approx(by_runs, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"quiet": 7 * DAY, "failures": 99, "bursts": 1}, "closing needs more than 7 quiet days"),
        ({"quiet": 7 * DAY, "longest": 20 * DAY}, "closing needs more than 20 quiet days"),
        (
            {"quiet": 7 * DAY + SECOND, "failures": 99, "bursts": 1},
            "closing needs 28 quiet days after a single burst of failures",
        ),
        (
            {"quiet": 99 * DAY, "span": DAY, "failures": 2},
            "closing needs less than 1%",
        ),  # (1/100)^1 is not less
        ({"quiet": 99 * DAY + SECOND, "span": DAY, "failures": 2}, ""),
        (
            {"quiet": 90 * DAY - SECOND, "failures": 1, "bursts": 1},
            "closing needs 90 quiet days after a single failed run",
        ),
        # two bursts: (20/20+x)^1 is more than 1 % for 1980 days
        ({"quiet": 90 * DAY - SECOND, "bursts": 2}, "by its 2 bursts the chance is 18.2%"),
        ({"quiet": 90 * DAY, "bursts": 2}, ""),
        # three bursts: by them it is (1/n)^2, and that must be less than half a percent
        ({"span": DAY, "quiet": 13.1 * DAY, "bursts": 3}, "by its 3 bursts the chance is 0.5%"),
        ({"span": DAY, "quiet": 13.2 * DAY, "bursts": 3}, ""),
        (
            {"quiet": 28 * DAY - SECOND, "bursts": 1, "failures": 99},
            "closing needs 28 quiet days after a single burst of failures",
        ),
        (
            {"quiet": 14 * DAY - SECOND, "bursts": 1, "failures": 300},
            "closing needs 14 quiet days after a single burst of failures",
        ),
    ],
)
def test_what_is_lacking_at_the_very_bounds(change: dict[str, object], lacking: str) -> None:
    assert replace(QUIET, **change).lacking == lacking  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failures", "runs", "days"),
    [
        (137, 400, 28),  # 0.2978 at its lower bound
        (138, 400, 14),  # 0.3002
        (300, 20, 14),  # of more failures than runs are known each run failed
    ],
)
def test_three_runs_in_ten_at_their_lower_bound_are_steady(
    failures: int, runs: int, days: int
) -> None:
    silence = replace(QUIET, failures=failures, runs=runs, bursts=1, quiet=13 * DAY)
    assert silence.lacking == f"closing needs {days} quiet days after a single burst of failures"
    assert (lower_bound(failures, max(runs, failures)) >= 0.3) is (days == 14)


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({"quiet": 90 * DAY - SECOND, "runs": 40_000}, False),
        ({"quiet": 90 * DAY, "runs_since": 49}, False),  # however long it was quiet
        ({"quiet": 90 * DAY, "runs": 40_000, "runs_since": 50}, True),
        # 1 of 10 is 1.79 % at its lower bound: 0.9821^256 is below 1 %, and no gap shares the doubt
        ({"failures": 1, "runs": 10, "runs_since": 255}, False),
        ({"failures": 1, "runs": 10, "runs_since": 256}, True),
        # 2 of 10: 0.9433^79 is below 1 %, and the one gap has all of it
        ({"failures": 2, "runs": 10, "runs_since": 78}, False),
        ({"failures": 2, "runs": 10, "runs_since": 79}, True),
        # 3 of 12: 0.9111^57 is below 0.5 %, which is the share of each of two gaps
        ({"failures": 3, "runs": 12, "runs_since": 56}, False),
        ({"failures": 3, "runs": 12, "runs_since": 57}, True),
    ],
)
def test_enough_runs_at_the_very_bounds(change: dict[str, object], enough: bool) -> None:
    assert replace(QUIET, **{"quiet": 60 * DAY, **change}).enough_runs is enough  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "count"),
    [
        (["2021-06-30", "2021-07-02", "2021-07-03", "2021-07-05"], 3),
        (["2021-02-28", "2021-03-01"], 1),
        (["2021-06-01", "2021-06-01"], 1),
        (["2021-06-01", "2021-07-01"], 2),
    ],
)
def test_a_day_without_a_failure_ends_a_burst(days: list[str], count: int) -> None:
    assert bursts(days) == bursts(days[::-1]) == count


@pytest.mark.parametrize(
    ("days", "gap"), [([], 0), ([1], 0), ([1, 4], 3), ([1, 4, 5, 6], 3), ([1, 2, 4.5], 2.5)]
)
def test_the_longest_gap_lies_between_two_failures(days: list[float], gap: float) -> None:
    assert longest_gap([moment(day) for day in days]) == gap * DAY


def test_a_silence_has_one_burst_by_default() -> None:
    assert Silence(2, DAY, DAY, DAY, 2, 2).bursts == 1
