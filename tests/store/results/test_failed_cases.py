"""Failed tests of runs, and cases by their keys, in each kind of database."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from ci_stat.failures.case_identity import identity_key
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.case_ids import case_ids, case_keys
from ci_stat.store.results.failed_cases import read_failures
from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.alerts.gather import presents
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.publishing.from_store import collect_stored
from ci_stat.test_results.publishing.history import published
from ci_stat.test_results.service import TestResults

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OUTCOMES = {"P": "", "F": '<failure message="got 17">trace</failure>', "S": "<skipped/>"}


def store(engine: Engine, number: int, ending: str = "</testsuite>", **cases: str) -> None:
    inside = "".join(
        f'<testcase classname="C" name="{name}">{OUTCOMES[letter]}</testcase>'
        for name, letters in cases.items()
        for letter in letters
    )
    content = f'<testsuite name="s">{inside}{ending}'.encode()
    run = RunInfo("unit", number, branch="main", commit=f"c{number}", started=NOW)
    file = Input("r.xml", lambda: iter([content]), True)
    TestResults(engine, lambda: NOW).import_files([file], run)


def test_the_last_attempt_decides(results: Engine) -> None:
    store(results, 1, a="PF", b="FP", c="F", d="S", e="P")
    store(results, 2, ending="", a="P")
    store(results, 3, a="P")
    runs = ResultsReader(results).runs("unit", 3)
    found = read_failures(results, runs)
    first, cut, green = (found[run.id] for run in sorted(runs, key=lambda run: run.id))
    assert [case.name for case in first.failed] == ["a", "c"]
    assert (first.failed[0].message, first.failed[0].text) == ("got 17", "trace")
    assert (first.tests, first.is_whole) == (5, True)
    assert (cut.failed, cut.is_whole) == ((), False)
    assert (green.failed, green.is_whole) == ((), True)


def test_keys_and_ids_are_each_other(results: Engine) -> None:
    store(results, 1, a="P", b="F")
    keys = [identity_key("s", "C", name) for name in "ab"]
    ids = case_ids(results, [*keys, "c1:unknown"])
    assert sorted(ids) == sorted(keys)
    assert case_keys(results, list(ids.values())) == {id: key for key, id in ids.items()}


def test_publishing_and_alerts_ask_each_kind_of_database(results: Engine) -> None:
    store(results, 1, a="P", b="F")
    store(results, 2, a="F", b="F")
    publication = published(results, collect_stored(results, "unit", 2, {}), "", NOW)
    standings = {one.case.name: str(one.standing) for one in publication.failures}
    assert standings == {"C :: a": "broken", "C :: b": "before"}
    (present,) = presents(results, (), (), NOW, [identity_key("s", "C", "a")])
    assert [condition.name for condition in present.conditions] == ["", "C :: a", "C :: b"]
    assert present.fine == frozenset()
