"""Which runs are compared, and since when a test fails."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pytest

from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.regressions.counted_runs import counted_runs
from ci_stat.test_results.regressions.model import FailureChange
from ci_stat.test_results.regressions.series import ChosenRuns, choose_runs, lanes_of, series_table
from ci_stat.test_results.regressions.since import failure_change
from tests.test_results.flakiness.drawn import a_run, columns, draw

# Runs


def chosen_from(runs: list[StoredRun], branches: Sequence[str] = ()) -> ChosenRuns:
    own = Counter((run.info.repo, run.info.branch) for run in runs if run.info.pull is None)
    return choose_runs(runs, default_branch(own, branches, ""))


def test_pull_requests_other_branches_and_repeated_runs_are_left_out() -> None:
    runs = [
        a_run(1),
        a_run(2),
        a_run(3, branch="feature"),
        a_run(4, branch="feature", pull=9),
        a_run(5, branch="feature", pull=9),
        a_run(6, attempt=2),
    ]
    chosen = chosen_from(runs)
    assert [run.id for run in chosen.runs] == [1, 2]
    assert (chosen.pulls, chosen.other_branches, chosen.repeated) == (2, 1, 1)
    chosen = chosen_from(runs, ["feature"])
    assert [run.id for run in chosen.runs] == [3]
    assert (chosen.pulls, chosen.other_branches, chosen.repeated) == (2, 3, 0)


def test_each_repository_has_its_own_default_branch() -> None:
    runs = [a_run(1, repo="a/a"), a_run(2, repo="b/b", branch="trunk")]
    assert len(chosen_from(runs).runs) == 2


def test_lanes_are_jobs_with_branch_and_labels() -> None:
    runs = [
        a_run(1),
        a_run(2, labels={"db": "tidb"}),
        a_run(3, branch="x"),
        a_run(4, job="e2e"),
        a_run(5, labels={"db": "tidb"}),
    ]
    places, lanes = lanes_of(runs)
    assert places.tolist() == [0, 1, 2, 3, 1]
    assert len(lanes) == 4


def test_rows_of_a_series_are_in_the_order_of_runs() -> None:
    runs, ends = draw("P F S P", "F . P P")
    table = series_table(runs, ends, np.ones(len(ends), np.bool_))
    names = [ends.outcome[table.rows_of(series)].tolist() for series in range(len(table))]
    assert names == [[0, 1, 0], [1, 0, 0]]


def suite(*marks: str) -> list[str]:
    """Tests from the outcomes of all of them in each run: `P` none fails, `M` most, `F` the first.

    Each run has its own commit.
    """
    kinds = {"P": "PPPPPP", "M": "FFFFPP", "F": "FPPPPP"}
    letters = [kinds[mark] for mark in " ".join(marks).split()]
    return [" | ".join(run[test] for run in letters) for test in range(6)]


@pytest.mark.parametrize(
    ("marks", "counted"),
    [
        ("P P P P P F P P", "P P P P P F P P"),
        ("P P P P M P P P", "P P P P - P P P"),  # an accident
        ("P P P M M M P P", "P P P - - - P P"),
        ("P P P P M M M M", "P P P P M M M M"),  # a change broke them
        ("P P M P M P M M", "P P - P - P - -"),
        ("P P P F F F F F", "P P P F F F F F"),
    ],
)
def test_only_lasting_mass_failures_count(marks: str, counted: str) -> None:
    runs, ends = draw(*suite(marks))
    flags, left_out = counted_runs(runs, ends, ())
    assert flags.tolist() == [mark != "-" for mark in counted.split()]
    assert left_out.mass_failures == counted.count("-")


def test_four_mass_failures_within_two_hours_are_an_accident() -> None:
    drawn, ends = draw(*suite("P P P P M M M M P P"))
    quick = [a_run(number, f"c{number}", hours=number / 3) for number in range(len(drawn))]
    flags, left_out = counted_runs(quick, ends, ())
    assert (int(flags.sum()), left_out.mass_failures) == (6, 4)


def test_runs_that_are_not_whole_are_counted_apart() -> None:
    runs, ends = draw(*suite("P P P P"))
    flags, left_out = counted_runs(runs, ends, {runs[1].id})
    assert flags.tolist() == [True, False, True, True]
    assert left_out.incomplete == 1


def test_no_runs() -> None:
    runs, ends = columns([], [])
    flags, left_out = counted_runs(runs, ends, ())
    assert len(flags) == 0
    assert left_out.mass_failures == 0


# Since when


def change(outcomes: str) -> FailureChange | None:
    """The change of a test with these outcomes, `P20 F3` for 20 passed and 3 failed runs."""
    marks = [mark for part in outcomes.split() for mark in part[:1] * int(part[1:])]
    runs, ends = draw(" | ".join(marks))
    return failure_change(runs, ends, np.arange(len(ends)))


@pytest.mark.parametrize("outcomes", ["P30", "F30", "P1 F1", "P5 F1 P20 F1 P5"])
def test_no_clear_begin(outcomes: str) -> None:
    assert change(outcomes) is None


def test_since_the_first_failed_run() -> None:
    found = change("P30 F5")
    assert found is not None
    assert found.since.first.id == 31
    assert found.since.last_before.id <= 30 < found.since.latest.id
    assert (found.before, found.after) == (0.0, 1.0)
    assert found.ended is None
    assert not found.is_again


def test_a_failure_that_was_fixed_has_an_end() -> None:
    found = change("P160 F8 P8")
    assert found is not None
    assert found.ended is not None
    assert (found.since.first.id, found.ended.first.id) == (161, 169)


def test_fixed_and_failing_again() -> None:
    found = change("P160 F20 P40 F8")
    assert found is not None
    assert found.since.first.id == 221
    assert found.is_again
    assert found.ended is None


def test_the_largest_rise_counts() -> None:
    marks = "P30 " + "F1 P4 " * 8 + "F12"
    found = change(marks)
    assert found is not None
    assert abs(found.since.first.id - 71) <= 1


def test_runs_of_one_commit_are_not_parted() -> None:
    commits = ["P", "|"] * 40 + ["P", "P", "F", "|"] + ["F", "F", "F", "F", "|"] * 2
    runs, ends = draw(" ".join(commits))
    found = failure_change(runs, ends, np.arange(len(ends)))
    assert found is not None
    firsts = {next(group)[1].id for _, group in groupby(enumerate(runs), _commit)}
    assert {found.since.first.id, found.since.latest.id} <= firsts


def _commit(numbered: tuple[int, StoredRun]) -> str:
    return numbered[1].info.commit
