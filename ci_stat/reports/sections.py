"""Where it broke, as parts of a report: pull requests, jobs, nightly jobs, reruns, slow jobs."""

from collections.abc import Sequence

from ci_stat.rendering.document import Item, Section, Span, Table, Text, Tone, cut, text
from ci_stat.rendering.format import duration, percent, plural
from ci_stat.reports.failures import failure_line
from ci_stat.reports.model import (
    DailyReport,
    DurationRow,
    JobRow,
    NightlyRow,
    PRRow,
    PRTimes,
    RerunRow,
    RunRow,
    WindowReport,
)  # fmt: skip
from ci_stat.reports.parts import (
    MESSAGE,
    NAME,
    TITLE,
    counts,
    number_link,
    pull,
    run_link,
    section,
)


def pull_requests(report: WindowReport) -> Section | None:
    items, more = map(_pr, report.prs), report.more_prs
    folded = isinstance(report, DailyReport)  # whose lists are long
    return section("Failing pull requests", items, 70, more, "more pull request", folded)


def _pr(row: PRRow) -> Item:
    again = f", {plural(row.rerun_cnt, 'rerun')}" if row.rerun_cnt else ""
    outage = f", {row.in_outage:,} in an outage" if row.in_outage else ""
    where = f" {cut(row.branch, 60)}" if row.branch else ""
    who = f", {cut(row.author, 40)}" if row.author else ""
    title = Span(f": {cut(row.title, TITLE)}{who}", Tone.FAINT) if row.title else None
    head = text(
        pull(row.repo, row.number, row.link), f"{where}: {counts(row.tally)}{again}{outage}", title
    )
    return Item(head, tuple(map(_failed_run, row.failed)), row.more, "more failed run")


def _failed_run(row: RunRow) -> Text:
    said = row.failure if not row.message else f"{cut(row.failure, NAME)}: {row.message}"
    why = (
        Span(f" {cut(said, MESSAGE)}", Tone.FAINT)
        if said
        else Span(" no failure is known", Tone.FAINT)
    )
    return text(run_link(row), why)


def jobs(report: WindowReport) -> Section | None:
    return section(
        "Failing jobs", map(_job, report.jobs), 50, report.more_jobs, "more job", folded=True
    )


def _job(row: JobRow) -> Item:
    outage = f", {row.in_outage:,} in an outage" if row.in_outage else ""
    head = text(
        Span(cut(row.job, NAME), bold=True),
        f": {counts(row.tally)} ({percent(row.tally.fail_rate)}){outage}, newest failure ",
        number_link(row.newest),
    )
    return Item(head, _times(row.prs, row.more_prs))


def _times(prs: Sequence[PRTimes], more: int) -> tuple[Text, ...]:
    """One line of pull requests with times, and how many are left out."""
    parts: list[object] = []
    for pr in prs:
        parts += [", " if parts else "", pull(pr.repo, pr.number, pr.link), f" {pr.times:,}×"]
    if more:
        parts.append(f" and {more:,} more PRs")
    return (text(*parts),) if parts else ()


def nightly(report: DailyReport) -> Section | None:
    return section(
        "Nightly jobs", map(_nightly_job, report.nightly), 80, report.more_nightly, "more job"
    )


def _nightly_job(row: NightlyRow) -> Item:
    rate = f" ({percent(row.tally.fail_rate)} failed)" if row.tally.failure else ""
    head = text(
        Span(cut(row.job, NAME), bold=True),
        f": {counts(row.tally)}{rate}, newest ",
        number_link(row.newest),
    )
    return Item(head, tuple(map(failure_line, row.failures)), row.more, "more failure")


def reruns(report: DailyReport) -> Section | None:
    return section(
        "Most rerun jobs",
        map(_rerun, report.reruns),
        20,
        report.more_reruns,
        "more job",
        folded=True,
    )


def _rerun(row: RerunRow) -> Item:
    why = ", ".join(f"{n:,} {cut(reason, 40)}" for reason, n in row.why)
    head = text(
        Span(cut(row.job, NAME), bold=True),
        f": {plural(row.reruns, 'rerun')} of {plural(row.runs, 'run')}: {why}",
    )
    return Item(head, _times(row.prs, row.more_prs))


def slowest(report: DailyReport) -> Table | None:
    if not report.slowest and not report.more_slowest:
        return None
    columns = ("job", "runs", "middle", "before", "change", "longest")
    rows = tuple(map(_duration, report.slowest))
    return Table(
        "Slowest jobs, those that changed first", columns, rows, 30, report.more_slowest, "more job"
    )


def _duration(row: DurationRow) -> tuple[Text, ...]:
    change = Span("–", Tone.FAINT)
    if row.change is not None:
        change = Span(f"{row.change:+.0%}", Tone.BAD if row.change > 0 else Tone.GOOD, bold=True)
    before = (
        f"{duration(row.before)} of {plural(row.before_runs, 'run')}"
        if row.before is not None
        else "–"
    )
    return (
        text(cut(row.job, NAME)), text(f"{row.runs:,}"), text(duration(row.middle)), text(before), text(change),
        text(duration(row.longest)),
    )  # fmt: skip
