"""The result files of the demo belong to the same story as its rows and logs."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ci_stat.demo import RESULT_JOBS, generate_rows, junit_text, log_failures, stories_from
from ci_stat.demo.cases import REGRESSION_CASE
from ci_stat.formats.result_file import ResultFile
from ci_stat.records import RunRow
from ci_stat.records.case_results import CaseResult, Outcome, ReadState

Files = list[tuple[RunRow, list[CaseResult]]]
SEED = 4


@pytest.fixture(scope="module")
def files() -> Files:
    return list(_files(SEED))


def _files(seed: int) -> Iterator[tuple[RunRow, list[CaseResult]]]:
    for row in generate_rows(rows_per_day=200, seed=seed):
        text = junit_text(row, seed)
        if text is not None:
            file = ResultFile(iter([text]))
            yield row, list(file)
            assert file.state is ReadState.COMPLETE


def _failed(cases: list[CaseResult]) -> list[CaseResult]:
    return [case for case in cases if case.outcome is Outcome.FAILED]


def test_a_file_fails_exactly_if_its_run_fails(files: Files) -> None:
    assert {row.job for row, _ in files} == set(RESULT_JOBS)
    for row, cases in files:
        assert row.status == ("FAILURE" if _failed(cases) else "SUCCESS")
        assert all(case.outcome in (Outcome.FAILED, Outcome.PASSED) for case in cases)


def test_the_failures_of_a_file_are_those_of_the_log(files: Files) -> None:
    for row, cases in files:
        logged = [failure.name for failure in log_failures(row, SEED)]
        names = {case.name.rpartition(".")[2] for case in _failed(cases)}
        assert names == {name.rpartition(".")[2] for name in logged}
        assert all(case.message for case in _failed(cases))


def test_tests_take_most_of_the_time_of_their_run(files: Files) -> None:
    for row, cases in files:
        seconds = sum(case.seconds or 0 for case in cases)
        assert 0.6 < seconds * 1000 / (row.duration or 1) < 0.8


def test_the_regression_is_in_the_files_only_at_its_time(files: Files) -> None:
    name = REGRESSION_CASE.name.rpartition(".")[2]
    broken = [row for row, cases in files if name in {case.name for case in _failed(cases)}]
    begin, end = stories_from().regression
    assert all(begin <= (row.time or end) < end for row in broken)
    assert Counter(row.job for row in broken).keys() == set(RESULT_JOBS)


def test_a_run_that_ended_before_its_tests_has_no_file() -> None:
    for row in generate_rows(rows_per_day=60):
        if row.status == "ABORTED" or row.job not in RESULT_JOBS:
            assert junit_text(row) is None
        kinds = {failure.kind for failure in log_failures(row)}
        if kinds - {"case"}:
            assert junit_text(row) is None
