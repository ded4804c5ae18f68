"""Large files find their cases without keys, and find the same ones."""

import pytest
from sqlalchemy import Engine, delete, select

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results import attempt_rows, tables
from ci_stat.store.results.read import ResultsReader
from tests.store.results.test_results import store


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 20 attempts is large."""
    monkeypatch.setattr(attempt_rows, "LARGE", 20)


def content(*names: str) -> str:
    cases = "".join(f"<testcase classname='C' name='{name}'/>" for name in names)
    return f"<testsuite name='s'>{cases}</testsuite>"


def names_of(engine: Engine, number: int) -> list[str]:
    """The names of the tests of a run, in their order."""
    reader = ResultsReader(engine)
    (run,) = [run for run in reader.runs(limit=100) if run.info.number == number]
    ids = [attempt.case_id for attempt in reader.attempts(run.id)]
    cases = reader.cases(ids)
    return [cases[id].name for id in ids]


def known_rows(engine: Engine) -> list[bytes]:
    with engine.connect() as connection:
        return list(connection.execute(select(tables.known_cases.c.packed)).scalars())


def test_known_new_and_gone_cases(results: Engine) -> None:
    first = [f"a{number}" for number in range(40)]
    second = [*first[10:], "new1", "new2", *first[:3]]
    for number, names in enumerate((first, second, first)):
        store(results, content(*names), RunInfo("unit", number))
        assert names_of(results, number) == names
    assert len(known_rows(results)) == 1
    with results.connect() as connection:
        assert len(connection.execute(select(tables.cases)).all()) == 42


def test_a_few_new_cases_are_not_written_again_and_again(results: Engine) -> None:
    names = [f"a{number}" for number in range(300)]
    store(results, content(*names), RunInfo("unit", 1))
    before = known_rows(results)
    store(results, content(*names, "new"), RunInfo("unit", 2))
    assert known_rows(results) == before
    store(results, content(*names, *"bcdefg"), RunInfo("unit", 3))
    assert known_rows(results) != before


def test_each_job_and_name_of_a_file_has_its_own(results: Engine) -> None:
    names = [f"a{number}" for number in range(30)]
    files = (("unit", "a.xml"), ("unit", "b.xml"), ("lint", "a.xml"), ("lint", "a.xml"))
    for number, (job, file) in enumerate(files):
        store(results, content(*names), RunInfo(job, number), file)
    assert len(known_rows(results)) == 3


def test_small_files_have_none_and_none_is_needed(results: Engine) -> None:
    store(results, content("a", "b"), RunInfo("unit", 1))
    assert known_rows(results) == []
    names = [f"a{number}" for number in range(30)]
    store(results, content(*names), RunInfo("unit", 2))
    with results.begin() as connection:
        connection.execute(delete(tables.known_cases))
    store(results, content(*names[::-1]), RunInfo("unit", 3))
    assert names_of(results, 3) == names[::-1]
