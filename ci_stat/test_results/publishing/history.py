"""Reads the history of failed tests: runs of the base branch, and of others for flakiness."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Engine, select

from ci_stat.store.engine import connected
from ci_stat.store.results.case_ids import case_ids
from ci_stat.store.results.columns import run_seconds
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.tables import runs as run_rows
from ci_stat.test_results.flakiness.branches import USUAL
from ci_stat.test_results.publishing.judging import EndsByRun, case_history, judged, median_seconds
from ci_stat.test_results.publishing.model import (
    Baseline,
    Case,
    Collected,
    Failure,
    Publication,
    Standing,
)
from ci_stat.test_results.publishing.slower import slower_tests
from ci_stat.test_results.summary import TestEnd

SPAN = timedelta(days=30)  # before the newest time, in which runs of the base branch are looked at
_MOMENT = timedelta(milliseconds=1)
BASE_RUNS, OTHER_RUNS = 50, 200
_TIMED_RUNS = 3  # runs of the base branch whose durations are compared


@dataclass(frozen=True, slots=True)
class _Runs:
    base: tuple[StoredRun, ...]
    others: tuple[StoredRun, ...]

    @property
    def ids(self) -> list[int]:
        return [run.id for run in (*self.base, *self.others)]

    def with_labels(self, labels: Mapping[str, str]) -> "_Runs":
        """Return the runs of one matrix entry."""
        base, others = (
            tuple(run for run in runs if run.info.labels == labels)
            for runs in (self.base, self.others)
        )
        return _Runs(base, others)


def published(
    engine: Engine | None,
    collected: Collected,
    base: str,
    now: datetime,
) -> Publication:
    """Judge the failures of a run. `engine`: None without a history. Raises DatabaseError.

    `base`: the base branch; "" for a usual name that has runs.
    """
    if engine is None:
        return _without_history(collected)
    runs, branch = _runs(engine, collected, base, now)
    if not runs.ids:
        return _without_history(collected)

    ends = _ends(engine, collected, runs)
    failures = tuple(
        _judged(case, runs.with_labels(_labels(case, collected)), ends[case.key])
        for case in collected.failed
    )
    baseline = Baseline(branch, len(runs.base), len(runs.others), _usual_seconds(engine, runs.base))
    slower = slower_tests(engine, collected.seconds, runs.base)
    return Publication(collected, failures, baseline, slower=slower)


def _labels(case: Case, collected: Collected) -> Mapping[str, str]:
    return collected.run.labels if case.labels is None else case.labels


def _judged(case: Case, runs: _Runs, ends: EndsByRun) -> Failure:
    return judged(case, case_history(runs.base, runs.others, ends), len(runs.base))


def _without_history(collected: Collected) -> Publication:
    failures = tuple(Failure(case, Standing.UNKNOWN) for case in collected.failed)
    return Publication(collected, failures)


def _runs(engine: Engine, collected: Collected, base: str, now: datetime) -> tuple[_Runs, str]:
    """The runs to compare with, newest first, and the base branch."""
    reader, info = ResultsReader(engine), collected.run
    # A stored run is compared with those before it; some may have started at the same moment.
    is_stored = collected.run_id is not None
    until = info.started + _MOMENT if is_stored and info.started else now
    recent = reader.runs(info.job, OTHER_RUNS, before=collected.run_id)
    own_ids = _own_ids(engine, collected)
    recent = [run for run in recent if _is_comparable(run, collected, own_ids)]
    branch = base or _usual_branch(recent)
    if not branch:
        return _Runs((), tuple(recent)), ""

    wanted = RunFilter(jobs=(info.job,), branches=(branch,))
    between = reader.runs_between(until - SPAN, until, wanted)
    base_runs = [run for run in between if run.info.pull is None]
    base_runs = [run for run in base_runs if _is_comparable(run, collected, own_ids)]
    base_runs = [run for run in base_runs if _is_before(run, collected)]
    newest_first = tuple(reversed(base_runs))[:BASE_RUNS]
    known = {run.id for run in newest_first}
    return _Runs(newest_first, tuple(run for run in recent if run.id not in known)), branch


def _own_ids(engine: Engine, collected: Collected) -> set[int]:
    """The ids of the judged run, if it is stored; its files may have been imported before."""
    if collected.run_id is not None:
        return {collected.run_id}
    keys = [
        msgspec.structs.replace(collected.run, labels=dict(labels)).key
        for labels in collected.all_labels
    ]
    with connected(engine) as connection:
        query = select(run_rows.c.id).where(run_rows.c.run_key.in_(keys))
        return set(connection.execute(query).scalars())


def _is_comparable(run: StoredRun, collected: Collected, own_ids: Container[int]) -> bool:
    """Whether a run has the labels of one of the entries, and is another one."""
    return run.info.labels in collected.all_labels and run.id not in own_ids


def _is_before(run: StoredRun, collected: Collected) -> bool:
    """Whether a run is before the one that is judged; a run that is not stored is the newest."""
    started, id = collected.run.started, collected.run_id
    return started is None or id is None or (run.started, run.id) < (started, id)


def _usual_branch(runs: Sequence[StoredRun]) -> str:
    branches = {run.info.branch for run in runs if run.info.pull is None}
    return next((name for name in USUAL if name in branches), "")


def _ends(engine: Engine, collected: Collected, runs: _Runs) -> dict[str, EndsByRun]:
    """How the failed tests ended in the runs, by key of the test and id of the run."""
    keys = [case.key for case in collected.failed]
    ids = case_ids(engine, keys)
    ends_by_case: dict[int, dict[int, TestEnd]] = defaultdict(dict)
    reader = ResultsReader(engine)
    for attempt in reader.history(list(ids.values()), runs.ids):
        ends = ends_by_case[attempt.case_id]
        if attempt.run_id not in ends:
            ends[attempt.run_id] = TestEnd(attempt.outcome)
        ends[attempt.run_id].add(attempt)
    return {key: ends_by_case.get(ids.get(key, -1), {}) for key in keys}


def _usual_seconds(engine: Engine, base: Sequence[StoredRun]) -> float | None:
    """The median duration of the newest runs of the base branch."""
    ids = [run.id for run in base[:_TIMED_RUNS]]
    return median_seconds(run_seconds(engine, ids))
