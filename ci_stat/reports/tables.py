"""The short reports as rich tables: the summary of a window, and one line a job, pull request or failure."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.records import JobCount, PeriodCount, PRCount, Provenance, Tally, WindowCount
from ci_stat.reports.lists import source_lines
from ci_stat.reports.words import clock, percent, plural, span, staleness
from ci_stat.result import FailInfo

_BAR = 40  # cells of the longest bar
_PARTS = (("success", "green"), ("failure", "red"), ("aborted", "yellow"), ("other", "magenta"))


def _table(*columns: str, left: Sequence[str] = (), title: str = "") -> Table:
    """A table with right-aligned columns but for those in `left`, which may be cut to fit."""
    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        if name in left:
            table.add_column(name, overflow="ellipsis", no_wrap=True)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    return table


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


def _numbers(tally: Tally) -> list[Text | str]:
    return [
        f"{tally.total:,}",
        Text(f"{tally.success:,}", "green" if tally.success else "dim"),
        Text(f"{tally.failure:,}", "bold red" if tally.failure else "dim"),
        Text(f"{tally.aborted:,}", "yellow" if tally.aborted else "dim"),
        Text(f"{tally.other:,}", "magenta" if tally.other else "dim"),
        percent(tally.fail_rate),
    ]


_COUNTS = ("runs", "success", "failure", "aborted", "other", "fail rate")


def summary(count: WindowCount, source: Provenance, filtered: str = "") -> RenderableType:
    """Counts and rates of the window, runs over time, and where they come from."""
    title = Text("CI ", "bold") + Text(f"{source.window}", "bold cyan") + Text(f"  {span(source.window.length)}", "dim")
    if filtered:
        title.append(f"  {visible(filtered)}", "yellow")
    if source.rows == 0:
        return Group(title, Text(staleness(source) or "", "bold yellow"), *_source(source))
    table = _table("", *_COUNTS, left=("",))
    table.add_row("pull requests", *_numbers(count.pr), bar(count.pr, count.pr.total))
    table.add_row("nightly", *_numbers(count.special), bar(count.special, count.special.total))
    table.add_row("together", *_numbers(count.tally), bar(count.tally, count.tally.total))
    return Group(title, table, *_facts(count), _over_time(count.periods), *_source(source))


def _facts(count: WindowCount) -> Iterable[Text]:
    yield Text.assemble(
        f"{plural(count.prs, 'pull request')} ({count.failing_prs:,} with failures), "
        f"{plural(count.jobs, 'job')} ({count.failing_jobs:,} with failures), {plural(count.rerun_cnt, 'rerun')}"
    )
    if count.miss_cnt:
        share = percent(count.miss_cnt / count.tally.failure)
        yield Text(f"{plural(count.miss_cnt, 'failed run')} ({share}) without a known failure", "yellow")
    if count.other_statuses:
        shown = ", ".join(f"{visible(name, 60) or '(empty)'} {n:,}" for name, n in count.other_statuses)
        yield Text(f"other statuses: {shown}", "magenta")


def _over_time(periods: Sequence[PeriodCount]) -> Table:
    table = _table("", "runs", "failure", "fail rate", left=("",))
    most = max((period.tally.total for period in periods), default=0)
    for period in periods:
        tally = period.tally
        table.add_row(
            period.label, f"{tally.total:,}", f"{tally.failure:,}", percent(tally.fail_rate), bar(tally, most)
        )
    return table


def _source(source: Provenance) -> Iterable[Text]:
    for each in source_lines(source):
        yield Text.assemble(*each.parts)


def _more(shown: int, total: int, what: str) -> list[Text]:
    return [Text(f"… and {total - shown:,} more {what} (--limit)", "dim")] if total > shown else []


def jobs(counts: Sequence[JobCount], source: Provenance, limit: int | None = None, title: str = "") -> RenderableType:
    """One line a job, most failures first."""
    shown = counts[:limit]
    table = _table("job", *_COUNTS, "PRs failed", "reruns", "last failure", left=("job",), title=title)
    for job in shown:
        table.add_row(
            Text(visible(job.job_name, 120), "bold"), *_numbers(job.tally), f"{job.failing_prs:,} of {job.prs:,}",
            f"{job.rerun_cnt:,}", clock(job.last_failure), bar(job.tally, job.tally.total, 12),
        )  # fmt: skip
    return Group(table, *_more(len(shown), len(counts), "jobs"), *_source(source))


def prs(counts: Sequence[PRCount], total: int, source: Provenance, title: str = "") -> RenderableType:
    """One line a pull request, most failures first; `total` is how many there are."""
    columns = (
        "pull request",
        "runs",
        "failure",
        "fail rate",
        "jobs failed",
        "reruns",
        "last run",
        "author",
        "title",
    )
    table = _table(*columns, left=("pull request", "author", "title"), title=title)
    for pr in counts:
        facts, tally = pr.facts, pr.tally
        table.add_row(
            Text(visible(f"{pr.repo}#{pr.number}", 80), "bold"), f"{tally.total:,}",
            Text(f"{tally.failure:,}", "bold red" if tally.failure else "dim"), percent(tally.fail_rate),
            f"{pr.failing_jobs:,} of {pr.jobs:,}", f"{pr.rerun_cnt:,}", clock(pr.last_run),
            Text(visible(facts.author, 40), "dim"), Text(visible(facts.title, 200)),
        )  # fmt: skip
    return Group(table, *_more(len(counts), total, "pull requests"), *_source(source))


def failures(infos: Sequence[FailInfo], missed: int, source: Provenance, limit: int | None = None) -> RenderableType:
    """One line a failure, most runs first, with where it was seen."""
    shown = infos[:limit]
    table = _table(
        "failure", "kind", "runs", "PRs", "first seen", "last seen", "jobs", left=("failure", "kind", "jobs")
    )
    for info in shown:
        jobs_hit = list(dict.fromkeys(run.job_name for run in info.run_list))
        more = f" +{len(jobs_hit) - 1}" if len(jobs_hit) > 1 else ""
        table.add_row(
            Text(visible(info.info, 200), "red"), info.kind, f"{info.fail_cnt():,}", f"{len(info.prs):,}",
            clock(info.run_list[0].time), clock(info.run_list[-1].time), Text(visible(jobs_hit[0], 80) + more),
        )  # fmt: skip
    unnamed = [Text(f"{plural(missed, 'failed run')} without a known failure", "yellow")] if missed else []
    return Group(table, *_more(len(shown), len(infos), "failures"), *unnamed, *_source(source))
