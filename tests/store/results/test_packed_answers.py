"""Packed attempts answer as one row for each attempt does: the form of versions 1 and 2."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select

from ci_stat.records.case_results import CaseResult, Outcome, ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import attempt_rows, tables, upgrade
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.case_history import CaseHistoryReader
from ci_stat.store.results.columns import read_ends, run_seconds
from ci_stat.store.results.failed_cases import read_failures
from ci_stat.store.results.packed import attempts as packed
from ci_stat.store.results.properties import read_properties
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.segments import SegmentStore
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.stored_attempts import attempts_of_runs
from ci_stat.store.results.window_facts import seen_before
from ci_stat.store.results.write import ResultsWriter, StoredFile

pytestmark = [pytest.mark.property, pytest.mark.migration]

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CASES = 12
old_results = upgrade.old_attempts


class Read:
    """Attempts of a file that needs no parsing."""

    state, detail, format = ReadState.COMPLETE, "", "JUnit XML"

    def __init__(self, cases: Sequence[CaseResult]) -> None:
        self.cases, self.attempts = cases, len(cases)

    def __iter__(self) -> Any:
        return iter(self.cases)


def attempt(drawn: tuple[int, Outcome, str, int | None]) -> CaseResult:
    case, outcome, word, duration = drawn
    is_bad = outcome in (Outcome.FAILED, Outcome.ERROR)
    message = f"got {word}" if is_bad else ""
    properties = (("marker", word),) if case % 3 == 0 else ()
    seconds = None if duration is None else duration / 1e6
    return CaseResult(
        "s", "C", f"t{case}", outcome, word, seconds, message=message, properties=properties
    )


durations = (
    st.none() | st.integers(0, 3_000_000_000) | st.integers(0, 500).map(lambda ms: ms * 1000)
)
words = st.sampled_from(["", "passed", "it's", 'a"b', "\U0001f600 é", "w" * 80])
attempts = st.tuples(st.integers(0, CASES - 1), st.sampled_from(OUTCOMES), words, durations)
files = st.lists(attempts.map(attempt), min_size=1, max_size=15)
runs = st.lists(st.lists(files, min_size=1, max_size=2), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 4 cases, and chunks of 5 attempts that are written 3 at a time."""
    monkeypatch.setattr(packed, "BLOCK_BITS", 2)
    monkeypatch.setattr(packed, "_OFFSET", 3)
    for module in (attempt_rows, upgrade):
        monkeypatch.setattr(module, "CHUNK", 5)
    monkeypatch.setattr("ci_stat.store.results.write.LARGE", 3)
    monkeypatch.setattr(upgrade, "_ROWS", 2)


def store_runs(engine: Engine, drawn: Sequence[Sequence[Sequence[CaseResult]]]) -> None:
    writer = ResultsWriter(engine, lambda: NOW)
    for number, of_run in enumerate(drawn):
        info = RunInfo(f"job{number % 2}", number, started=NOW + timedelta(days=number))
        run_id = writer.run_id(info)
        for place, cases in enumerate(of_run):
            stored = writer.store(run_id, f"d{place}", f"{place}.xml", lambda c=cases: Read(c))  # type: ignore[misc]
            assert stored == StoredFile(True, ReadState.COMPLETE, "", "JUnit XML", len(cases))


def rows_of(engine: Engine) -> list[packed.Attempt]:
    with engine.connect() as connection:
        return list(attempts_of_runs(connection, [run.id for run in all_runs(engine)]))


def all_runs(engine: Engine) -> list[Any]:
    return sorted(ResultsReader(engine).runs(limit=100), key=lambda run: run.id)


def make_old(engine: Engine, rows: Sequence[packed.Attempt]) -> None:
    """Turn a database into one of version 2 with these rows."""
    old_results.create(engine)
    with engine.begin() as connection:
        connection.execute(insert(old_results), [row._asdict() for row in rows])
        connection.execute(delete(tables.attempts))
        connection.execute(delete(tables.file_ends))


def answers(engine: Engine) -> list[Any]:
    """What all readers say."""
    stored = all_runs(engine)
    ids, cases = [run.id for run in stored], list(range(1, CASES + 1))
    reader, history = ResultsReader(engine), CaseHistoryReader(engine)
    ends = read_ends(engine, stored)
    return [
        [list(reader.attempts(run_id)) for run_id in ids],
        list(reader.history(cases[::2], ids[1:])),
        [sorted(reader.messages(run_id, cases).items()) for run_id in ids],
        [history.history(case, NOW, NOW + timedelta(days=2)) for case in cases],
        read_failures(engine, stored),
        read_properties(engine, ids),
        [repr(SegmentStore(engine).attempt_rows(run_id, 1)) for run_id in ids],
        [getattr(ends, name).tolist() for name in ends.__slots__ if name != "seconds"],
        repr(ends.seconds.tolist()),
        run_seconds(engine, ids),
    ]


def check_against_rows(engine: Engine, old: Engine) -> None:
    """Counts and first runs are those that SQL finds in the rows."""
    cases = list(range(1, CASES + 1))
    rows, started = old_results.c, tables.runs.c.started
    is_finished = rows.outcome != OUTCOMES.index(Outcome.SKIPPED)
    joined = select(rows.case_id, func.min(started)).join(
        tables.runs, tables.runs.c.id == rows.run_id
    )
    with old.connect() as connection:
        first = connection.execute(
            joined.where(tables.runs.c.job == "job0").group_by(rows.case_id)
        ).all()
        seen = connection.execute(
            joined.where(started < 1000 * NOW.timestamp() + 86_400_000).group_by(rows.case_id)
        ).all()
        finished = connection.execute(
            select(rows.case_id, func.count()).where(is_finished).group_by(rows.case_id)
        ).all()
    counts = CaseHistoryReader(engine).counts(cases)
    assert ResultsReader(engine).first_runs(cases, "job0") == {row[0]: row[1] for row in first}
    assert seen_before(engine, cases, NOW + timedelta(days=1)) == {case for case, _ in seen}
    assert {case: count.finished for case, count in counts.items() if count.finished} == {
        row[0]: row[1] for row in finished
    }


@given(runs)
@settings(deadline=None, max_examples=25)
def test_a_packed_and_an_upgraded_database_answer_alike(
    drawn: list[list[list[CaseResult]]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        engine = open_engine(f"sqlite:///{Path(name) / 'r.sqlite'}")
        prepare_results(engine)
        store_runs(engine, drawn)
        rows = rows_of(engine)
        expected = [case for of_run in drawn for of_file in of_run for case in of_file]
        stored = [(OUTCOMES[row.outcome], row.word, row.duration) for row in rows]
        assert stored == [
            (case.outcome, case.word, None if case.seconds is None else round(case.seconds * 1e6))
            for case in expected
        ]
        before = answers(engine)
        old = open_engine(f"sqlite:///{Path(name) / 'old.sqlite'}")
        old_results.create(old)
        tables.runs.create(old)
        with engine.connect() as source, old.begin() as target:
            target.execute(insert(old_results), [row._asdict() for row in rows])
            of_runs = source.execute(select(tables.runs)).mappings().all()
            target.execute(insert(tables.runs), [dict(row) for row in of_runs])
        check_against_rows(engine, old)

        make_old(engine, rows)
        prepare_results(engine)
        assert rows_of(engine) == rows
        assert answers(engine) == before
        for one in (engine, old):
            one.dispose()
