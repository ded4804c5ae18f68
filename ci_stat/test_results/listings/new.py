"""Finds tests that first ran in a window, and tests that no longer run."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ci_stat.records.ends import FAILED, PASSED, SKIPPED
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.read import ResultsReader, StoredCase, StoredRun
from ci_stat.store.results.window_facts import groups_before, seen_before
from ci_stat.test_results.flakiness.gather import Gathered
from ci_stat.test_results.flakiness.model import DefaultBranch
from ci_stat.test_results.flakiness.run_columns import group_of
from ci_stat.test_results.listings.model import GoneTest, NewTest, NewTests

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def find_new(
    engine: Engine, all_runs: Gathered, wanted: Gathered, branch: DefaultBranch, with_gone: bool
) -> NewTests:
    """Return what is new or gone. Raises DatabaseError.

    `all_runs`: of the window, whatever their names; they say which run had a test first.
    `wanted`: those that the answer is about.
    """
    begin = wanted.window.begin
    ids = np.unique(wanted.ends.case)
    earlier = seen_before(engine, ids.tolist(), begin)
    unseen = np.setdiff1d(ids, np.array(sorted(earlier), np.int64))
    first = _first_runs(all_runs, unseen)
    first_of_groups = _baselines(all_runs, groups_before(engine, begin))
    new = {case: place for case, place in first.items() if place not in first_of_groups}

    gone = _gone(all_runs, branch, ids) if with_gone else {}
    names = ResultsReader(engine).cases([*new, *gone])
    new_tests = _new_tests(
        wanted, {case: all_runs.runs[place] for case, place in new.items()}, names
    )
    return NewTests(
        window=wanted.window,
        new=tuple(sorted(new_tests, key=lambda test: (-_time(test.first), test.case.full_name))),
        gone=_gone_tests(all_runs, gone, names) if with_gone else None,
        all_tests=len(ids),
        baseline=len(first) - len(new),
        left_out=wanted.exclusions.left_out,
    )


def _first_runs(gathered: Gathered, cases: Numbers) -> dict[int, int]:
    """The place of the first run of each case. Runs are the oldest first, and so are rows."""
    rows = np.flatnonzero(np.isin(gathered.ends.case, cases))
    known, at = np.unique(gathered.ends.case[rows], return_index=True)
    return dict(zip(known.tolist(), gathered.ends.run[rows][at].tolist(), strict=True))


def _baselines(gathered: Gathered, before: set[tuple[str, str, str]]) -> set[int]:
    """The places of the first runs of groups that have no run before the window."""
    first: dict[tuple[str, str, str], int] = {}
    for place, run in enumerate(gathered.runs):
        first.setdefault(group_of(run), place)
    return {place for group, place in first.items() if group not in before}


def _new_tests(
    gathered: Gathered, first: Mapping[int, StoredRun], names: Mapping[int, StoredCase]
) -> Iterator[NewTest]:
    ends = gathered.ends
    rows = np.flatnonzero(np.isin(ends.case, np.array(sorted(first), np.int64)))
    rows = rows[np.argsort(ends.case[rows], kind="stable")]
    cases, begins = np.unique(ends.case[rows], return_index=True)
    ends_of_cases = np.append(begins, len(rows))[1:]
    for case, begin, end in zip(cases.tolist(), begins, ends_of_cases, strict=True):
        own = rows[begin:end]
        outcomes = ends.outcome[own]
        retried = ends.passed[own] & ends.failed[own] & (outcomes == PASSED)
        yield NewTest(
            case=names[case],
            first=first[case],
            runs=len(own),
            passed=int((outcomes == PASSED).sum()),
            failed=int(((outcomes >= FAILED) & (outcomes < SKIPPED)).sum()),
            skipped=int((outcomes == SKIPPED).sum()),
            flaky_runs=int(retried.sum()),
            last_outcome=str(OUTCOMES[outcomes[-1]]),
        )


def _gone(gathered: Gathered, branch: DefaultBranch, cases: Numbers) -> dict[int, int]:
    """The place of the last run of each case that no newest run of a group has."""
    ends = gathered.ends
    is_counted = gathered.exclusions.counted_runs
    on_default = np.array([branch.has(run) for run in gathered.runs], np.bool_) & is_counted
    newest: dict[tuple[str, str, str], int] = {}
    for place in np.flatnonzero(on_default).tolist():
        newest[group_of(gathered.runs[place])] = place
    present = np.unique(ends.case[np.isin(ends.run, sorted(newest.values()))])
    rows = np.flatnonzero(on_default[ends.run] & np.isin(ends.case, cases))
    rows = rows[~np.isin(ends.case[rows], present)]
    return dict(zip(ends.case[rows].tolist(), ends.run[rows].tolist(), strict=True))


def _gone_tests(
    gathered: Gathered, gone: Mapping[int, int], names: Mapping[int, StoredCase]
) -> tuple[GoneTest, ...]:
    tests = [GoneTest(names[case], gathered.runs[place]) for case, place in gone.items()]
    return tuple(sorted(tests, key=lambda test: (-_time(test.last), test.case.full_name)))


def _time(run: StoredRun) -> float:
    return run.started.timestamp()
