"""The short reports as rich renderables: the summary of a window, and one line a job, pull request or failure."""

from collections.abc import Iterable, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.records import (
    JobCount,
    LogState,
    PeriodCount,
    PRCount,
    Provenance,
    Status,
    Tally,
    WindowCount,
)
from ci_stat.rendering.format import clock, percent, plural, span
from ci_stat.rendering.terminal.columns import Column, Fitted
from ci_stat.result import FailInfo, Result
from ci_stat.runs.views.listings import source_lines

_BAR = 40  # cells of the longest bar
SHOWN_RUNS = 4  # newest runs named beside a failure
_PARTS = (("success", "green"), ("failure", "red"), ("aborted", "yellow"), ("other", "magenta"))
Cell = Text | str


def bar(tally: Tally, most: int, width: int = _BAR) -> Text:
    """The tally as a bar of coloured blocks; `most` runs fill `width` cells."""
    text = Text(no_wrap=True)
    done = 0
    drawn = 0
    for name, style in _PARTS:
        done += getattr(tally, name)
        # Cells by running total: rounding each part alone would make equal totals unequal in length.
        upto = round(width * done / most) if most else 0
        text.append("█" * (upto - drawn), style)
        drawn = upto
    return text


def _count_columns() -> list[Column]:
    """Beside `_numbers`. What is rarely needed goes first when the terminal is narrow."""
    spare = {"runs": 0, "success": 6, "failure": 0, "aborted": 7, "other": 8, "fail rate": 0}
    return [Column(title, spare=level) for title, level in spare.items()]


def _numbers(tally: Tally) -> list[Cell]:
    return [
        f"{tally.total:,}",
        Text(f"{tally.success:,}", "green" if tally.success else "dim"),
        Text(f"{tally.failure:,}", "bold red" if tally.failure else "dim"),
        Text(f"{tally.aborted:,}", "yellow" if tally.aborted else "dim"),
        Text(f"{tally.other:,}", "magenta" if tally.other else "dim"),
        percent(tally.fail_rate),
    ]


def _heading(what: str, source: Provenance, filtered: str) -> Text:
    """What, and for which window: a table is often read without its foot."""
    window = source.window
    title = Text.assemble(
        (what, "bold"), " ", (f"{window}", "bold cyan"), (f"  {span(window.length)}", "dim")
    )
    return title + Text(f"  {visible(filtered)}", "yellow") if filtered else title


def summary(count: WindowCount, source: Provenance, filtered: str = "") -> RenderableType:
    """Counts and rates of the window, runs over time, and where they come from."""
    title = _heading("CI", source, filtered)
    if source.rows == 0:
        return Group(title, *_source(source))
    kinds = (("pull requests", count.pr), ("nightly", count.special), ("together", count.tally))
    rows: list[list[Cell]] = [
        [name, *_numbers(t), percent(t.abort_rate), percent(t.success_rate), bar(t, t.total, 16)]
        for name, t in kinds
    ]
    rates = [Column("abort rate", spare=4), Column("success rate", spare=3)]
    table = Fitted([Column("", left=True), *_count_columns(), *rates, Column("", spare=9)], rows)
    return Group(title, table, *_facts(count), _over_time(count.periods), *_source(source))


def _facts(count: WindowCount) -> Iterable[Text]:
    yield Text.assemble(
        f"{plural(count.prs, 'pull request')} ({count.failing_prs:,} with failures), "
        f"{plural(count.jobs, 'job')} ({count.failing_jobs:,} with failures), {plural(count.rerun_cnt, 'rerun')}"
    )
    if count.miss_cnt:
        share = percent(count.miss_cnt / count.tally.failure)
        text = (
            f"{plural(count.miss_cnt, 'failed run')} ({share}) of which the table names no failure"
        )
        yield Text(f"{text}; ci-stat failures reads their logs", "yellow")
    if count.other_statuses:
        shown = ", ".join(
            f"{visible(name, 60) or '(empty)'} {n:,}" for name, n in count.other_statuses
        )
        yield Text(f"other statuses: {shown}", "magenta")


def _over_time(periods: Sequence[PeriodCount]) -> Fitted:
    most = max((period.tally.total for period in periods), default=0)
    rows: list[list[Cell]] = []
    for period in periods:
        t = period.tally
        rows.append(
            [
                _with_weekday(period.label),
                f"{t.total:,}",
                f"{t.failure:,}",
                percent(t.fail_rate),
                bar(t, most),
            ]
        )
    columns = [
        Column("", left=True),
        Column("runs"),
        Column("failure"),
        Column("fail rate"),
        Column("", spare=9),
    ]
    return Fitted(columns, rows)


def _with_weekday(label: str) -> str:
    """`2021-06-19 Sat`: weekends explain most quiet days."""
    return f"{label} {date.fromisoformat(label):%a}" if len(label) == len("YYYY-MM-DD") else label


def _source(source: Provenance) -> Iterable[Text]:
    for each in source_lines(source):
        yield Text.assemble(*each.parts)


def _more(shown: int, total: int, what: str) -> list[Text]:
    return [Text(f"… and {total - shown:,} more {what} (--limit)", "dim")] if total > shown else []


def jobs(
    counts: Sequence[JobCount], source: Provenance, limit: int | None = None, filtered: str = ""
) -> RenderableType:
    """One line a job, most failures first."""
    shown = counts[:limit]
    columns = [
        Column("job", left=True), *_count_columns(), Column("PRs failed", spare=3), Column("reruns", spare=2),
        Column("last failure", spare=4), Column("", spare=9),
    ]  # fmt: skip
    more = _more(len(shown), len(counts), "jobs")
    title = _heading("Jobs", source, filtered)
    return Group(title, Fitted(columns, [_job_row(job) for job in shown]), *more, *_source(source))


def _job_row(job: JobCount) -> list[Cell]:
    failed = f"{job.failing_prs:,} of {job.prs:,}" if job.prs else "–"
    name = Text(visible(job.job_name, 120), "bold")
    tally = job.tally
    last, drawn = clock(job.last_failure), bar(tally, tally.total, 12)
    return [name, *_numbers(tally), failed, f"{job.rerun_cnt:,}", last, drawn]


def prs(
    counts: Sequence[PRCount], total: int, source: Provenance, filtered: str = ""
) -> RenderableType:
    """One line a pull request, most failures first; `total` is how many there are."""
    columns = [
        Column("pull request", left=True), Column("runs"), Column("failure"), Column("fail rate", spare=2),
        Column("jobs failed", spare=5), Column("reruns", spare=3), Column("last run", spare=6),
        Column("author", spare=7, left=True), Column("title", spare=1, left=True),
    ]  # fmt: skip
    more = _more(len(counts), total, "pull requests")
    title = _heading("Pull requests", source, filtered)
    return Group(title, Fitted(columns, [_pr_row(pr) for pr in counts]), *more, *_source(source))


def _pr_row(pr: PRCount) -> list[Cell]:
    facts, tally = pr.facts, pr.tally
    return [
        Text(visible(f"{pr.repo}#{pr.number}", 80), "bold"), f"{tally.total:,}",
        Text(f"{tally.failure:,}", "bold red" if tally.failure else "dim"), percent(tally.fail_rate),
        f"{pr.failing_jobs:,} of {pr.jobs:,}", f"{pr.rerun_cnt:,}", clock(pr.last_run),
        Text(visible(facts.author, 40), "dim"), Text(visible(facts.title, 200)),
    ]  # fmt: skip


def failures(res: Result, limit: int | None = None, filtered: str = "") -> RenderableType:
    """One line a failure, most runs first: what it said, and the newest runs that it broke."""
    source, infos = res.provenance, list(res.fail_info_map.values())
    shown = infos[:limit]
    columns = [
        Column("failure", left=True, floor=36), Column("kind", spare=3), Column("runs"), Column("PRs"),
        Column("first seen", spare=6), Column("last seen", spare=5),
        Column("broke, newest first", spare=4, left=True, floor=28), Column("said", spare=9, left=True, floor=30),
    ]  # fmt: skip
    more = _more(len(shown), len(infos), "failures")
    title = _heading("Failures", source, filtered)
    table = Fitted(columns, [_failure_row(info) for info in shown])
    return Group(title, table, *more, *_known(res), *_source(source))


def _failure_row(info: FailInfo) -> list[Cell]:
    return [
        Text(visible(info.info, 200), "red"), info.kind, f"{info.fail_cnt():,}", f"{len(info.prs):,}",
        clock(info.run_list[0].time), clock(info.run_list[-1].time), Text(_broke(info)),
        Text(visible(info.message, 300), "dim"),
    ]  # fmt: skip


def _broke(info: FailInfo) -> str:
    """`job #12 #11, other #3 +5`: the newest runs by job."""
    newest = info.run_list[: -SHOWN_RUNS - 1 : -1]
    by_job: dict[str, list[str]] = {}
    for run in newest:
        by_job.setdefault(run.job_name, []).append(f"#{run.job_id}")
    more = f" +{len(info.run_list) - len(newest):,}" if len(info.run_list) > len(newest) else ""
    return (
        ", ".join(f"{visible(job, 80)} {' '.join(numbers)}" for job, numbers in by_job.items())
        + more
    )


def _known(res: Result) -> Iterable[Text]:
    """What the names rest on: logs, or the table alone, and what is not known."""
    states, failed = res.log_states, [run for run in res.all_runs if run.status == Status.FAILURE]
    if states:
        others = [
            f"{plural(n, 'log')} {state}"
            for state, n in states.most_common()
            if state != LogState.READ
        ]
        read = f"{plural(states[LogState.READ], 'log')} read"
        yield Text("; ".join([read, *others]), "yellow" if others else "dim")
    lower = sum(
        all(each.source != "log" for each in run.failures) for run in failed if run.failures
    )
    if lower:
        runs = plural(lower, "failed run")
        yield Text(
            f"{runs} with what the table says, which keeps one failure a run: a lower bound", "dim"
        )
    if res.miss_cnt:
        yield Text(f"{plural(res.miss_cnt, 'failed run')} without a known failure", "yellow")
