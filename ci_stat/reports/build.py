"""Build a report from gathered values: a pure function of window, baselines and known failures."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeVar

from ci_stat import __version__
from ci_stat.records import FailureKey, Run, WindowCount
from ci_stat.reports.durations import slowest
from ci_stat.reports.inputs import Baseline, Comparison, KnownFailures, ReportRequest
from ci_stat.reports.model import (
    Compared,
    DailyReport,
    DayCount,
    FailureRow,
    HourlyReport,
    OutageRow,
)
from ci_stat.reports.reruns import most_rerun
from ci_stat.reports.rows import (
    SHOWN_JOB_PRS,
    FailureRows,
    job_row,
    omitted,
    pr_row,
    unexplained,
)
from ci_stat.reports.windows import HOURLY
from ci_stat.result import PR, FailInfo, Job, Result, failure_key, group_failures
from ci_stat.result.counting import count_window
from ci_stat.result.outages import Outage, outages
from ci_stat.result.packages import key_in
from ci_stat.result.rankings import worst_first

Group = TypeVar("Group", PR, Job)

NOTHING_TO_COMPARE = Comparison()
NOTHING_KNOWN = KnownFailures()

SHOWN_OUTAGES = 3
SHOWN_NEW = 10
SHOWN_SEEN = 10
SHOWN_PRS = 8
SHOWN_JOBS = 8
SHOWN_NIGHTLY = 4
SHOWN_RERUNS = 6
SHOWN_SLOWEST = 8


@dataclass(frozen=True, slots=True)
class _Number:
    name: str
    of: Callable[[WindowCount], int]


_NUMBERS = (
    _Number("pull requests", lambda count: count.prs),
    _Number("jobs", lambda count: count.jobs),
    _Number("runs", lambda count: count.tally.total),
    _Number("successes", lambda count: count.tally.success),
    _Number("failures", lambda count: count.tally.failure),
    _Number("aborts", lambda count: count.tally.aborted),
)
_OTHERS = _Number("other ends", lambda count: count.tally.other)  # shown only if not 0


def build(
    request: ReportRequest,
    result: Result,
    comparison: Comparison = NOTHING_TO_COMPARE,
    known: KnownFailures = NOTHING_KNOWN,
) -> HourlyReport | DailyReport:
    """The report of a window as a value; reads and writes nothing."""
    rows = FailureRows(request.news_since or result.begin_time, known)
    fields = _window_fields(request, result, comparison, rows)
    if request.kind == HOURLY:
        return HourlyReport(kind=request.kind, **fields)
    return DailyReport(kind=request.kind, **fields, **_day_fields(result, comparison, rows))


def _window_fields(
    request: ReportRequest, result: Result, comparison: Comparison, rows: FailureRows
) -> dict[str, Any]:
    count = count_window(result, over_time=False)
    # Runs of an outage that is not shown are listed one by one: no failure is left out.
    shown_outages = _outages(result, rows.known)[:SHOWN_OUTAGES]
    in_outage = {id(run) for outage in shown_outages for run in outage.runs}
    return {
        "window": request.window,
        "made_at": request.made_at,
        "provenance": result.provenance,
        "baselines": tuple(baseline.name for baseline in comparison.baselines),
        "numbers": _numbers(count, comparison.baselines),
        "tally": count.tally,
        "miss_cnt": count.miss_cnt,
        "outages": tuple(_outage_rows(shown_outages, request, result, rows)),
        **_failure_fields(result, in_outage, rows),
        "news_since": request.news_since,
        **_missed_fields(request, result, rows),
        **_pr_fields(result, in_outage),
        **_job_fields(result, in_outage),
        "history_since": rows.known.since,
        "late": comparison.late,
        "names": request.names,
        "name": request.name,
        "version": __version__,
    }


def _day_fields(result: Result, comparison: Comparison, rows: FailureRows) -> dict[str, Any]:
    reruns, more_reruns = most_rerun(result.job_map.values(), SHOWN_RERUNS, SHOWN_JOB_PRS)
    slow, more_slowest = slowest(result.job_map, comparison.durations, SHOWN_SLOWEST)
    nightly = _nightly_jobs(result)
    days = (DayCount(day.label, day.tally.total, day.tally.fail_rate) for day in comparison.days)
    return {
        "reruns": reruns,
        "more_reruns": more_reruns,
        "slowest": slow,
        "more_slowest": more_slowest,
        "nightly": tuple(map(rows.nightly, nightly[:SHOWN_NIGHTLY])),
        "more_nightly": omitted(nightly, SHOWN_NIGHTLY),
        "days": tuple(days),
    }


def _outages(result: Result, known: KnownFailures) -> list[Outage]:
    """Outages with at least one run of the window. They may have begun before it."""
    own = {id(run) for run in result.run_list}
    candidates = outages([*known.earlier, *result.run_list])
    return [outage for outage in candidates if any(id(run) in own for run in outage.runs)]


def _outage_rows(
    shown: Iterable[Outage], request: ReportRequest, result: Result, rows: FailureRows
) -> Iterator[OutageRow]:
    """The rows. An outage may have runs before the window, and runs of other teams."""
    own = {id(run) for run in result.run_list}
    for outage in shown:
        runs_here = sum(id(run) in own for run in outage.runs)
        yield replace(rows.outage(outage), runs_here=runs_here, whole_ci=bool(request.names))


def _numbers(count: WindowCount, baselines: Sequence[Baseline]) -> tuple[Compared, ...]:
    numbers = (*_NUMBERS, _OTHERS) if count.tally.other else _NUMBERS
    return tuple(_compared(number, count, baselines) for number in numbers)


def _compared(number: _Number, count: WindowCount, baselines: Sequence[Baseline]) -> Compared:
    medians = (_median(list(map(number.of, baseline.counts))) for baseline in baselines)
    return Compared(number.name, number.of(count), tuple(medians))


def _median(values: Sequence[int]) -> float | None:
    return median(values) if values else None


def _failure_fields(
    result: Result, in_outage: Collection[int], rows: FailureRows
) -> dict[str, Any]:
    """Failures of the runs that no outage explains."""
    runs = [run for run in result.all_runs if id(run) not in in_outage]
    failures = sorted(map(rows.failure, group_failures(runs).values()), key=_most_prs_first)
    new = [row for row in failures if row.new]
    seen = [row for row in failures if not row.new]
    return {
        "new_failures": tuple(new[:SHOWN_NEW]),
        "more_new_failures": omitted(new, SHOWN_NEW),
        "seen_failures": tuple(seen[:SHOWN_SEEN]),
        "more_seen_failures": omitted(seen, SHOWN_SEEN),
    }


def _missed_fields(request: ReportRequest, result: Result, rows: FailureRows) -> dict[str, Any]:
    """New failures of the time before the window that did not fail in the window."""
    since = request.news_since
    runs = [run for run in rows.known.missed if since and run.time and run.time >= since]
    failing = {_key(failure) for failure in group_failures(result.all_runs).values()}
    missed = [failure for failure in group_failures(runs).values() if _key(failure) not in failing]
    new = [row for row in map(rows.failure, missed) if row.new]
    new.sort(key=_most_prs_first)
    return {
        "missed_failures": tuple(new[:SHOWN_NEW]),
        "more_missed_failures": omitted(new, SHOWN_NEW),
    }


def _key(failure: FailInfo) -> FailureKey:
    key = failure_key(failure.seen[0])
    return key_in(key, failure.package) if failure.package else key


def _most_prs_first(row: FailureRow) -> tuple[int, int, str, str]:
    return (-row.prs, -row.runs, row.name, row.kind)


def _pr_fields(result: Result, in_outage: Collection[int]) -> dict[str, Any]:
    prs = _failing(result.pr_map.values(), in_outage)
    return {
        "prs": tuple(pr_row(pr, failed) for pr, failed in prs[:SHOWN_PRS]),
        "more_prs": omitted(prs, SHOWN_PRS),
    }


def _job_fields(result: Result, in_outage: Collection[int]) -> dict[str, Any]:
    jobs = _failing(result.job_map.values(), in_outage)
    return {
        "jobs": tuple(job_row(job, failed) for job, failed in jobs[:SHOWN_JOBS]),
        "more_jobs": omitted(jobs, SHOWN_JOBS),
    }


def _failing(groups: Iterable[Group], in_outage: Collection[int]) -> list[tuple[Group, list[Run]]]:
    """Groups with failed runs that no outage explains, and these runs; the longest list first."""
    candidates = worst_first(group for group in groups if group.fail_cnt)
    failed = [(group, unexplained(group.runs, in_outage)) for group in candidates]
    failing = [(group, runs) for group, runs in failed if runs]
    return sorted(failing, key=lambda entry: -len(entry[1]))


def _nightly_jobs(result: Result) -> list[Job]:
    """Jobs with their nightly runs only, the worst first."""
    runs: dict[str, list[Run]] = {}
    for run in result.special_list:
        runs.setdefault(run.job_name, []).append(run)
    return worst_first(Job(name, own, result.pr_map) for name, own in runs.items())
