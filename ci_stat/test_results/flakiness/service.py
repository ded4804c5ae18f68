"""Finds what is flaky in the results database: reads a window, counts, and adds names."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine

from ci_stat.store.results.case_ids import case_keys
from ci_stat.store.results.read import EVERY_RUN, ResultsReader, RunFilter, StoredCase
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.flakiness.counting import PlaceCounts, count_places, repeated_commits
from ci_stat.test_results.flakiness.gather import Gathered, gather
from ci_stat.test_results.flakiness.model import (
    Counts,
    DefaultBranch,
    FlakyPlace,
    FlakyTest,
    FlakyTests,
)
from ci_stat.test_results.flakiness.run_columns import group_of

Groups = Mapping[int, tuple[str, str, str]]


def find_flaky(
    engine: Engine,
    begin: datetime,
    end: datetime,
    filter: RunFilter = EVERY_RUN,
    branch: str = "",
) -> FlakyTests:
    """Judge the runs that started in [begin, end); both are aware.

    `branch`: the default branch, as the setting names it. Raises DatabaseError.
    """
    gathered = gather(engine, begin, end, filter)
    default = default_branch(gathered.branch_counts, filter.branches, branch)
    return judge(engine, gathered, default)


def judge(engine: Engine, gathered: Gathered, branch: DefaultBranch) -> FlakyTests:
    """Count a window that was read, and read the names of what failed."""
    runs, columns, ends = gathered.runs, gathered.columns, gathered.ends
    exclusions = gathered.exclusions
    on_default = np.array([branch.has(run) for run in runs], np.bool_)
    places = count_places(columns, ends, exclusions, on_default)

    ids = np.unique(places.case).tolist()
    cases, keys = ResultsReader(engine).cases(ids), case_keys(engine, ids)
    commits, repeated = repeated_commits(columns, ends, exclusions)
    is_counted = exclusions.counted_runs
    return FlakyTests(
        window=gathered.window,
        tests=tuple(_tests(gathered, places, cases, keys)),
        all_tests=len(np.unique(ends.case)),
        commits=commits,
        repeated=repeated,
        without_commit=sum(not run.info.commit for run in runs),
        rate_runs=int((on_default & is_counted).sum()),
        branch=branch,
        left_out=exclusions.left_out,
    )


def _tests(
    gathered: Gathered,
    places: PlaceCounts,
    cases: Mapping[int, StoredCase],
    keys: Mapping[int, str],
) -> Iterator[FlakyTest]:
    groups = {
        int(number): group_of(run)
        for number, run in zip(gathered.columns.group, gathered.runs, strict=True)
    }
    by_case: dict[int, list[int]] = defaultdict(list)
    for row, case_id in enumerate(places.case.tolist()):
        by_case[case_id].append(row)
    for case_id, rows in by_case.items():
        yield _test(gathered, places, rows, groups, cases[case_id], keys[case_id])


def _test(
    gathered: Gathered,
    places: PlaceCounts,
    rows: list[int],
    groups: Groups,
    case: StoredCase,
    key: str,
) -> FlakyTest:
    own = [_place(places, row, groups) for row in rows]

    def total(column: Any) -> int:
        return int(column[rows].sum())

    def newest(column: Any) -> int:
        """The place of the newest run; -1 without one."""
        runs = column[rows][column[rows] >= 0]
        return int(runs[np.argmax(gathered.columns.order[runs])]) if len(runs) else -1

    proving, failed = newest(places.newest), newest(places.newest_failed)
    return FlakyTest(
        case=case,
        key=key,
        proof=Counts(total(places.mixed), total(places.commits)),
        within_run=total(places.within_run),
        rate=Counts(total(places.failed), total(places.finished)),
        places=tuple(sorted(own, key=_surest_place_first)),
        newest=gathered.runs[proving] if proving >= 0 else None,
        newest_failed=gathered.runs[failed],
    )


def _place(places: PlaceCounts, row: int, groups: Groups) -> FlakyPlace:
    repo, job, labels = groups[int(places.group[row])]
    return FlakyPlace(
        repo=repo,
        job=job,
        labels=labels,
        proof=Counts(int(places.mixed[row]), int(places.commits[row])),
        rate=Counts(int(places.failed[row]), int(places.finished[row])),
    )


def _surest_place_first(place: FlakyPlace) -> tuple[float, float, str, str, str]:
    proof, rate = place.proof.interval.low, place.rate.interval.low
    return (-proof, -rate, place.job, place.labels, place.repo)
