"""The results database: what is stored comes back, once, whatever happens in between."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, inspect, select, text

from ci_stat.errors import SchemaMismatch
from ci_stat.failures.fingerprint import fingerprint
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.upgrade import VERSION
from ci_stat.store.results.write import ResultsWriter, StoredFile
from tests.support.forks import fork

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
RUN = RunInfo("unit", 7, commit="c1", started=datetime(2026, 11, 30, 10, tzinfo=UTC))
CONTENT = (
    '<testsuite name="s"><testcase classname="C" name="a[1]" time="0.5" file="a.py" line="3">'
    '<failure message="got 17 &#8364;" type="E">trace \U0001f600</failure>'
    "<system-out>out</system-out></testcase>"
    '<testcase classname="C" name="a[1]" time="0.25"/><testcase classname="C" name="b"/>'
    '<testcase classname="C" name="c"><skipped message="later"/></testcase></testsuite>'
)
TABLES = (tables.runs, tables.files, tables.cases, tables.messages, tables.attempts, tables.texts)


def store(
    engine: Engine, content: str = CONTENT, run: RunInfo = RUN, name: str = "a.xml"
) -> StoredFile:
    writer = ResultsWriter(engine, lambda: NOW)
    data = content.encode()
    digest = hashlib.sha256(data).hexdigest()
    return writer.store(writer.run_id(run), digest, name, lambda: ResultFile([data]))


def sizes(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }


def contents(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for table in TABLES for row in connection.execute(select(table)).all()]


def outcomes(engine: Engine) -> Counter[Outcome]:
    reader = ResultsReader(engine)
    return Counter(
        attempt.outcome for run in reader.runs(limit=100) for attempt in reader.attempts(run.id)
    )


def test_what_is_stored_comes_back(results: Engine) -> None:
    assert store(results) == StoredFile(True, ReadState.COMPLETE, "", "JUnit XML", 4)
    reader = ResultsReader(results)
    (run,) = reader.runs()
    assert run.info == RUN
    attempts = list(reader.attempts(run.id))
    assert [(str(one.outcome), one.seconds) for one in attempts] == [
        ("failed", 0.5),
        ("passed", 0.25),
        ("passed", None),
        ("skipped", None),
    ]
    cases = reader.cases([one.case_id for one in attempts])
    assert [cases[one.case_id].full_name for one in attempts] == [
        "C :: a[1]",
        "C :: a[1]",
        "C :: b",
        "C :: c",
    ]
    assert len(cases) == 3
    print = fingerprint("case", "C.a[1]", "got 17 €")
    assert reader.messages(run.id, list(cases)) == {attempts[0].case_id: (print, "got 17 €")}
    with results.connect() as connection:
        failed, skipped = connection.execute(select(tables.texts)).all()
    assert (failed.text, failed.stdout, failed.line) == ("trace \U0001f600", "out", 3)
    assert (skipped.message, skipped.text) == ("later", "")


def test_the_same_file_of_the_same_run_changes_nothing(results: Engine) -> None:
    store(results)
    before = contents(results)
    again = store(results)
    assert again == StoredFile(False, ReadState.COMPLETE, "", "JUnit XML", 4)
    assert store(results, name="copy.xml").is_new is False
    assert contents(results) == before


def test_the_same_file_of_another_run_attempt_or_matrix_entry_is_stored(results: Engine) -> None:
    others = [
        RunInfo("unit", 8),
        RunInfo("unit", 7, attempt=2),
        RunInfo("unit", 7, labels={"spark": "3.5.7"}),
        RunInfo("unit", 7, repo="me/app"),
        RunInfo("lint", 7),
    ]
    for run in (RUN, *others):
        assert store(results, run=run).is_new
    assert sizes(results)["test_runs"] == 6
    assert sizes(results)["test_cases"] == 3
    assert outcomes(results)[Outcome.PASSED] == 12


def test_labels_in_any_order_are_the_same_run() -> None:
    first = RunInfo("unit", 7, labels={"a": "1", "b": "2"})
    assert first.key == RunInfo("unit", 7, labels={"b": "2", "a": "1"}).key


def test_an_incomplete_file_is_stored_and_replaced_by_the_complete_one(results: Engine) -> None:
    end = CONTENT.index('<testcase classname="C" name="b"')
    cut = store(results, CONTENT[:end])
    assert (cut.is_new, cut.state, cut.attempts) == (True, ReadState.CUT, 2)
    assert cut.detail == "the file ends inside <testsuite>"
    assert outcomes(results) == {Outcome.FAILED: 1, Outcome.PASSED: 1}

    assert store(results).state is ReadState.COMPLETE
    assert outcomes(results) == {Outcome.FAILED: 1, Outcome.PASSED: 2, Outcome.SKIPPED: 1}
    assert sizes(results)["test_files"] == 1


@pytest.mark.parametrize("word", ["it's", "%s %", "\\' or 1=1; -- x", 'a"b', "\U0001f600 é"])
def test_words_of_outcomes_come_back_as_they_are(results: Engine, word: str) -> None:
    case = {"name": "a", "status": "failed", "duration": 1, "rawStatus": word}
    report = {"results": {"tool": {"name": "x"}, "summary": {}, "tests": [case]}}
    assert store(results, json.dumps(report)).attempts == 1
    assert [attempt.word for attempt in ResultsReader(results).attempts(1)] == [word]


@pytest.mark.chaos
@pytest.mark.transaction
def test_an_error_midway_leaves_nothing_of_the_file(results: Engine) -> None:
    def blocks() -> object:
        yield CONTENT[:-12].encode()
        raise MemoryError

    writer = ResultsWriter(results, lambda: NOW)
    run_id = writer.run_id(RUN)
    with pytest.raises(MemoryError):
        writer.store(run_id, "d", "a.xml", lambda: ResultFile(blocks()))  # type: ignore[arg-type]
    kept = sizes(results)
    assert (kept["test_files"], kept["test_attempts"], kept["test_texts"]) == (0, 0, 0)
    store(results)
    assert outcomes(results).total() == 4


KILLED = """
import sys
from datetime import UTC, datetime

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.write import ResultsWriter

def blocks():
    yield b"<testsuite>"
    for number in range(int(sys.argv[2])):
        yield b'<testcase name="k%d"/>' % number
    print("ready", flush=True)
    input()
    yield b"</testsuite>"

writer = ResultsWriter(open_engine(sys.argv[1], 60), lambda: datetime(2026, 1, 1, tzinfo=UTC))
writer.store(writer.run_id(RunInfo("unit", 7)), "digest", "k.xml", lambda: ResultFile(blocks()))
"""


@pytest.mark.chaos
@pytest.mark.transaction
@pytest.mark.parametrize("number", [10, 4500])
def test_a_killed_import_has_stored_nothing_and_can_be_repeated(
    results: Engine, url: str, number: int
) -> None:
    """With 4500 cases, two batches were already written when it is killed."""
    killed = fork(KILLED, url, number)
    assert killed.line() == "ready"
    killed.kill()
    killed.finish()
    assert sizes(results)["test_attempts"] == sizes(results)["test_files"] == 0
    assert store(results).is_new
    assert outcomes(results).total() == 4


IMPORTER = """
import sys
from datetime import UTC, datetime
from hashlib import sha256

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.write import ResultsWriter

engine = open_engine(sys.argv[1], 60)
prepare_results(engine)
writer = ResultsWriter(engine, lambda: datetime(2026, 1, 1, tzinfo=UTC))
letters = "xyz"
for number in range(4):
    cases = "".join(
        f'<testcase name="n{case % 40}"><failure message="m {letters[case % 3]}"/></testcase>'
        for case in range(number, number + 60)
    )
    data = f'<testsuite name="s">{cases}</testsuite>'.encode()
    run = RunInfo("unit", number % 2)
    writer.store(writer.run_id(run), sha256(data).hexdigest(), "f", lambda: ResultFile([data]))
"""


@pytest.mark.chaos
@pytest.mark.concurrent
def test_many_importers_at_once_store_each_file_once(empty: Engine, url: str) -> None:
    """They also create the tables at once."""
    importers = [fork(IMPORTER, url) for _ in range(6)]
    assert [importer.finish() for importer in importers] == [(0, "")] * 6
    assert sizes(empty) == {
        "test_runs": 2,
        "test_files": 4,
        "test_cases": 40,
        "test_messages": 63,
        "test_attempts": 4,
        "test_texts": 240,
    }
    assert outcomes(empty) == {Outcome.FAILED: 240}


def test_preparing_again_changes_nothing(results: Engine) -> None:
    store(results)
    before = contents(results)
    prepare_results(results)
    assert contents(results) == before
    assert {table.name for table in TABLES} < set(inspect(results).get_table_names())


@pytest.mark.chaos
@pytest.mark.migration
def test_a_half_prepared_database_is_completed(results: Engine) -> None:
    with results.begin() as connection:
        connection.execute(text("drop table test_texts"))
        connection.execute(text("delete from ci_stat_results"))
    prepare_results(results)
    assert store(results).is_new


def test_a_newer_database_is_refused(results: Engine) -> None:
    with results.begin() as connection:
        connection.execute(tables.version_table.insert(), {"version": VERSION + 1})
    with pytest.raises(SchemaMismatch, match=f"has version {VERSION + 1}; this ci_stat supports"):
        prepare_results(open_engine(results.url))


def test_the_newest_runs_of_a_job(results: Engine) -> None:
    for number, hour in ((1, 8), (2, 9), (3, 7)):
        started = datetime(2026, 11, 30, hour, tzinfo=UTC)
        store(results, run=RunInfo("unit", number, started=started))
    store(results, run=RunInfo("lint", 9, started=NOW))
    reader = ResultsReader(results)
    assert reader.jobs() == ["lint", "unit"]
    found = reader.runs("unit", limit=10)
    assert [run.info.number for run in found] == [2, 1, 3]
    earlier = reader.runs("unit", limit=10, before=found[1].id)
    assert [run.info.number for run in earlier] == [3]
