"""Reads earlier runs: which tests are known to be flaky, and how long tests take usually."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from sqlalchemy import Engine

from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.run_lookup import RunLookup
from ci_stat.test_results.comparing.changes import Record
from ci_stat.test_results.comparing.columns import PlaceName, SideColumns, add_up, place_of
from ci_stat.test_results.comparing.durations import LEAST_RUNS
from ci_stat.test_results.comparing.model import Side
from ci_stat.test_results.summary import TestEnd, by_case, mixed_commits

LOOKED_AT = 100  # runs of a job, in which flaky tests are looked for
BASELINE = 30  # earlier runs of a job, whose durations are read
_MOST = 1_000  # tests that are looked up in earlier runs

Places = Mapping[PlaceName, int]


def records(
    engine: Engine, case_ids: Iterable[int], places: Places, before: Side, now: Side
) -> dict[tuple[int, int], Record] | None:
    """Return whether tests are flaky, and how long they fail, by case and place.

    Looks at both sides and at the newest runs up to the side `now`; None for too many tests.
    """
    ids = sorted(case_ids)
    if len(ids) > _MOST:
        return None
    reader = ResultsReader(engine)
    records_by_place: dict[tuple[int, int], Record] = {}
    for name, runs in _runs_by_place(engine, places, before, now).items():
        history = by_case(reader.history(ids, [run.id for run in runs]))
        for case_id, ends in history.items():
            key = case_id, places[name]
            known = records_by_place.get(key, Record(0, 0))
            mixed, _ = mixed_commits(runs, ends)
            records_by_place[key] = Record(
                known.mixed + mixed, max(known.trailing, _trailing(runs, ends))
            )
    return records_by_place


def _trailing(runs: Sequence[StoredRun], ends: Mapping[int, TestEnd]) -> int:
    """The failed runs before the first that passed. `runs`: newest first."""
    finished = [ends[run.id] for run in runs if run.id in ends and ends[run.id].is_finished]
    return sum(1 for _ in takewhile(lambda end: end.is_failed, finished))


def _runs_by_place(
    engine: Engine, places: Places, before: Side, now: Side
) -> dict[PlaceName, list[StoredRun]]:
    """The runs of both sides, and the newest ones up to the side `now`; newest first."""
    lookup = RunLookup(engine)
    runs_by_name: dict[PlaceName, dict[int, StoredRun]] = {}
    for job in sorted({job for job, _ in places}):
        earlier = lookup.before(now.runs[-1].started, job, LOOKED_AT)
        for run in (*earlier, *before.runs, *now.runs):
            name = place_of(run)
            if name in places and run.info.job == job:
                runs_by_name.setdefault(name, {})[run.id] = run
    return {
        name: sorted(runs.values(), key=lambda run: (run.started, run.id), reverse=True)
        for name, runs in runs_by_name.items()
    }


def baseline(
    engine: Engine, places: Places, before: Side, now: Side
) -> tuple[SideColumns | None, int]:
    """Return the columns of earlier runs of those places of `before` that have too few runs.

    With the number of these runs.
    """
    few = {name for name in places if _count(before.runs, name) < LEAST_RUNS}
    known = {run.id for run in (*before.runs, *now.runs)}
    lookup = RunLookup(engine)
    runs: list[StoredRun] = []
    for job in sorted({job for job, _ in few}):
        # Runs between the sides may have the change already.
        earlier = lookup.before(before.runs[-1].started, job, BASELINE)
        runs += [run for run in earlier if run.id not in known and place_of(run) in few]
    if not runs:
        return None, 0
    runs.sort(key=lambda run: (run.started, run.id))
    return add_up(read_ends(engine, runs), runs, places), len(runs)


def _count(runs: Sequence[StoredRun], name: PlaceName) -> int:
    return sum(place_of(run) == name for run in runs)
