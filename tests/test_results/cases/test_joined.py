"""Test results and runs of the CI database: one answer in which no run counts twice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.errors import DatabaseError, UnknownName, UsageError
from ci_stat.questions.cases import CaseAnswer, CaseQuestions
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.service import Questions
from ci_stat.records import RunRow
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.test_results.cases.joined import Totals, totals_of
from ci_stat.test_results.cases.service import Cases
from tests.conftest import Fill
from tests.support.drawn import FULL
from tests.support.drawn_results import case, draw
from tests.support.results import TIDB_ORIGIN
from tests.support.rows import row

MONTH = timedelta(days=30)
ZONE = ZoneInfo("Asia/Shanghai")
CASE = case("TestX", "github.com/o/r/Suite")
MORNING = datetime(2021, 6, 19, 10)


def run(number: int, failed: bool, day: int = 0, job: str = "unit") -> RunRow:
    analysis = {"case": ["x_test.go:Suite.TestX"]} if failed else None
    time = MORNING + timedelta(days=day, minutes=number)
    return row(job, number, "FAILURE" if failed else "SUCCESS", time=time, analysis_res=analysis)


def results_of(engine: Engine, drawn: str, first: int = 1, job: str = "unit") -> None:
    """Results of runs a minute apart, as those of `run`."""
    for at, letter in enumerate(drawn.replace(" ", "")):
        number = first + at
        started = (MORNING + timedelta(minutes=number)).replace(tzinfo=ZONE)
        draw(engine, {CASE: letter}, first=number, job=job, started=started, branch="master")


def asked(source: Source | None, results: Engine | None, name: str = "Suite.TestX") -> CaseAnswer:
    gatherer = Gatherer(source, lambda: None) if source else None
    questions = CaseQuestions(
        lambda: Questions(gatherer) if gatherer else None,
        lambda: Cases(results) if results else None,
    )
    return questions.case(name, MONTH)


def totals(answer: CaseAnswer) -> Totals:
    assert answer.results is not None
    return totals_of(answer.results, answer.runs)


def test_a_run_that_both_know_counts_once(source: Source, fill: Fill, results: Engine) -> None:
    fill([run(number, number in (2, 3)) for number in range(1, 6)])
    results_of(results, "P F F P P")
    answer = asked(source, results)
    assert answer.runs is not None
    joined = totals(answer)
    assert (joined.total.failed, joined.total.runs) == (2, 5)
    assert (joined.in_both, joined.only_in_runs) == (2, ())
    assert [(share.name, share.failed, share.runs) for share in joined.jobs] == [("unit", 2, 5)]
    assert [(day.date, day.failed, day.runs) for day in joined.days] == [("2021-06-19", 2, 5)]


def test_runs_without_results_are_added(source: Source, fill: Fill, results: Engine) -> None:
    fill(
        [
            *(run(number, number == 2) for number in range(1, 4)),  # 1, 2 have results
            *(run(number, number == 11, day=1) for number in range(10, 14)),  # none on that day
            *(run(number, number == 21, job="other") for number in range(20, 23)),
        ]
    )
    results_of(results, "P F")
    joined = totals(asked(source, results))
    assert [(share.name, share.failed, share.runs) for share in joined.jobs] == [
        ("unit", 2, 7),
        ("other", 1, 3),
    ]
    assert (joined.total.failed, joined.total.runs) == (3, 10)
    assert [(day.failed, day.runs) for day in joined.days] == [(2, 6), (1, 4)]
    assert [one.job_id for one in joined.only_in_runs] == [21, 11]


@settings(max_examples=40 if FULL else 8)  # each makes two databases
@given(
    runs=st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=8
    ).filter(
        lambda runs: (
            any(failed and in_runs for failed, in_runs, _ in runs)
            and any(in_results for _, _, in_results in runs)
        )
    )
)
def test_each_run_counts_once_whoever_knows_it(
    runs: list[tuple[bool, bool, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Runs of one job and day: (failed, in the CI database, with test results)."""
    folder = tmp_path_factory.mktemp("joined")
    ci, results = (open_engine(f"sqlite:///{folder}/{name}.sqlite") for name in ("ci", "results"))
    prepare(ci)
    prepare_results(results)
    write_rows(ci, [run(at, failed) for at, (failed, in_runs, _) in enumerate(runs, 1) if in_runs])
    for at, (failed, _, in_results) in enumerate(runs, 1):
        if in_results:
            results_of(results, "F" if failed else "P", first=at)
    known = [failed for failed, in_runs, in_results in runs if in_runs or in_results]
    joined = totals(asked(Source(ci, TIDB_ORIGIN), results))
    assert joined.total.failed == sum(known)
    in_results_only = any(in_results and not in_runs for _, in_runs, in_results in runs)
    # Passed runs have no name in the table: one that results alone know may stand for another.
    assert joined.total.runs <= len(known)
    assert in_results_only or joined.total.runs == len(known)


def test_either_source_is_enough(source: Source, fill: Fill, results: Engine) -> None:
    fill([run(1, failed=True)])
    only_runs = asked(source, None)
    assert (only_runs.results, only_runs.runs is None) == (None, False)
    results_of(results, "F")
    only_results = asked(None, results)
    assert (only_results.results is None, only_results.runs) == (False, None)
    fill([run(1, failed=False)])  # the runs exist, and do not know the case
    assert asked(source, results).runs is None


def test_an_unknown_name_has_near_ones_of_both(source: Source, fill: Fill, results: Engine) -> None:
    fill([run(1, failed=True)])
    draw(results, {case("TestXyz"): "P"})
    with pytest.raises(UnknownName, match=r"(?s)C :: TestXyz.*Suite\.TestX"):
        asked(source, results, "Suite.TestXy")


def test_two_packages_are_not_merged_by_a_name_of_a_log(
    source: Source, fill: Fill, results: Engine
) -> None:
    fill([run(1, failed=True)])
    other = case("TestX", "github.com/o/other/Suite")
    draw(results, {CASE: "F", other: "P"})
    with pytest.raises(UsageError, match="2 tests are named"):
        asked(source, results)
    answer = asked(source, results, "github.com/o/other/Suite.TestX")
    assert answer.results is not None
    assert (answer.results.case.class_name, answer.runs) == ("github.com/o/other/Suite", None)


def test_a_database_that_cannot_be_used_is_a_note(
    source: Source, fill: Fill, results: Engine
) -> None:
    fill([run(1, failed=True)])
    results_of(results, "F")

    def broken() -> None:
        raise DatabaseError("The server is away.")

    gatherer = Gatherer(source, lambda: None)
    answer = CaseQuestions(broken, lambda: Cases(results)).case("Suite.TestX", MONTH)
    assert "The server is away." in answer.facts.notes[0]
    answer = CaseQuestions(lambda: Questions(gatherer), broken).case("Suite.TestX", MONTH)
    assert answer.runs is not None
    assert "The server is away." in answer.runs.notes[0]
    with pytest.raises(DatabaseError, match="The server is away"):
        CaseQuestions(broken, lambda: Cases(results)).case("Unknown", MONTH)
