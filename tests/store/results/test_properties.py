"""Properties of tests, and runs of a number, on each database."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.properties import read_properties
from ci_stat.store.results.read import ResultsReader
from tests.store.results.test_results import store

TIME = datetime(2026, 11, 1, tzinfo=UTC)


def case(name: str, *properties: tuple[str, str]) -> str:
    inside = "".join(f'<property name="{key}" value="{value}"/>' for key, value in properties)
    return f'<testcase classname="C" name="{name}"><properties>{inside}</properties></testcase>'


def test_properties_and_runs_of_a_number(results: Engine) -> None:
    texts = [
        case("a", ("marker", "slow")) + case("b") + case("c", ("x", "é 'quoted'"), ("x", "2")),
        case("a", ("marker", "fast")) + case("a") + case("b"),
    ]
    for attempt, text in enumerate(texts, 1):
        run = RunInfo("unit", 7, attempt, labels={"db": "x"}, started=TIME)
        store(results, f"<testsuite name='s'>{text}</testsuite>", run, "r.xml")
    store(results, f"<testsuite>{case('a')}</testsuite>", RunInfo("unit", 8, started=TIME), "r.xml")

    reader = ResultsReader(results)
    runs = reader.of_number("unit", 7)
    assert [(run.info.attempt, run.info.labels) for run in runs] == [
        (1, {"db": "x"}),
        (2, {"db": "x"}),
    ]
    assert reader.of_number("unit", 9) == reader.of_number("other", 7) == []

    found = read_properties(results, [run.id for run in runs])
    names = {one.id: one.name for one in reader.cases([case_id for _, case_id in found]).values()}
    by_name = {(run_id, names[case_id]): value for (run_id, case_id), value in found.items()}
    first, second = (run.id for run in runs)
    assert by_name == {
        (first, "a"): (("marker", "slow"),),
        (first, "c"): (("x", "é 'quoted'"), ("x", "2")),
        (second, "a"): (("marker", "fast"),),
    }
    assert read_properties(results, []) == {}
