"""Reads the results that a gate judges from the results database.

A run of a matrix is stored as one run for each entry and attempt. A gate judges them together: of
each entry the last attempt of each test counts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.records.ends import SKIPPED, Ends
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.properties import Properties, read_properties
from ci_stat.store.results.read import ResultsReader, StoredCase, StoredRun
from ci_stat.test_results.gates.joining import later
from ci_stat.test_results.gates.model import GateCase, GateResults, Labels, labels_key
from ci_stat.test_results.model import FileReport

_BATCH = 50  # runs whose ends are in memory at once

Keep = Callable[[GateCase], bool]
Group = tuple[StoredRun, ...]
"""The entries and attempts of one run, in the order of attempts."""


def groups_of(runs: Iterable[StoredRun]) -> list[Group]:
    """Group the entries and attempts of each run, in the order of the first of them."""
    groups: dict[tuple[object, ...], list[StoredRun]] = defaultdict(list)
    for run in runs:
        info = run.info
        key = (info.repo, info.job, info.number if info.number is not None else ("id", run.id))
        groups[key].append(run)
    return [tuple(sorted(group, key=lambda run: run.info.attempt)) for group in groups.values()]


def started(group: Group) -> datetime:
    """When the last of its runs started."""
    return max(run.started for run in group)


class StoredResults:
    """Reads results; cases are read once.

    - `with_properties`: whether the policy asks for them.
    - `keep`: which tests are read, by their names and labels; None: all.
    """

    def __init__(self, engine: Engine, with_properties: bool, keep: Keep | None = None) -> None:
        self._engine = engine
        self._reader = ResultsReader(engine)
        self._with_properties = with_properties
        self._keep = keep
        self._kept: dict[tuple[int, str], bool] = {}
        self._cases: dict[int, StoredCase] = {}

    def read(self, groups: Sequence[Group]) -> Iterator[tuple[Group, GateResults]]:
        """Yield the results of each group, in order. Raises DatabaseError."""
        for begin in range(0, len(groups), _BATCH):
            some = groups[begin : begin + _BATCH]
            runs = [run for group in some for run in group]
            ends = read_ends(self._engine, runs)
            self._read_cases(ends)
            properties = self._properties(runs)
            place = 0
            for group in some:
                tests: dict[tuple[int, str], GateCase] = {}
                for run in group:
                    self._add(tests, run, _of_run(ends, place), properties)
                    place += 1
                yield group, GateResults(tuple(tests.values()), self._files(group), _name(group))

    def _read_cases(self, ends: Ends) -> None:
        missing = [int(number) for number in np.unique(ends.case) if number not in self._cases]
        self._cases |= self._reader.cases(missing)

    def _properties(self, runs: Sequence[StoredRun]) -> dict[tuple[int, int], Properties]:
        if not self._with_properties:
            return {}
        return read_properties(self._engine, [run.id for run in runs])

    def _files(self, group: Group) -> tuple[FileReport, ...]:
        return tuple(
            FileReport(row.name, ReadState(row.state), row.detail, row.format, row.attempts)
            for run in group
            for row in self._reader.files(run.id)
        )

    def _add(
        self,
        tests: dict[tuple[int, str], GateCase],
        run: StoredRun,
        ends: Ends,
        properties: dict[tuple[int, int], Properties],
    ) -> None:
        """Add the ends of a run; those of an earlier attempt become earlier attempts."""
        labels, label_text = labels_key(run.info.labels), run.info.label_text
        if self._keep is not None:
            ends = _rows(ends, self._is_kept(ends, label_text, labels))
        seconds = np.nan_to_num(ends.seconds).tolist()
        columns = zip(
            ends.case.tolist(),
            ends.outcome.tolist(),
            ends.passed.tolist(),
            ends.failed.tolist(),
            ends.attempts.tolist(),
            seconds,
            strict=True,
        )
        for case_id, code, has_passed, has_failed, attempts, duration in columns:
            outcome = _outcome(code, has_failed)
            is_flaky = has_passed and has_failed and outcome is Outcome.PASSED
            case = _case(
                self._cases[case_id],
                labels,
                outcome,
                is_flaky,
                attempts,
                duration,
                properties.get((run.id, case_id), ()),
            )
            key = (case_id, label_text)
            tests[key] = later(tests[key], case) if key in tests else case

    def _is_kept(self, ends: Ends, label_text: str, labels: Labels) -> NDArray[np.bool_]:
        """Say of each row whether its test is kept. Each test is asked for once."""
        kept = []
        for case_id in ends.case.tolist():
            key = (case_id, label_text)
            if key not in self._kept:
                assert self._keep is not None  # the caller checked
                self._kept[key] = self._keep(_case(self._cases[case_id], labels, Outcome.PASSED))
            kept.append(self._kept[key])
        return np.array(kept, np.bool_)


def _case(
    stored: StoredCase,
    labels: Labels,
    outcome: Outcome,
    is_flaky: bool = False,
    attempts: int = 1,
    seconds: float = 0.0,
    properties: Properties = (),
) -> GateCase:
    return GateCase(
        stored.suite,
        stored.class_name,
        stored.name,
        stored.parameters,
        stored.file,
        outcome,
        labels,
        is_flaky,
        attempts,
        seconds,
        "",
        properties,
    )


def _outcome(code: int, has_failed: bool) -> Outcome:
    """The outcome of a test. A skipped attempt after a failure does not undo it."""
    if code == SKIPPED and has_failed:
        return Outcome.FAILED
    return OUTCOMES[code]


def _of_run(ends: Ends, place: int) -> Ends:
    """The rows of one run; they are next to each other."""
    begin, end = np.searchsorted(ends.run, (place, place + 1))
    return _rows(ends, slice(int(begin), int(end)))


def _rows(ends: Ends, rows: slice | NDArray[np.bool_]) -> Ends:
    return Ends(
        ends.run[rows],
        ends.case[rows],
        ends.outcome[rows],
        ends.passed[rows],
        ends.failed[rows],
        ends.attempts[rows],
        ends.seconds[rows],
    )


def _name(group: Group) -> str:
    """The run for people, e.g. `run 7 of unit`."""
    info = group[0].info
    number = f"run {info.number}" if info.number is not None else f"run of {info.started:%Y-%m-%d}"
    entries = {run.info.label_text for run in group}
    many = f" ({len(entries)} matrix entries)" if len(entries) > 1 else ""
    return f"{number} of {info.job}{many}"
