"""Runs with test results as drawn: letters are outcomes, stored as an import stores them."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine

from ci_stat.records.case_results import CaseResult, Outcome, ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.write import ResultsWriter

BEGIN = datetime(2026, 11, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
_LETTERS = {
    "P": Outcome.PASSED,
    "F": Outcome.FAILED,
    "E": Outcome.ERROR,
    "S": Outcome.SKIPPED,
}
_numbers = itertools.count()


class _File:
    """A whole file with these attempts."""

    state, detail, format = ReadState.COMPLETE, "", "drawn"

    def __init__(self, attempts: list[CaseResult]) -> None:
        self._attempts = attempts
        self.attempts = len(attempts)

    def __iter__(self) -> Iterator[CaseResult]:
        return iter(self._attempts)


def case(name: str, class_name: str = "C", **more: Any) -> CaseResult:
    """A passed attempt of a case."""
    return CaseResult(
        **{"suite": "s", "class_name": class_name, "name": name, "outcome": Outcome.PASSED, **more}
    )


def store_run(engine: Engine, run: RunInfo, attempts: list[CaseResult]) -> int:
    """Store a run with one file. Returns its id."""
    writer = ResultsWriter(engine, lambda: BEGIN)
    run_id = writer.run_id(run)
    writer.store(run_id, f"d{next(_numbers)}", "r.xml", lambda: _File(attempts))
    return run_id


def draw(
    engine: Engine,
    drawn: Mapping[Any, str],
    step: timedelta = DAY,
    first: int = 1,
    seconds: float | None = None,
    **run: Any,
) -> list[int]:
    """Store a run for each column of `drawn`; returns their ids.

    `drawn`: by name or `CaseResult`. A letter of a case is its outcome (P F E S), two letters are
    two attempts, `.` means that the run did not have it, and `|` starts a new commit. `run`: more
    values of each run.
    """
    columns = {one if isinstance(one, CaseResult) else case(one): text.split()
               for one, text in drawn.items()}  # fmt: skip
    commit, number, ids = 0, first, []
    for cells in zip(*columns.values(), strict=True):
        if "|" in cells:
            commit += 1
            continue
        attempts = [
            _attempt(one, letter, number, seconds)
            for one, cell in zip(columns, cells, strict=True)
            for letter in cell
            if letter != "."
        ]
        values: dict[str, Any] = {
            "job": "unit",
            "number": number,
            "commit": f"c{commit}",
            "branch": "main",
            "repo": "me/app",
            "url": f"https://ci.example/{run.get('job', 'unit')}/{number}",
            "started": BEGIN + (number - 1) * step,
            **run,
        }
        ids.append(store_run(engine, RunInfo(**values), attempts))
        number += 1
    return ids


def _attempt(one: CaseResult, letter: str, number: int, seconds: float | None) -> CaseResult:
    outcome = _LETTERS[letter]
    has_failed = outcome in (Outcome.FAILED, Outcome.ERROR)
    return msgspec.structs.replace(
        one,
        outcome=outcome,
        seconds=one.seconds if seconds is None else seconds,
        message=(one.message or f"got {number}, want 18") if has_failed else "",
        text=one.text if has_failed else "",
    )
