"""Import, repeat, cut, prune and read in any order: no run and no attempt appears or vanishes."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, event, select

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.daily import read_daily
from ci_stat.store.results.prune import prune
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.tables import attempts as results
from ci_stat.store.results.tables import metadata as results_metadata
from ci_stat.store.results.write import ResultsWriter
from tests.chaos.support import DAY, NOON, attempts, import_runs, junit, record, statuses

pytestmark = [pytest.mark.chaos, pytest.mark.property]

STATUSES = ("SUCCESS", "FAILURE", "ABORTED")
numbers = st.integers(1, 6)


class Runs(RuleBasedStateMachine):
    """The CI database: the last import of a run counts."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[tuple[str, int], str] = {}
        with self.engine.begin() as connection:
            connection.execute(ci_data.delete())

    @rule(
        drawn=st.lists(
            st.tuples(st.sampled_from("ab"), numbers, st.sampled_from(STATUSES)), max_size=5
        )
    )
    def imported(self, drawn: list[tuple[str, int, str]]) -> None:
        done = import_runs(self.engine, *(record(*run) for run in drawn))
        assert done.stored == len(drawn)
        self.expected |= {(job, number): status for job, number, status in drawn}

    @rule(job=st.sampled_from("ab"), number=numbers)
    def imported_with_a_bad_line(self, job: str, number: int) -> None:
        done = import_runs(self.engine, b"{", record(job, number), b'{"job_name": "a"}')
        assert (done.stored, len(done.skipped)) == (1, 2)
        self.expected[job, number] = "SUCCESS"

    @invariant()
    def counts_are_kept(self) -> None:
        assert statuses(self.engine) == Counter(self.expected.values())


class Results(RuleBasedStateMachine):
    """The results of tests: a file of a run counts once, raw or pruned."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[int, tuple[int, int]] = {}
        self.pruned: set[int] = set()
        with self.engine.begin() as connection:
            for table in reversed(results_metadata.sorted_tables):
                connection.execute(table.delete())

    def _import(self, number: int, content: str) -> Any:
        writer = ResultsWriter(self.engine, lambda: NOON)
        run = writer.run_id(RunInfo("unit", number, started=NOON + number * DAY))
        data = content.encode()
        digest = hashlib.sha256(data).hexdigest()
        return writer.store(run, digest, "r.xml", lambda: ResultFile([data]))

    @rule(number=numbers, failed=st.integers(0, 3))
    def imported(self, number: int, failed: int) -> None:
        """A number has one file: the same content is the same file."""
        tests, failed = self.stored.get(number, (3, failed))
        stored = self._import(number, junit(tests, failed))
        assert stored.is_new == (number not in self.stored)
        self.stored[number] = (tests, failed)

    @rule(number=numbers, kept=st.integers(1, 2))
    def imported_cut_and_whole(self, number: int, kept: int) -> None:
        if number in self.stored:
            return
        content = junit(3, 1)
        cut = content.split("<testcase")
        state = self._import(number, "<testcase".join(cut[: kept + 1])).state
        assert state is ReadState.CUT
        assert self._import(number, content).is_new
        self.stored[number] = (3, 1)

    @precondition(lambda self: self.stored)
    @rule(number=numbers)
    def pruned_before(self, number: int) -> None:
        prune(self.engine, NOON + number * DAY)
        last = max(self.stored)
        self.pruned |= {one for one in self.stored if one < min(number, last)}

    @invariant()
    def days_have_all(self) -> None:
        days = {
            group.day: (
                group.runs,
                int(group.tests.runs.sum()),
                int(group.tests.attempts.sum()),
                int(group.tests.failed.sum()),
            )
            for group in read_daily(self.engine, NOON.date(), (NOON + 8 * DAY).date())
        }
        assert days == {
            (NOON + number * DAY).date(): (1, tests, tests, failed)
            for number, (tests, failed) in self.stored.items()
        }

    @invariant()
    def only_raw_runs_have_rows(self) -> None:
        """Each has all attempts of its whole file, and none of a cut one."""
        raw = {one: count for one, (count, _) in self.stored.items() if one not in self.pruned}
        assert attempts(self.engine) == raw
        with self.engine.connect() as connection:
            rows = connection.execute(select(results.c.run_id).distinct()).all()
        assert len(rows) == len(raw)

    @invariant()
    def raw_runs_have_their_attempts(self) -> None:
        raw = {one: count for one, count in self.stored.items() if one not in self.pruned}
        runs = ResultsReader(self.engine).runs(limit=100)
        ends = read_ends(self.engine, runs)
        counts = {
            run.info.number: (
                int((ends.run == place).sum()),
                int(ends.failed[ends.run == place].sum()),
            )
            for place, run in enumerate(runs)
        }
        assert counts == raw


@pytest.fixture
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    prepare(engine)
    prepare_results(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("machine", [Runs, Results])
def test_counts_are_kept(opened: Engine, machine: type[Runs] | type[Results]) -> None:
    machine.engine = opened
    chosen = settings()
    run_state_machine_as_test(
        machine,
        settings=settings(chosen, max_examples=max(chosen.max_examples // 4, 4),
                          stateful_step_count=10),
    )  # fmt: skip
