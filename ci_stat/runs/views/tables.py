"""The short reports as rich renderables: the summary of a window; jobs, pull requests."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from ci_stat.escape import shortened, visible
from ci_stat.records import (
    JobCount,
    PeriodCount,
    PRCount,
    Provenance,
    WindowCount,
)
from ci_stat.rendering.format import minute, percent, plural
from ci_stat.rendering.terminal.columns import Column, Fitted, Role
from ci_stat.runs.views.cells import (
    Cell,
    bar,
    count_cells,
    count_columns,
    foot,
    heading,
    number,
    omitted,
)

_FOLDED = 3  # periods in a row without runs that are shown as one


# The summary


def summary(count: WindowCount, source: Provenance, filtered: str = "") -> RenderableType:
    """Show the counts and rates of a window, its runs over time, and the source.

    `filtered`: the filters in words.
    """
    title = heading("CI", source, filtered)
    if source.rows == 0:
        return Group(title, *foot(source))

    tallies = (("pull requests", count.pr), ("nightly", count.special), ("together", count.tally))
    rows: list[list[Cell]] = []
    for name, tally in tallies:
        rates = [percent(tally.abort_rate), percent(tally.success_rate)]
        rows.append([name, *count_cells(tally), *rates, bar(tally, tally.total, 16)])
    columns = [
        Column("", Role.IDENTITY),
        *count_columns(),
        Column("abort rate", spare=4),
        Column("success rate", spare=3),
        Column("", Role.BAR),
    ]
    table = Fitted(columns, rows)
    return Group(title, table, *_facts(count, source), _over_time(count.periods), *foot(source))


def _facts(count: WindowCount, source: Provenance) -> Iterator[Text]:
    prs = f"{plural(count.prs, 'pull request')} ({count.failing_prs:,} with failures)"
    jobs = f"{plural(count.jobs, 'job')} ({count.failing_jobs:,} with failures)"
    yield Text(f"{prs}, {jobs}, {plural(count.rerun_cnt, 'rerun')}")

    if count.miss_cnt:
        share = percent(count.miss_cnt / count.tally.failure)
        runs = f"{plural(count.miss_cnt, 'failed run')} ({share})"
        from_table = f"{runs} without a failure in the table; ci-stat failures reads their logs"
        from_logs = f"{runs} without a failure in the table or in a log"
        yield Text(from_logs if source.logs else from_table, "yellow")

    if count.other_statuses:
        statuses = (f"{visible(name, 60) or '(empty)'} {n:,}" for name, n in count.other_statuses)
        yield Text(f"other statuses: {', '.join(statuses)}", "magenta")


def _over_time(periods: Sequence[PeriodCount]) -> Fitted:
    most = max((period.tally.total for period in periods), default=0)
    columns = [
        Column("", Role.IDENTITY),
        Column("runs"),
        Column("failure"),
        Column("fail rate"),
        Column("", Role.BAR),
    ]
    return Fitted(columns, list(_period_rows(periods, most)))


def _period_rows(periods: Sequence[PeriodCount], most: int) -> Iterator[list[Cell]]:
    """Yield a row for each period, and one for several in a row without runs."""
    for is_empty, group in groupby(periods, lambda period: not period.tally.total):
        same = list(group)
        if is_empty and len(same) >= _FOLDED:
            yield _folded(same)
        else:
            yield from (_period_row(period, most) for period in same)


def _folded(periods: Sequence[PeriodCount]) -> list[Cell]:
    first, last = periods[0].label, periods[-1].label
    hours = last.removeprefix(first[: len("YYYY-MM-DD ")])
    is_days = len(last) == len("YYYY-MM-DD")
    unit = "days" if is_days else "hours"
    note = Text(f"{len(periods):,} {unit} without runs", "dim")
    return [f"{first} to {last if is_days else hours}", "0", "0", percent(None), note]


def _period_row(period: PeriodCount, most: int) -> list[Cell]:
    tally = period.tally
    return [
        _with_weekday(period.label),
        f"{tally.total:,}",
        f"{tally.failure:,}",
        percent(tally.fail_rate),
        bar(tally, most),
    ]


def _with_weekday(label: str) -> str:
    """Return `2021-06-19 Sat` for a day: weekends explain most quiet days."""
    is_day = len(label) == len("YYYY-MM-DD")
    return f"{label} {date.fromisoformat(label):%a}" if is_day else label


# Jobs and pull requests


def jobs(
    counts: Sequence[JobCount], source: Provenance, limit: int | None = None, filtered: str = ""
) -> RenderableType:
    """Show a row for each job, most failures first."""
    shown = counts[:limit]
    title = heading("Jobs", source, filtered)
    more = omitted(len(shown), len(counts), "job")
    return Group(title, job_table(shown), *more, *foot(source))


def job_table(counts: Sequence[JobCount]) -> Fitted:
    """A row for each job, in the given order."""
    columns = [
        Column("job", Role.IDENTITY),
        *count_columns(),
        Column("PRs failed", spare=3),
        Column("reruns", spare=4),
        Column("last failure", spare=2),
        Column("", Role.BAR),
    ]
    return Fitted(columns, [_job_row(job) for job in counts])


def _job_row(job: JobCount) -> list[Cell]:
    return [
        Text(shortened(job.job_name, 200), "bold"),
        *count_cells(job.tally),
        f"{job.failing_prs:,} of {job.prs:,}" if job.prs else "–",
        f"{job.rerun_cnt:,}",
        minute(job.last_failure),
        bar(job.tally, job.tally.total, 12),
    ]


def prs(
    counts: Sequence[PRCount], total: int, source: Provenance, filtered: str = ""
) -> RenderableType:
    """Show a row for each pull request, most failures first; `total` is the number of all."""
    columns = [
        Column("pull request", Role.IDENTITY),
        Column("runs"),
        Column("failure"),
        Column("fail rate", spare=2),
        Column("jobs failed", spare=5),
        Column("reruns", spare=3),
        Column("last run", spare=6),
        Column("author", Role.TEXT, spare=7),
        Column("title", Role.TEXT, spare=1, floor=30),
    ]
    title = heading("Pull requests", source, filtered)
    table = Fitted(columns, [_pr_row(pr) for pr in counts])
    more = omitted(len(counts), total, "pull request")
    return Group(title, table, *more, *_only_nightly(total, source), *foot(source))


def _only_nightly(total: int, source: Provenance) -> Iterator[Text]:
    if source.rows and not total:
        runs = plural(source.rows, "run")
        yield Text(f"Of {runs} in this window, none belongs to a pull request.", "yellow")


def _pr_row(pr: PRCount) -> list[Cell]:
    facts, tally = pr.facts, pr.tally
    return [
        Text(shortened(f"{pr.repo}#{pr.number}", 200), "bold"),
        f"{tally.total:,}",
        number(tally.failure, "bold red"),
        percent(tally.fail_rate),
        f"{pr.failing_jobs:,} of {pr.jobs:,}",
        f"{pr.rerun_cnt:,}",
        minute(pr.last_run),
        Text(visible(facts.author, 40), "dim"),
        Text(visible(facts.title, 200)),
    ]
