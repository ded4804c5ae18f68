"""The sections of a report as parts of a document: outages, failures, pull requests, jobs."""

from collections.abc import Iterator, Sequence

from ci_stat.escape import web_link
from ci_stat.records import Tally
from ci_stat.rendering.document import (
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    linked,
    text,
)
from ci_stat.rendering.format import clock, duration, percent, plural
from ci_stat.reports.model import (
    DailyReport,
    DurationRow,
    FailureRow,
    JobRow,
    NightlyRow,
    OutageRow,
    PRRow,
    PRTimes,
    RerunRow,
    RunRow,
    WindowReport,
)

NAME, MESSAGE, TITLE = 110, 160, 80  # characters


def outages(report: WindowReport) -> Paragraph | None:
    lines = tuple(_outage(row, report.tally.failure) for row in report.outages)
    return Paragraph(lines) if lines else None


def _outage(row: OutageRow, failures: int) -> Text:
    """A sentence. `failures`: failed runs of the window; those of the outage are a part of them."""
    is_machine = row.kind in ("env", "setup")
    cause = "Looks like an outage" if is_machine else "Same failure in many pull requests"
    mixed = " and other machine failures" if row.mixed else ""
    here = f"{row.runs_here:,} of the {plural(failures, 'failed run')} of this window"
    listed = "This run is" if row.runs_here == 1 else f"These {row.runs_here:,} runs are"
    return text(
        Span("New: ", Tone.BAD, bold=True) if row.new else None,
        Span(f"{cause}: {cut_name(row.what, NAME)}", Tone.BAD, bold=True),
        f" ({cut(row.kind, 20)}){mixed}: {here}{_whole_outage(row)}{_first_seen(row)}",
        *_issue(row),
        ", newest ",
        run_link(row.newest),
        _message(row.message),
        f". {listed} not listed below.",
    )


def _whole_outage(row: OutageRow) -> str:
    """Whom it affected, and when. Runs outside of the report are counted separately."""
    others = row.runs - row.runs_here
    all_runs = f"; with the {others:,} before it, {row.runs:,}" if others else ","
    if row.whole_ci and others:
        all_runs = f"; in the whole CI, {row.runs:,}"
    jobs, prs = plural(row.jobs, "job"), plural(row.prs, "pull request")
    whom = f"of {prs} by {plural(row.authors, 'author')} in {jobs}"
    return f"{all_runs} {whom}, {clock(row.begin)} to {clock(row.end)}"


def new_failures(report: WindowReport) -> Section | None:
    items = tuple(map(_failure, report.new_failures))
    since = report.news_since
    news = f" since {since:%Y-%m-%d %H:%M}" if since else ""
    title = f"New failures{news}{_history(report, ', not in the history')}"
    more = report.more_new_failures
    return _section(Section(title, items, 90, more, "more failure"))


def missed_failures(report: WindowReport) -> Section | None:
    """What the reports that did not arrive would have called new."""
    since = report.news_since
    items = tuple(map(_failure, report.missed_failures))
    title = f"New since {since:%Y-%m-%d %H:%M}, not in this window" if since else ""
    more = report.more_missed_failures
    return _section(Section(title, items, 85, more, "more failure"))


def seen_failures(report: WindowReport) -> Section | None:
    items = tuple(map(_failure, report.seen_failures))
    title = f"Failures{_history(report, ' seen before, history')}"
    more = report.more_seen_failures
    return _section(Section(title, items, 40, more, "more failure", folded=True))


def _history(report: WindowReport, words: str) -> str:
    since = report.history_since
    return f"{words} since {since:%Y-%m-%d %H:%M}" if since else ""


def _failure(row: FailureRow) -> Item:
    prs = f", {plural(row.prs, 'pull request')}" if row.prs else ""
    jobs = ", ".join(cut_name(job, TITLE) for job in row.jobs)
    more_jobs = f" and {plural(row.more_jobs, 'more job')}" if row.more_jobs else ""
    tone = Tone.BAD if row.new else Tone.PLAIN
    head = text(
        Span(cut_name(row.name, NAME), tone, bold=True, link=web_link(row.link)),
        f" ({cut(row.kind, 20)}): {plural(row.runs, 'run')}{prs}{_first_seen(row)}",
        *_issue(row),
    )
    newest = text(f"{jobs}{more_jobs}, newest ", _number_link(row.newest), _message(row.message))
    return Item(head, (newest,))


def _failure_line(row: FailureRow) -> Text:
    """A failure on one line, below its nightly job."""
    return text(
        Span("new ", Tone.BAD, bold=True) if row.new else None,
        linked(cut_name(row.name, NAME), row.link),
        f" ({cut(row.kind, 20)}): {plural(row.runs, 'run')}{_first_seen(row)}, newest ",
        _number_link(row.newest),
        *_issue(row),
        _message(row.message),
    )


def _first_seen(row: FailureRow | OutageRow) -> str:
    return f", first seen {clock(row.first_seen)}" if row.first_seen else ""


def _issue(row: FailureRow | OutageRow) -> Text:
    return text(", ", linked("known issue", row.issue)) if row.issue else ()


def _message(message: str) -> Span | None:
    return Span(f": {cut(message, MESSAGE)}", Tone.FAINT) if message else None


def pull_requests(report: WindowReport) -> Section | None:
    items = tuple(map(_pr, report.prs))
    folded = isinstance(report, DailyReport)  # its lists are long
    title, more = "Failing pull requests", report.more_prs
    return _section(Section(title, items, 70, more, "more pull request", folded))


def _pr(row: PRRow) -> Item:
    branch = f" {cut_name(row.branch, 60)}" if row.branch else ""
    reruns = f", {plural(row.rerun_cnt, 'rerun')}" if row.rerun_cnt else ""
    author = f", {cut(row.author, 40)}" if row.author else ""
    head = text(
        _pr_link(row),
        f"{branch}: {_counts(row.tally)}{reruns}{_in_outage(row)}",
        Span(f": {cut(row.title, TITLE)}{author}", Tone.FAINT) if row.title else None,
    )
    return Item(head, tuple(map(_failed_run, row.failed)), row.more, "more failed run")


def _failed_run(row: RunRow) -> Text:
    reason = f"{cut_name(row.failure, NAME)}: {row.message}" if row.message else row.failure
    shown = cut(reason, MESSAGE) if reason else "unknown failure"
    return text(run_link(row), Span(f" {shown}", Tone.FAINT))


def jobs(report: WindowReport) -> Section | None:
    items = tuple(map(_job, report.jobs))
    return _section(Section("Failing jobs", items, 50, report.more_jobs, "more job", folded=True))


def _job(row: JobRow) -> Item:
    rate = percent(row.tally.fail_rate)
    head = text(
        Span(cut_name(row.job, NAME), bold=True),
        f": {_counts(row.tally)} ({rate}){_in_outage(row)}, newest failure ",
        _number_link(row.newest),
    )
    return Item(head, _times(row.prs, row.more_prs))


def _in_outage(row: PRRow | JobRow) -> str:
    return f", {row.in_outage:,} in an outage" if row.in_outage else ""


def _times(prs: Sequence[PRTimes], more: int) -> tuple[Text, ...]:
    """One line of pull requests with counts, and the number of those that are omitted."""
    parts = [part for pr in prs for part in (", ", _pr_link(pr), f" {pr.times:,}×")][1:]
    if more:
        parts.append(f" and {more:,} more PRs")
    return (text(*parts),) if parts else ()


def nightly(report: DailyReport) -> Section | None:
    items = tuple(map(_nightly_job, report.nightly))
    return _section(Section("Nightly jobs", items, 80, report.more_nightly, "more job"))


def _nightly_job(row: NightlyRow) -> Item:
    rate = f" ({percent(row.tally.fail_rate)} failed)" if row.tally.failure else ""
    head = text(
        Span(cut_name(row.job, NAME), bold=True),
        f": {_counts(row.tally)}{rate}, newest ",
        _number_link(row.newest),
    )
    return Item(head, tuple(map(_failure_line, row.failures)), row.more, "more failure")


def reruns(report: DailyReport) -> Section | None:
    items, more = tuple(map(_rerun, report.reruns)), report.more_reruns
    return _section(Section("Most rerun jobs", items, 20, more, "more job", folded=True))


def _rerun(row: RerunRow) -> Item:
    reasons = ", ".join(f"{count:,} {cut(reason, 40)}" for reason, count in row.why)
    head = text(
        Span(cut_name(row.job, NAME), bold=True),
        f": {plural(row.reruns, 'rerun')} of {plural(row.runs, 'run')}: {reasons}",
    )
    return Item(head, _times(row.prs, row.more_prs))


def slowest(report: DailyReport) -> Table | None:
    if not report.slowest and not report.more_slowest:
        return None
    title = "Slowest jobs, changed ones first"
    columns = ("job", "runs", "median", "before", "change", "longest")
    rows = tuple(tuple(_duration(row)) for row in report.slowest)
    return Table(title, columns, rows, 30, report.more_slowest, "more job")


def _duration(row: DurationRow) -> Iterator[Text]:
    has_before = row.before is not None
    runs_before = f" of {plural(row.before_runs, 'run')}" if has_before else ""
    yield text(cut_name(row.job, NAME))
    yield text(f"{row.runs:,}")
    yield text(duration(row.median))
    yield text(f"{duration(row.before)}{runs_before}")
    yield text(_change(row.change))
    yield text(duration(row.longest))


def _change(change: float | None) -> Span:
    if change is None:
        return Span("–", Tone.FAINT)
    return Span(f"{change:+.0%}", Tone.BAD if change > 0 else Tone.GOOD, bold=True)


def _section(section: Section) -> Section | None:
    """The section, unless it is empty."""
    return section if section.items or section.more else None


def run_link(row: RunRow) -> Span:
    """Job and number of a run."""
    return linked(f"{cut_name(row.job, TITLE)} #{row.build}", row.link)


def _number_link(row: RunRow) -> Span:
    """The number of a run, behind its job."""
    return linked(f"#{row.build}", row.link)


def _pr_link(row: PRRow | PRTimes) -> Span:
    return linked(f"{cut_name(row.repo, 60)}#{row.number}", row.link, bold=True)


def _counts(tally: Tally) -> str:
    """Runs by outcome, without the zeroes."""
    counts = {
        "failed": tally.failure,
        "succeeded": tally.success,
        "aborted": tally.aborted,
        "other": tally.other,
    }
    return ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
