"""Compares two sides: finds their runs, reads their tests, decides, and adds names and messages."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from ci_stat.errors import UsageError
from ci_stat.rendering.format import plural
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, StoredCase, StoredRun
from ci_stat.test_results.cases.history import labels_words
from ci_stat.test_results.comparing import history
from ci_stat.test_results.comparing.changes import Cell, Found, candidates, changes
from ci_stat.test_results.comparing.columns import SPAN, PlaceName, SideColumns, add_up, place_of
from ci_stat.test_results.comparing.durations import Judgement, Key, Pair, judge
from ci_stat.test_results.comparing.model import (
    Change,
    Comparison,
    DurationChange,
    Numbers,
    Side,
    TestChange,
    Timing,
)
from ci_stat.test_results.comparing.sides import Limits, Sides

NO_LIMITS = Limits()
_FAILING = (Change.BROKEN, Change.STILL_BROKEN, Change.FLAKY, Change.NEW)


@dataclass(frozen=True)
class Comparer:
    """Compares sides of one results database."""

    engine: Engine

    def compare(self, before: str, now: str, limits: Limits = NO_LIMITS) -> Comparison:
        """Compare the side `now` with the side `before`, named as in `Sides`.

        Raises UnknownName, UsageError, CannotTell, DatabaseError.
        """
        sides = Sides(self.engine, limits)
        return self.compare_sides(sides.side(before), sides.side(now))

    def compare_sides(self, before: Side, now: Side) -> Comparison:
        """Compare two sides. Raises UsageError if they share runs, DatabaseError."""
        _require_apart(before, now)
        places, notes = _places(before.runs, now.runs)
        old = add_up(read_ends(self.engine, before.runs), before.runs, places)
        new = add_up(read_ends(self.engine, now.runs), now.runs, places)

        records = history.records(self.engine, candidates(old, new), places, before, now)
        if records is None:
            notes.append("Many tests fail: earlier runs were not searched for flaky ones.")
        changed = changes(old, new, records or {})
        earlier, runs = history.baseline(self.engine, places, before, now)
        judged = judge(_seconds(old, new, earlier))

        names = {number: _words(name) for name, number in places.items()}
        described = _Described(self.engine, (old, before.runs), (new, now.runs), names)
        return Comparison(
            before=before,
            now=now,
            changes=described.changes(changed),
            durations=described.durations(judged),
            timing=Timing(judged.compared, runs, judged.shift),
            passed=changed.passed,
            tests_before=_tests(old),
            tests_now=_tests(new),
            only_before=_missing(before.runs, places),
            only_now=_missing(now.runs, places),
            notes=tuple(notes),
        )


def _require_apart(before: Side, now: Side) -> None:
    shared = {run.id for run in before.runs} & {run.id for run in now.runs}
    if shared:
        raise UsageError(
            f"Both sides have {plural(len(shared), 'run')} in common.",
            "Choose sides that share no run, e.g. 14d..7d and 7d.",
        )


def _places(
    before: Sequence[StoredRun], now: Sequence[StoredRun]
) -> tuple[dict[PlaceName, int], list[str]]:
    """The places that both sides have, numbered; if there is none, all of them as one."""
    old, new = {place_of(run) for run in before}, {place_of(run) for run in now}
    shared = sorted(old & new)
    if shared:
        return {name: number for number, name in enumerate(shared)}, []
    note = "Both sides have different jobs or labels; their tests are compared all the same."
    return dict.fromkeys(old | new, 0), [note]


def _missing(runs: Sequence[StoredRun], places: Mapping[PlaceName, int]) -> tuple[str, ...]:
    """Places of a side that the other one lacks."""
    return tuple(_words(name) for name in sorted({place_of(run) for run in runs} - places.keys()))


def _words(name: PlaceName) -> str:
    job, labels = name
    known = labels_words(json.loads(labels))
    return f"{job} ({known})" if known else job


def _tests(side: SideColumns) -> int:
    return len(np.unique(side.key % SPAN))


def _seconds(old: SideColumns, new: SideColumns, earlier: SideColumns | None) -> dict[Key, Pair]:
    """The durations of each test that both sides have, with those of earlier runs."""
    rows = {key: at for at, key in enumerate(old.key.tolist())}
    earlier_rows = {key: at for at, key in enumerate(earlier.key.tolist())} if earlier else {}
    pairs: dict[Key, Pair] = {}
    for at_new, key in enumerate(new.key.tolist()):
        if key not in rows:
            continue
        before = old.seconds(rows[key])
        if earlier is not None and key in earlier_rows:
            before = earlier.seconds(earlier_rows[key]) + before
        pairs[key % SPAN, key // SPAN] = (before, new.seconds(at_new))
    return pairs


_Columns = tuple[SideColumns, Sequence[StoredRun]]
_Messages = dict[tuple[int, int], tuple[str, str]]
"""Fingerprint and message by run and case."""


class _Described:
    """Adds names, numbers and messages to what was decided."""

    def __init__(
        self, engine: Engine, before: _Columns, now: _Columns, places: Mapping[int, str]
    ) -> None:
        self._reader = ResultsReader(engine)
        self._before, self._before_runs = before
        self._now, self._now_runs = now
        self._places = places

    def changes(self, compared: Found) -> tuple[TestChange, ...]:
        """By kind of change, then those that fail, then by name."""
        cases = self._reader.cases(sorted(compared.cells))
        messages = self._messages(cell for cells in compared.cells.values() for cell in cells)
        tests = [
            self._change(cases[case_id], cells, messages)
            for case_id, cells in compared.cells.items()
        ]
        order = {change: place for place, change in enumerate(Change)}
        tests.sort(
            key=lambda test: (
                order[test.change],
                not test.fails,  # new tests that fail come first
                test.case.full_name,
                test.case.id,
            )
        )
        return tuple(tests)

    def durations(self, judged: Judgement) -> tuple[DurationChange, ...]:
        cases = self._reader.cases(sorted({change.key[0] for change in judged.changes}))
        return tuple(
            DurationChange(
                case=cases[change.key[0]],
                before=change.before,
                now=change.now,
                runs_before=change.runs_before,
                runs_now=change.runs_now,
                q_value=change.q_value,
                places=self._place_words([change.key[1]]),
            )
            for change in judged.changes
        )

    def _change(self, case: StoredCase, cells: list[Cell], messages: _Messages) -> TestChange:
        cell = cells[0]
        before = messages.get((self._run_before(cell), case.id), ("", ""))
        now = messages.get((self._run_now(cell), case.id), ("", ""))
        shown = now if any(now) else before
        is_still = cell.change is Change.STILL_BROKEN
        return TestChange(
            change=cell.change,
            case=case,
            before=_numbers(self._before, [cell.before for cell in cells]),
            now=_numbers(self._now, [cell.now for cell in cells]),
            places=self._place_words([cell.place for cell in cells]),
            message=shown[1],
            fingerprint=shown[0],
            is_other_message=is_still and any(before) and any(now) and before[0] != now[0],
            flaky_commits=max(cell.mixed for cell in cells),
        )

    def _place_words(self, places: list[int]) -> tuple[str, ...]:
        """The places, if both sides have several."""
        return tuple(self._places[place] for place in places) if len(self._places) > 1 else ()

    def _messages(self, cells: Iterable[Cell]) -> _Messages:
        """The messages of tests in the newest run of each side."""
        wanted: dict[int, set[int]] = defaultdict(set)
        for cell in cells:
            if cell.change in _FAILING:
                wanted[self._run_now(cell)].add(cell.case_id)
            if cell.change in (Change.FIXED, Change.STILL_BROKEN, Change.FLAKY):
                wanted[self._run_before(cell)].add(cell.case_id)
        messages: _Messages = {}
        for run_id, case_ids in wanted.items():
            for case_id, message in self._reader.messages(run_id, sorted(case_ids)).items():
                messages[run_id, case_id] = message
        return messages

    def _run_before(self, cell: Cell) -> int:
        return _run_id(self._before, self._before_runs, cell.before)

    def _run_now(self, cell: Cell) -> int:
        return _run_id(self._now, self._now_runs, cell.now)


def _run_id(side: SideColumns, runs: Sequence[StoredRun], at: int) -> int:
    """The newest run of the test at a place of the columns; 0 without the test."""
    return runs[int(side.run[at])].id if at >= 0 else 0


def _numbers(side: SideColumns, places: list[int]) -> Numbers:
    """The numbers of the test in several places together; the outcome is that of the worst."""
    known = [at for at in places if at >= 0]
    if not known:
        return Numbers()
    outcomes = [OUTCOMES[int(side.outcome[at])] for at in known]
    worst = max(outcomes, key=_WORST.index)
    failed = sum(int(side.failed[at]) for at in known)
    return Numbers(str(worst), failed, sum(int(side.finished[at]) for at in known))


_WORST = (OUTCOMES[3], OUTCOMES[0], OUTCOMES[1], OUTCOMES[2])
