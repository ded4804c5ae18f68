"""What became of each test between two sides: drawn histories and their changes."""

import random

import pytest
from sqlalchemy import Engine

from ci_stat.test_results.comparing.model import Change, Comparison
from ci_stat.test_results.comparing.service import Comparer
from ci_stat.test_results.comparing.sides import Limits
from tests.support.drawn_results import case, draw


def compared(
    engine: Engine, before: str = "unit#1", now: str = "unit#2", **limits: object
) -> Comparison:
    return Comparer(engine).compare(before, now, Limits(**limits))  # type: ignore[arg-type]


def changed(comparison: Comparison) -> dict[str, list[str]]:
    """The names of the tests by their change."""
    found = {str(change): [test.case.name for test in comparison.of(change)] for change in Change}
    return {change: names for change, names in found.items() if names}


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ("P", "F", "broken"),
        ("P", "E", "broken"),
        ("F", "P", "fixed"),
        ("F", "F", "still broken"),
        ("E", "F", "still broken"),
        ("P", "P", None),
        (".", "P", "new"),
        (".", "F", "new"),
        ("P", ".", "gone"),
        ("P", "S", "now skipped"),
        ("F", "S", "now skipped"),
        ("S", "S", None),
        ("S", "P", None),
        ("S", "F", "broken"),
        ("PF", "P", "flaky"),
        ("FP", "F", "flaky"),
        ("FP", "FP", None),
    ],
)
def test_each_change(results: Engine, before: str, now: str, change: str | None) -> None:
    draw(results, {"a": f"{before} | {now}", "b": "P | P"})
    assert changed(compared(results)) == ({change: ["a"]} if change else {})


def test_a_flaky_test_is_known_from_earlier_runs(any_results: Engine) -> None:
    draw(any_results, {"shaky": "P F | P | P | F", "steady": "P P | P | P | F"})
    assert changed(compared(any_results, "unit#4", "unit#5")) == {
        "broken": ["steady"],
        "flaky": ["shaky"],
    }


def test_four_failures_in_a_row_are_broken_even_if_it_was_flaky(results: Engine) -> None:
    draw(results, {"a": "P F | P | F | F | F | F"})
    assert changed(compared(results, "unit#3", "unit#6")) == {"flaky": ["a"]}
    assert changed(compared(results, "unit#3", "unit#7")) == {"broken": ["a"]}


def test_another_message_under_a_known_failure(results: Engine) -> None:
    for number, message in enumerate(("disk is full", "no route to host"), 1):
        draw(
            results, {case("a", message=message): "F", "b": "F"}, first=number, commit=f"c{number}"
        )
    tests = {test.case.name: test for test in compared(results).of(Change.STILL_BROKEN)}
    assert (tests["a"].is_other_message, tests["a"].message) == (True, "no route to host")
    assert (tests["b"].is_other_message, tests["b"].message) == (False, "got 2, want 18")


def test_the_message_of_what_was_fixed_is_the_old_one(results: Engine) -> None:
    draw(results, {"a": "F | P"})
    (test,) = compared(results).changes
    assert (test.change, test.message) == (Change.FIXED, "got 1, want 18")


def test_of_several_runs_the_newest_result_counts(results: Engine) -> None:
    draw(results, {"a": "F | P | P | P | F | P", "b": "P | P | P | P | F | F"})
    comparison = compared(results, "6d..3d", "3d")
    assert changed(comparison) == {"broken": ["b"]}
    (test,) = comparison.changes
    assert (test.before.failed, test.before.runs, test.now.failed, test.now.runs) == (0, 3, 2, 3)


def test_only_jobs_of_both_sides_are_compared(results: Engine) -> None:
    draw(results, {"a": "P | F"}, first=1)
    draw(results, {"old": "P"}, job="lint", commit="c0")
    draw(results, {"a": "P"}, labels={"db": "x"}, first=2, commit="c1")
    comparison = compared(results, "c0", "c1")
    assert changed(comparison) == {"broken": ["a"]}
    assert comparison.only_before == ("lint",)
    assert comparison.only_now == ("unit (db=x)",)


def test_two_runs_of_different_jobs_are_compared_all_the_same(results: Engine) -> None:
    draw(results, {"a": "P", "b": "P"}, job="linux")
    draw(results, {"a": "F", "c": "P"}, job="windows")
    comparison = compared(results, "linux#1", "windows#1")
    assert changed(comparison) == {"broken": ["a"], "new": ["c"], "gone": ["b"]}
    assert "different jobs" in comparison.notes[0]


def test_a_matrix_is_one_line_with_its_places(results: Engine) -> None:
    for db, drawn in (("mysql", "P | F"), ("tidb", "P | F"), ("sqlite", "F | F")):
        draw(results, {"a": drawn}, labels={"db": db})
    (test,) = compared(results).changes
    assert (test.change, test.places) == (Change.BROKEN, ("unit (db=mysql)", "unit (db=tidb)"))


@pytest.mark.parametrize("seed", range(4))
def test_columns_agree_with_a_plain_count(results: Engine, seed: int) -> None:
    """Random histories: numbers and outcomes as a loop over the letters has them."""
    drawn = random.Random(seed)
    letters = ["P", "F", "E", "S", ".", "PF", "FP"]
    tests = {f"t{n}": [drawn.choice(letters) for _ in range(6)] for n in range(12)}
    draw(
        results, {"steady": " | ".join("P" * 6)} | {n: " | ".join(row) for n, row in tests.items()}
    )
    comparison = compared(results, "6d..3d", "3d")
    ends = {name: [cell[-1] for cell in row] for name, row in tests.items()}
    for test in comparison.changes:
        for numbers, cells in ((test.before, ends[test.case.name][:3]),
                               (test.now, ends[test.case.name][3:])):  # fmt: skip
            finished = [cell for cell in cells if cell in "PFE"]
            assert numbers.runs == len(finished)
            assert numbers.failed == sum(cell in "FE" for cell in finished)
            words = {"P": "passed", "F": "failed", "E": "error"}
            skipped = "skipped" if "S" in cells else ""
            assert numbers.outcome == (words[finished[-1]] if finished else skipped)
    on_both = {name for name, row in ends.items() if set(row[:3]) != {"."} != set(row[3:])}
    told = {test.case.name for test in comparison.changes}
    assert comparison.passed == len(on_both - told) + 1
