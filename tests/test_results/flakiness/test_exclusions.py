"""Which runs and results say nothing about flaky tests."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.exclusions import Exclusions, LeftOut, RunState, find_exclusions
from tests.test_results.flakiness.drawn import a_run, columns, draw

C, I, P, M, O = RunState  # noqa: E741


def states(exclusions: Exclusions) -> list[RunState]:
    return [RunState(state) for state in exclusions.states.tolist()]


def suite(passed: int, failed: int = 0) -> list[str]:
    """The cells of one run, of tests that passed and of those that failed."""
    return ["P"] * passed + ["F"] * failed


def of_runs(*runs: tuple[StoredRun, list[str]]) -> tuple[list[StoredRun], Ends]:
    """Runs with the cells of their tests; shorter ones lack the last tests."""
    tests = max(len(cells) for _, cells in runs)
    padded = [cells + ["."] * (tests - len(cells)) for _, cells in runs]
    return columns([run for run, _ in runs], list(map(list, zip(*padded, strict=True))))


def test_a_healthy_window_leaves_out_nothing() -> None:
    exclusions = find_exclusions(*draw("P F P", "P P P"))
    assert exclusions.left_out == LeftOut(runs=3)
    assert exclusions.counted.all()
    assert exclusions.left_out.counted_runs == 3


def test_no_run_at_all() -> None:
    exclusions = find_exclusions(*columns([], []))
    assert exclusions.left_out == LeftOut()
    assert len(exclusions.counted) == 0


def test_runs_with_a_file_that_is_not_whole_and_runs_without_results() -> None:
    exclusions = find_exclusions(*draw("P F . P"), {2})
    assert states(exclusions) == [C, I, I, C]
    assert exclusions.counted.tolist() == [True, False, True]


def test_a_run_with_less_than_half_of_the_usual_tests_is_partial() -> None:
    sizes = [100, 100, 100, 49, 50, 100]
    runs = [(a_run(at, f"c{at}"), suite(size)) for at, size in enumerate(sizes, 1)]
    assert states(find_exclusions(*of_runs(*runs))) == [C, C, C, P, C, C]


def test_four_runs_do_not_say_what_is_usual() -> None:
    runs = [(a_run(at, f"c{at}"), suite(size)) for at, size in enumerate([100, 100, 100, 1], 1)]
    assert P not in states(find_exclusions(*of_runs(*runs)))


@pytest.mark.parametrize("sizes", [[90] * 8 + [30] * 8, [30] * 8 + [90] * 8])
def test_a_suite_may_be_split_or_grow(sizes: list[int]) -> None:
    runs = [(a_run(at, f"c{at}"), suite(size)) for at, size in enumerate(sizes, 1)]
    assert find_exclusions(*of_runs(*runs)).left_out.partial == 0


@pytest.mark.parametrize(
    ("retried", "commit", "state"),
    [
        (["."] * 38 + ["F", "P"], "c8", C),  # both failed tests, and nothing else
        (["P"] * 5 + ["."] * 33 + ["P", "P"], "c8", C),  # the whole file of them
        (["P"] * 5 + ["."] * 33 + ["P", "."], "c8", P),  # it ended before the second one
        (["."] * 38 + ["F", "P"], "c9", P),  # another commit
    ],
)
def test_a_run_of_the_failed_tests_is_a_retry(
    retried: list[str], commit: str, state: RunState
) -> None:
    runs = [(a_run(at, f"c{at}"), suite(40)) for at in range(1, 8)]
    runs += [(a_run(8, "c8"), suite(38, 2)), (a_run(9, commit), retried)]
    assert states(find_exclusions(*of_runs(*runs)))[-1] == state


def test_retries_do_not_say_how_many_tests_are_usual() -> None:
    runs = []
    for at in range(6):
        runs += [(a_run(3 * at, f"c{at}"), suite(38, 2))]
        runs += [(a_run(3 * at + more, f"c{at}"), ["."] * 38 + ["F", "F"]) for more in (1, 2)]
    runs.append((a_run(50, "c9"), suite(8)))
    assert states(find_exclusions(*of_runs(*runs))) == [C] * 18 + [P]


def test_a_retry_in_which_most_tests_fail_again_is_no_mass_failure() -> None:
    runs = [
        (a_run(1, "c1"), suite(91, 9)),
        (a_run(2, "c1"), ["."] * 91 + ["F"] * 5 + ["P"] * 4),
        (a_run(3, "c2"), ["F"] * 25 + ["P"] * 75),
    ]
    assert states(find_exclusions(*of_runs(*runs))) == [C, C, M]


def steady(*tests: str) -> list[bool]:
    runs, ends = draw(*tests)
    return list(map(bool, find_exclusions(runs, ends).steady[ends.case == 1]))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("P F F F P", "....."),
        ("P F F E F P", ".SSSS."),
        ("F F F F F F", "SSSSSS"),
        ("P F F S F F P", ".SS.SS."),
        ("P F F . F F P", ".SSSS."),
        ("F F FP F F", "....."),
        ("F F PF F", "SSSS"),
        ("F P F P F P F P", "........"),
    ],
)
def test_four_red_results_in_a_row_are_steady(row: str, expected: str) -> None:
    others = [" ".join("P" for _ in row.split())] * 9
    assert steady(row, *others) == [letter == "S" for letter in expected]


def test_rows_that_chance_makes_are_not_steady() -> None:
    """A test that fails every second time has rows of four among 200 runs; one of 30 is steady."""
    drawn = random.Random(1)
    row = [drawn.choice("PF") for _ in range(200)]
    cells = [row + ["P"] + ["F"] * 30, *[["P"] * 231] * 9]
    runs, ends = columns([a_run(at, f"c{at}") for at in range(231)], cells)
    assert "FFFF" in "".join(row)
    steady = find_exclusions(runs, ends).steady
    assert ends.run[steady].tolist() == list(range(201, 231))


def test_a_steady_failure_of_one_pull_request_between_passes_of_others() -> None:
    runs = [a_run(at, f"c{at}", pull=at % 2 + 1, branch="b") for at in range(8)]
    runs, ends = columns(runs, [["P", "F"] * 4, *[["P"] * 8] * 9])
    exclusions = find_exclusions(runs, ends)
    assert exclusions.left_out == LeftOut(runs=8, steady_results=4, steady_tests=1)
    assert np.array_equal(exclusions.steady, ends.failed)


def test_other_jobs_and_labels_have_rows_of_their_own() -> None:
    runs = [a_run(at, f"c{at}", labels={"db": str(at % 2)}) for at in range(6)]
    runs, ends = columns(runs, [["F"] * 6, *[["P"] * 6] * 9])
    assert find_exclusions(runs, ends).left_out.steady_results == 0


@pytest.mark.parametrize(
    ("passed", "failed", "is_mass"),
    [
        (3, 1, False),  # 25 %, but one test
        (6, 2, False),
        (9, 3, True),
        (10, 3, False),
        (90, 9, False),
        (90, 10, True),
        (5_000, 10, True),
    ],
)
def test_a_quarter_of_the_tests_or_ten_failed_at_once(
    passed: int, failed: int, is_mass: bool
) -> None:
    tests = passed + failed
    quiet = [(a_run(at, f"c{at}"), suite(tests)) for at in (1, 2)]
    exclusions = find_exclusions(*of_runs(*quiet, (a_run(3, "c3"), suite(passed, failed))))
    assert states(exclusions) == [C, C, M if is_mass else C]


def test_failures_that_a_retry_hid_are_failures_at_once() -> None:
    runs = [(a_run(1, "c1"), suite(60)), (a_run(2, "c2"), ["FP"] * 20 + ["P"] * 40)]
    assert states(find_exclusions(*of_runs(*runs))) == [C, M]


def test_where_many_tests_fail_in_every_run_ten_are_not_many() -> None:
    """Different ones each time, so that none is a steady failure: a large suite with retries."""
    runs = []
    for at, failed in enumerate([8, 8, 8, 20, 24, 8], 1):
        cells = ["P"] * 400
        cells[at * 40 : at * 40 + failed] = ["F"] * failed
        runs.append((a_run(at, f"c{at}"), cells))
    assert states(find_exclusions(*of_runs(*runs))) == [C, C, C, C, M, C]


def test_steady_failures_do_not_make_a_mass_failure() -> None:
    runs = [(a_run(at, f"c{at}"), suite(100, 12)) for at in range(1, 7)]
    exclusions = find_exclusions(*of_runs(*runs))
    assert exclusions.left_out == LeftOut(runs=6, steady_results=72, steady_tests=12)


def outage(jobs: str, commits: str, hours: list[float], healthy: int = 1) -> LeftOut:
    """Mass failures at these hours, and healthy runs of a third job around and between them."""
    bad = [
        (a_run(at, f"c{commit}", job=job, hours=10 + hour), suite(70, 30))
        for at, (job, commit, hour) in enumerate(zip(jobs, commits, hours, strict=True), 1)
    ]
    good = [
        (a_run(100 + at, f"g{at}", job="z", hours=hour), suite(100))
        for at, hour in enumerate([1, *[10.5] * healthy, 99])
    ]
    return find_exclusions(*of_runs(*bad, *good)).left_out


def test_several_jobs_with_mass_failures_at_a_time_are_an_outage() -> None:
    assert outage("abab", "1234", [0, 0.3, 0.6, 1.9]) == LeftOut(
        runs=7, mass_failures=4, outages=1, outage_runs=1
    )


@pytest.mark.parametrize(
    ("jobs", "commits", "hours", "healthy"),
    [
        ("aaaa", "1234", [0, 0.3, 0.6, 1.9], 1),  # one job
        ("abcd", "1111", [0, 0.3, 0.6, 1.9], 1),  # one commit broke all jobs
        ("abab", "1234", [0, 2.3, 4.6, 6.9], 1),  # far apart
        ("abab", "1234", [0, 0.3, 0.6, 1.9], 9),  # most runs are healthy
    ],
)
def test_no_outage(jobs: str, commits: str, hours: list[float], healthy: int) -> None:
    left_out = outage(jobs, commits, hours, healthy)
    assert (left_out.outages, left_out.outage_runs, left_out.mass_failures) == (0, 0, 4)


def test_a_long_outage_is_one() -> None:
    left_out = outage("abababab", "12345678", [at * 0.7 for at in range(8)])
    assert (left_out.outages, left_out.outage_runs) == (1, 1)


CELLS = st.sampled_from(["P", "P", "P", "F", "S", "FP", "."])


@given(st.lists(st.lists(CELLS, min_size=12, max_size=12), min_size=1, max_size=14), st.randoms())
def test_the_order_of_runs_does_not_matter(cells: list[list[str]], shuffle: object) -> None:
    runs = [a_run(at, f"c{at // 2}", job="ab"[at % 2], hours=at * 0.5) for at in range(12)]
    places = list(range(12))
    shuffle.shuffle(places)  # type: ignore[attr-defined]
    shuffled = columns(
        [runs[place] for place in places], [[row[place] for place in places] for row in cells]
    )
    first, second = find_exclusions(*columns(runs, cells)), find_exclusions(*shuffled)
    assert first.left_out == second.left_out
    assert [first.states[place] for place in places] == second.states.tolist()
    total = first.left_out
    assert total.counted_runs + total.total_runs == 12
    assert not (first.steady & first.counted).any()
