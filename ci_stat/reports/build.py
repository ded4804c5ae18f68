"""Build a report from gathered values: a pure function of the window, its baselines and known failures."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from ci_stat import __version__
from ci_stat.failures import case_key
from ci_stat.records import (
    Run,
    Status,
    WindowCount,
)
from ci_stat.reports.durations import slowest
from ci_stat.reports.inputs import Baseline, Comparison, KnownFailures, ReportRequest
from ci_stat.reports.model import (
    Compared,
    DailyReport,
    DayCount,
    FailureRow,
    HourlyReport,
    JobRow,
    NightlyRow,
    OutageRow,
    PRRow,
    RunRow,
)
from ci_stat.reports.outages import Outage, outages
from ci_stat.reports.reruns import most_rerun, pr_times
from ci_stat.reports.windows import HOURLY
from ci_stat.result import PR, FailInfo, Job, Result, failure_key, group_failures, is_case
from ci_stat.result.counting import count_window
from ci_stat.result.rankings import worst_first

NOTHING_TO_COMPARE = Comparison()
NOTHING_KNOWN = KnownFailures()

SHOWN_PRS = 8
SHOWN_RUNS = 3  # of one pull request
SHOWN_JOBS = 8
SHOWN_JOB_PRS = 4
SHOWN_NEW = 10  # failures never seen before
SHOWN_SEEN = 10  # the others
SHOWN_OUTAGES = 3
SHOWN_FAILURE_JOBS = 3
SHOWN_RERUNS = 6
SHOWN_SLOWEST = 8
SHOWN_NIGHTLY = 4
SHOWN_NIGHTLY_FAILURES = 5

_Number = tuple[str, Callable[[WindowCount], int]]
_NUMBERS: tuple[_Number, ...] = (
    ("pull requests", lambda count: count.prs),
    ("jobs", lambda count: count.jobs),
    ("runs", lambda count: count.tally.total),
    ("successes", lambda count: count.tally.success),
    ("failures", lambda count: count.tally.failure),
    ("aborts", lambda count: count.tally.aborted),
)
_OTHERS: _Number = (
    "other ends",
    lambda count: count.tally.other,
)  # a line of its own only where there are any


def build(
    request: ReportRequest,
    result: Result,
    comparison: Comparison = NOTHING_TO_COMPARE,
    known: KnownFailures = NOTHING_KNOWN,
) -> HourlyReport | DailyReport:
    """The report of a window, as a value. Nothing is read and nothing is written."""
    fields = _window_fields(request, result, comparison, known)
    if request.kind == HOURLY:
        return HourlyReport(kind=request.kind, **fields)

    reruns, more_reruns = most_rerun(result.job_map.values(), SHOWN_RERUNS, SHOWN_JOB_PRS)
    slow, more_slowest = slowest(result.job_map, comparison.durations, SHOWN_SLOWEST)
    nightly, more_nightly = _nightly(result, known)
    days = [DayCount(day.label, day.tally.total, day.tally.fail_rate) for day in comparison.days]
    return DailyReport(
        kind=request.kind,
        **fields,
        reruns=reruns,
        more_reruns=more_reruns,
        slowest=slow,
        more_slowest=more_slowest,
        nightly=nightly,
        more_nightly=more_nightly,
        days=tuple(days),
    )


def _window_fields(
    request: ReportRequest, result: Result, comparison: Comparison, known: KnownFailures
) -> dict[str, Any]:
    shown_outages = _outages(result, known)[:SHOWN_OUTAGES]
    explained = {id(run) for outage in shown_outages for run in outage.runs}
    # An outage that is not shown is listed run by run: each failure stands somewhere.
    rest = [run for run in result.all_runs if id(run) not in explained]
    count = count_window(result, over_time=False)
    prs, more_prs = _prs(result, explained)
    jobs, more_jobs = _jobs(result, explained)
    return {
        "window": request.window,
        "made_at": request.made_at,
        "provenance": result.provenance,
        "beside": tuple(baseline.name for baseline in comparison.baselines),
        "numbers": _numbers(count, comparison.baselines),
        "tally": count.tally,
        "miss_cnt": count.miss_cnt,
        "outages": tuple(_outage_row(outage, result, known) for outage in shown_outages),
        **_failures(rest, result, known),
        "prs": prs,
        "more_prs": more_prs,
        "jobs": jobs,
        "more_jobs": more_jobs,
        "history_since": known.since,
        "late": comparison.late,
        "about": request.names,
        "version": __version__,
    }


def _outages(result: Result, known: KnownFailures) -> list[Outage]:
    """Outages that broke at least one run of the window. They may have begun before it."""
    own = {id(run) for run in result.run_list}
    candidates = outages([*known.earlier, *result.run_list])
    return [outage for outage in candidates if any(id(run) in own for run in outage.runs)]


def _numbers(count: WindowCount, baselines: Sequence[Baseline]) -> tuple[Compared, ...]:
    numbers = (*_NUMBERS, _OTHERS) if count.tally.other else _NUMBERS
    return tuple(
        Compared(name, value_of(count), _medians(baselines, value_of)) for name, value_of in numbers
    )


def _medians(
    baselines: Sequence[Baseline], value_of: Callable[[WindowCount], int]
) -> tuple[float | None, ...]:
    return tuple(_median(map(value_of, baseline.counts)) for baseline in baselines)


def _median(values: Iterable[int]) -> float | None:
    found = list(values)
    return median(found) if found else None


def run_row(run: Run) -> RunRow:
    """A run and its first failure; a case has the same name here as in the list of failures."""
    first = run.failures[0] if run.failures else None
    if first is None:
        return RunRow(run.job_name, run.job_id, run.link, run.time)
    name = case_key(first.name) if is_case(first) else first.name
    said = "" if first.message in (name, first.name) else first.message
    return RunRow(run.job_name, run.job_id, run.link, run.time, name, said)


def _outage_row(outage: Outage, res: Result, known: KnownFailures) -> OutageRow:
    said, first, last = outage.typical, outage.runs[0], outage.runs[-1]
    seen = None if outage.machines else known.first_seen.get(failure_key(said))
    return OutageRow(
        what=case_key(said.name) if is_case(said) else said.name,
        kind=said.kind,
        message="" if said.message == said.name else said.message,
        runs=len(outage.runs),
        prs=outage.prs,
        authors=outage.authors,
        jobs=len({run.job_name for run in outage.runs}),
        begin=first.time,
        end=last.time,
        newest=run_row(outage.newest),
        mixed=outage.mixed,
        first_seen=seen.first_seen if seen else None,
        new=_is_new(seen.first_seen, res, known) if seen else False,
        issue=known.issues.get(case_key(said.name), ""),
    )


def _is_new(first: datetime | None, res: Result, known: KnownFailures) -> bool:
    """Whether nothing in the history was like it. Without a history nothing is called new."""
    since = known.since
    return (
        since is not None and since < res.begin_time and (first is None or first >= res.begin_time)
    )


def _failures(runs: Sequence[Run], res: Result, known: KnownFailures) -> dict[str, Any]:
    """What an outage explains is said once, and not here."""
    rows = sorted(
        (_failure_row(info, res, known) for info in group_failures(runs).values()),
        key=_spread_first,
    )
    new, seen = [row for row in rows if row.new], [row for row in rows if not row.new]
    return {
        "new_failures": tuple(new[:SHOWN_NEW]), "more_new_failures": max(0, len(new) - SHOWN_NEW),
        "seen_failures": tuple(seen[:SHOWN_SEEN]), "more_seen_failures": max(0, len(seen) - SHOWN_SEEN),
    }  # fmt: skip


def _spread_first(row: FailureRow) -> tuple[int, int, str, str]:
    return (-row.prs, -row.runs, row.name, row.kind)


def _failure_row(info: FailInfo, res: Result, known: KnownFailures) -> FailureRow:
    seen = known.first_seen.get(failure_key(info.seen[0]))
    jobs = list(dict.fromkeys(run.job_name for run in info.run_list))
    first = seen.first_seen if seen else (info.run_list[0].time if known.since else None)
    return FailureRow(
        name=info.info,
        kind=info.kind,
        message="" if info.message == info.info else info.message,
        runs=info.fail_cnt(),
        prs=len(info.prs),
        jobs=tuple(jobs[:SHOWN_FAILURE_JOBS]),
        more_jobs=max(0, len(jobs) - SHOWN_FAILURE_JOBS),
        newest=run_row(info.run_list[-1]),
        first_seen=first,
        new=_is_new(first, res, known),
        issue=known.issues.get(case_key(info.info), ""),
    )


def _prs(res: Result, explained: Collection[int]) -> tuple[tuple[PRRow, ...], int]:
    """Pull requests by their failed runs that no outage explains."""
    rows: list[tuple[int, PR, list[Run]]] = []
    for pr in worst_first(pr for pr in res.pr_map.values() if pr.fail_cnt):
        own = [run for run in pr.runs if run.status == Status.FAILURE and id(run) not in explained]
        if own:
            rows.append((-len(own), pr, own))
    rows.sort(key=lambda row: row[0])
    return tuple(_pr_row(pr, own) for _, pr, own in rows[:SHOWN_PRS]), max(0, len(rows) - SHOWN_PRS)


def _pr_row(pr: PR, own: Sequence[Run]) -> PRRow:
    return PRRow(
        pr.repo, pr.number, pr.branch or "", pr.title or "", pr.author or "", pr.link or "", pr.tally,
        pr.total_rerun_cnt, tuple(map(run_row, own[:SHOWN_RUNS])), max(0, len(own) - SHOWN_RUNS),
        pr.fail_cnt - len(own),
    )  # fmt: skip


def _jobs(res: Result, explained: Collection[int]) -> tuple[tuple[JobRow, ...], int]:
    """Jobs by their failed runs that no outage explains."""
    rows: list[tuple[int, Job, list[Run]]] = []
    for job in worst_first(job for job in res.job_map.values() if job.fail_cnt):
        own = [run for run in job.runs if run.status == Status.FAILURE and id(run) not in explained]
        if own:
            rows.append((-len(own), job, own))
    rows.sort(key=lambda row: row[0])
    return tuple(_job_row(job, own) for _, job, own in rows[:SHOWN_JOBS]), max(
        0, len(rows) - SHOWN_JOBS
    )


def _job_row(job: Job, own: Sequence[Run]) -> JobRow:
    times = Counter((run.repo or "", run.pr_number) for run in own if run.is_pr)
    failing = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    shown = tuple(pr_times(job.local_prs[key], n) for key, n in failing[:SHOWN_JOB_PRS])
    return JobRow(
        job.job_name,
        job.tally,
        shown,
        max(0, len(failing) - SHOWN_JOB_PRS),
        run_row(own[-1]),
        job.fail_cnt - len(own),
    )


def _nightly(res: Result, known: KnownFailures) -> tuple[tuple[NightlyRow, ...], int]:
    jobs: dict[str, list[Run]] = {}
    for run in res.special_list:
        jobs.setdefault(run.job_name, []).append(run)
    rows = worst_first(Job(name, runs, res.pr_map) for name, runs in jobs.items())
    return tuple(_nightly_row(job, res, known) for job in rows[:SHOWN_NIGHTLY]), max(
        0, len(rows) - SHOWN_NIGHTLY
    )


def _nightly_row(job: Job, res: Result, known: KnownFailures) -> NightlyRow:
    rows = [_failure_row(info, res, known) for info in job.fail_info_map.values()]
    shown = tuple(sorted(rows, key=lambda row: not row.new)[:SHOWN_NIGHTLY_FAILURES])
    return NightlyRow(job.job_name, job.tally, shown, len(rows) - len(shown), run_row(job.runs[-1]))
