"""The JSON of a report: its published names."""

from hypothesis import given

from ci_stat.reports.data import report_data
from ci_stat.reports.model import DailyReport, DataProblem
from tests.support.reports import DAILY, PROBLEMS

DURATION = {"job", "runs", "middle", "longest", "before", "before_runs", "change"}
PROBLEM = {
    "kind",
    "window",
    "made_at",
    "trouble",
    "message",
    "hint",
    "newest",
    "database",
    "about",
    "name",
    "version",
}


@given(report=DAILY)
def test_names_of_a_report(report: DailyReport) -> None:
    data = report_data(report)
    assert data["beside"] == list(report.baselines)
    assert isinstance(data["about"], str)
    assert [set(row) for row in data["slowest"]] == [DURATION] * len(report.slowest)
    assert not {"baselines", "names"} & set(data)


@given(report=PROBLEMS)
def test_names_of_a_data_problem(report: DataProblem) -> None:
    data = report_data(report)
    assert set(data) == PROBLEM
    assert data["trouble"] == report.cause
