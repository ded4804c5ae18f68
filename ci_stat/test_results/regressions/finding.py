"""Finds what regressed in a history that was read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.flakiness.model import DefaultBranch
from ci_stat.test_results.regressions.durations import FoundShift, Shifts, duration_shifts
from ci_stat.test_results.regressions.judge import Judged, judge
from ci_stat.test_results.regressions.model import (
    Count,
    DurationChange,
    LeftOutRuns,
    Regression,
    RegressionReport,
)
from ci_stat.test_results.regressions.series import SeriesTable, series_table
from ci_stat.test_results.regressions.since import failure_change
from ci_stat.test_results.regressions.window_counts import Periods, WindowCounts


@dataclass(frozen=True, slots=True)
class RunHistory:
    """What is judged. `counted`: one a run. It reaches two baselines before the window."""

    periods: Periods
    branch: DefaultBranch
    runs: tuple[StoredRun, ...]
    ends: Ends
    counted: NDArray[np.bool_]
    left_out: LeftOutRuns

    @property
    def window_runs(self) -> int:
        return self._number(self.periods.begin.timestamp(), self.periods.end.timestamp())

    @property
    def baseline_runs(self) -> int:
        begin, end = self.periods.baseline_begin, self.periods.begin
        return self._number(begin.timestamp(), end.timestamp())

    def _number(self, begin: float, end: float) -> int:
        starts = np.array([run.started.timestamp() for run in self.runs])
        return int((self.counted & (starts >= begin) & (starts < end)).sum())


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, by series."""

    table: SeriesTable
    judged: Judged
    shifts: Shifts

    @property
    def open(self) -> list[int]:
        """The series that have regressed."""
        return [int(series) for series in np.flatnonzero(self.judged.is_open)]

    @property
    def cases(self) -> list[int]:
        """The tests that a report names."""
        series = [*self.open, *(found_shift.series for found_shift in self.shifts.shifts)]
        return np.unique(self.table.case[series]).tolist() if series else []


def find_regressions(history: RunHistory) -> Findings:
    """Judge all tests of a history."""
    runs, ends, periods = history.runs, history.ends, history.periods
    table = series_table(runs, ends, history.counted[ends.run])
    all_periods = periods.replayed()
    counts = WindowCounts(runs, ends, table, all_periods)
    judged = judge((counts.sample(day), counts.basis(day)) for day in all_periods)
    # A change in the last days of a window has too few runs to be seen; the next window shows it.
    begin = periods.begin - periods.window
    return Findings(table, judged, duration_shifts(runs, ends, table, begin))


def report_of(
    history: RunHistory, findings: Findings, cases: Mapping[int, StoredCase]
) -> RegressionReport:
    """Name what was found; what rose most for sure comes first."""
    regressions = [_regression(history, findings, series, cases) for series in findings.open]
    regressions.sort(key=lambda one: (-one.interval.low, one.case.full_name, one.lane.job))
    changes = [_duration(findings, found_shift, cases) for found_shift in findings.shifts.shifts]
    changes.sort(key=lambda one: (-abs(one.seconds), one.case.full_name, one.lane.job))
    return RegressionReport(
        periods=history.periods,
        branch=history.branch,
        runs=history.window_runs,
        baseline_runs=history.baseline_runs,
        regressions=tuple(regressions),
        slower=tuple(change for change in changes if change.seconds > 0),
        faster=tuple(change for change in changes if change.seconds < 0),
        compared=findings.judged.compared,
        as_new=findings.judged.as_new,
        too_few=findings.judged.too_few,
        timed=findings.shifts.timed,
        too_small=findings.shifts.too_small,
        by_chance=findings.shifts.by_chance,
        left_out=history.left_out,
    )


def _regression(
    history: RunHistory, findings: Findings, series: int, cases: Mapping[int, StoredCase]
) -> Regression:
    table, judged = findings.table, findings.judged
    rows = table.rows_of(series)
    failed = rows[history.ends.is_failed[rows]]
    newest = history.runs[history.ends.run[failed[-1]]] if len(failed) else None
    steps = history.periods.replayed()
    is_new = bool(judged.is_new[series])
    return Regression(
        case=cases[int(table.case[series])],
        lane=table.lanes[table.lane[series]],
        is_new=is_new,
        now=Count(int(judged.sample.failed[series]), int(judged.sample.runs[series])),
        before=Count(int(judged.basis.failed[series]), int(judged.basis.runs[series])),
        p_value=None if is_new else float(judged.p_value[series]),
        opened=steps[int(judged.opened[series])].end,
        change=failure_change(history.runs, history.ends, rows),
        first=history.runs[history.ends.run[rows[0]]] if is_new else None,
        newest=newest,
    )


def _duration(
    findings: Findings, slowdown: FoundShift, cases: Mapping[int, StoredCase]
) -> DurationChange:
    table = findings.table
    return DurationChange(
        case=cases[int(table.case[slowdown.series])],
        lane=table.lanes[table.lane[slowdown.series]],
        since=slowdown.since,
        before=slowdown.shift.before,
        after=slowdown.shift.after,
        change=slowdown.shift.change,
        p_value=slowdown.p_value,
        runs=slowdown.runs,
    )
