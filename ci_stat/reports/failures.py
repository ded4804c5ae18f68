"""What broke, as parts of a report: outages, failures that are new, failures seen before."""

from ci_stat.rendering.document import Item, Paragraph, Section, Span, Text, Tone, cut, linked, text
from ci_stat.rendering.format import clock, plural
from ci_stat.reports.model import FailureRow, OutageRow, WindowReport
from ci_stat.reports.parts import NAME, TITLE, message, number_link, run_link, section


def outages(report: WindowReport) -> Paragraph | None:
    return Paragraph(tuple(map(_outage, report.outages))) if report.outages else None


def _outage(row: OutageRow) -> Text:
    machines = row.kind in ("env", "setup")
    what = "Looks like an outage" if machines else "One cause in many pull requests"
    others = " and other trouble of the machines" if row.mixed else ""
    hit = f"{plural(row.runs, 'failed run')} of {plural(row.prs, 'pull request')} by {plural(row.authors, 'author')}"
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    issue = linked("known issue", row.issue) if row.issue else None
    return text(
        Span("New: ", Tone.BAD, bold=True) if row.new else None,
        Span(f"{what}: {cut(row.what, NAME)}", Tone.BAD, bold=True),
        f" ({cut(row.kind, 20)}){others}: {hit} in {plural(row.jobs, 'job')}, ",
        f"{clock(row.begin)} to {clock(row.end)}{seen}",
        ", " if issue else None, issue, ", newest ", run_link(row.newest), message(row.message),
        ". These runs are not listed below.",
    )  # fmt: skip


def new_failures(report: WindowReport) -> Section | None:
    since = report.history_since
    title = f"New failures, never seen since {since:%Y-%m-%d %H:%M}" if since else "New failures"
    return section(
        title, map(_failure, report.new_failures), 90, report.more_new_failures, "more failure"
    )


def seen_failures(report: WindowReport) -> Section | None:
    since = report.history_since
    title = f"Failures seen before, since {since:%Y-%m-%d %H:%M}" if since else "Failures"
    more = report.more_seen_failures
    return section(
        title, map(_failure, report.seen_failures), 40, more, "more failure", folded=True
    )


def _failure(row: FailureRow) -> Item:
    hit = plural(row.runs, "run") + (f", {plural(row.prs, 'pull request')}" if row.prs else "")
    jobs = ", ".join(cut(job, TITLE) for job in row.jobs)
    if row.more_jobs:
        jobs += f" and {plural(row.more_jobs, 'more job')}"
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    issue = linked("known issue", row.issue) if row.issue else None
    head = text(
        Span(cut(row.name, NAME), Tone.BAD if row.new else Tone.PLAIN, bold=True),
        f" ({cut(row.kind, 20)}): {hit}{seen}",
        ", " if issue else None,
        issue,
    )
    lines = [text(f"{jobs}, newest ", number_link(row.newest), message(row.message))]
    return Item(head, tuple(lines))


def failure_line(row: FailureRow) -> Text:
    """A failure on one line, below its job."""
    new = Span("new ", Tone.BAD, bold=True) if row.new else None
    issue = linked("known issue", row.issue) if row.issue else None
    seen = f", first seen {clock(row.first_seen)}" if row.first_seen else ""
    words = f" ({cut(row.kind, 20)}): {plural(row.runs, 'run')}{seen}, newest "
    return text(
        new,
        cut(row.name, NAME),
        words,
        number_link(row.newest),
        ", " if issue else None,
        issue,
        message(row.message),
    )
