"""Proofs and rates of all tests: equal to results that are added up one by one."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records.ends import ERROR, FAILED, SKIPPED
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.flakiness.counting import count_places, repeated_commits
from ci_stat.test_results.flakiness.exclusions import find_exclusions
from ci_stat.test_results.flakiness.model import Basis
from ci_stat.test_results.flakiness.run_columns import RunColumns
from tests.test_results.flakiness.drawn import Drawn, a_run, columns, draw

RUNS = 14
CELLS = st.sampled_from(["P", "P", "P", "F", "E", "S", "FP", "FS", "."])
WHERE = st.tuples(
    st.sampled_from(["", "c1", "c2"]), st.sampled_from(["unit", "load"]), st.booleans()
)

Counted = dict[tuple[int, int], tuple[int, ...]]


def counted(drawn: Drawn) -> Counted:
    """By test and group: mixed commits, those within one run, commits, failed, finished."""
    runs, ends = drawn
    on_default = np.array([run.info.pull is None for run in runs], np.bool_)
    places = count_places(RunColumns.of(runs), ends, find_exclusions(runs, ends), on_default)
    names = ("mixed", "within_run", "commits", "failed", "finished")
    numbers = zip(*(getattr(places, name).tolist() for name in names), strict=True)
    keys = zip(places.case.tolist(), places.group.tolist(), strict=True)
    return dict(zip(keys, numbers, strict=True))


def added_up(drawn: Drawn) -> Counted:
    runs, ends = drawn
    groups, exclusions = RunColumns.of(runs).group.tolist(), find_exclusions(runs, ends)
    tries: dict[tuple[int, int], dict[object, set[str]]] = defaultdict(lambda: defaultdict(set))
    rates: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    failed_tests = set()
    for row in np.flatnonzero(exclusions.counted).tolist():
        run, case = int(ends.run[row]), int(ends.case[row])
        passed, failed = bool(ends.passed[row]), bool(ends.failed[row])
        if failed:
            failed_tests.add(case)
        if not passed and not failed:
            continue
        key = (case, groups[run])
        outcomes = tries[key][runs[run].info.commit or runs[run].id]
        outcomes |= {"P"} if passed else set()
        outcomes |= {"F"} if failed else set()
        outcomes |= {"within"} if passed and failed else set()
        if runs[run].info.pull is None and ends.outcome[row] != SKIPPED:
            rates[key][0] += ends.outcome[row] in (FAILED, ERROR)
            rates[key][1] += 1
    return {
        key: (
            sum({"P", "F"} <= outcomes for outcomes in by_commit.values()),
            sum("within" in outcomes for outcomes in by_commit.values()),
            len(by_commit),
            *rates[key],
        )
        for key, by_commit in tries.items()
        if key[0] in failed_tests
    }


@given(
    st.lists(WHERE, min_size=RUNS, max_size=RUNS),
    st.lists(st.lists(CELLS, min_size=RUNS, max_size=RUNS), min_size=1, max_size=8),
)
def test_columns_count_as_adding_up_does(
    where: list[tuple[str, str, bool]], cells: list[list[str]]
) -> None:
    runs = [
        a_run(at, commit, job=job, pull=7 if is_pull else None)
        for at, (commit, job, is_pull) in enumerate(where)
    ]
    drawn = columns(runs, cells)
    assert counted(drawn) == added_up(drawn)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("P F | P P", (1, 0, 2, 1, 4)),
        ("P | F | P", (0, 0, 3, 1, 3)),  # two commits prove nothing
        ("P FP | P P", (1, 1, 2, 0, 4)),  # a retry within one run
        ("P F | F P | P", (2, 0, 3, 2, 5)),
        ("P F | S . | P", (1, 0, 2, 1, 3)),  # skipped and absent results are no tries
        ("P FS | P", (1, 0, 2, 0, 2)),  # the last attempt was skipped
    ],
)
def test_proofs_and_rates_of_a_row(row: str, expected: tuple[int, ...]) -> None:
    others = [" ".join("|" if mark == "|" else "P" for mark in row.split())] * 9
    assert counted(draw(row, *others)) == {(1, 0): expected}


def test_runs_without_a_commit_are_compared_with_themselves_only() -> None:
    runs = [a_run(at) for at in range(4)]
    drawn = columns(runs, [["P", "F", "P", "FP"], *[["P"] * 4] * 9])
    assert counted(drawn) == {(1, 0): (1, 1, 4, 1, 4)}


def test_other_jobs_and_labels_on_one_commit_prove_nothing() -> None:
    runs = [a_run(1, "c"), a_run(2, "c", job="load"), a_run(3, "c", labels={"db": "x"})]
    drawn = columns(runs, [["P", "F", "F"], *[["P"] * 3] * 9])
    assert {numbers[0] for numbers in counted(drawn).values()} == {0}


def test_commits_that_ran_more_than_once() -> None:
    runs, ends = draw("P P | P | FP", *["P P | P | P"] * 9)
    exclusions = find_exclusions(runs, ends)
    assert repeated_commits(RunColumns.of(runs), ends, exclusions) == (3, 2)


COUNTS = {("r", "main"): 5, ("r", "dev"): 7, ("q", "master"): 2, ("q", "a"): 2, ("p", ""): 9}


def test_the_default_branch_is_that_with_most_runs_of_each_repository() -> None:
    branch = default_branch({**COUNTS, ("p", "x"): 1}, (), "")
    assert branch.names == {"r": ("dev",), "q": ("master",), "p": ("x",)}
    assert branch.basis is Basis.MOST_RUNS


@pytest.mark.parametrize(
    ("options", "setting", "names", "basis"),
    [
        ((), "main", ("main",), Basis.SETTING),
        (("a", "b"), "main", ("a", "b"), Basis.OPTION),
    ],
)
def test_a_default_branch_that_is_named(
    options: tuple[str, ...], setting: str, names: tuple[str, ...], basis: Basis
) -> None:
    branch = default_branch(COUNTS, options, setting)
    assert set(branch.names.values()) == {names}
    assert branch.basis is basis


def test_runs_of_pull_requests_are_not_on_the_default_branch() -> None:
    branch = default_branch({("o/n", ""): 3}, (), "")
    assert branch.basis is Basis.NO_BRANCH
    assert branch.has(a_run(1, branch=""))
    assert not branch.has(a_run(1, branch="", pull=7))
    assert not branch.has(a_run(1, branch="main"))
