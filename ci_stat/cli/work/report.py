"""`ci-stat report`: build a report, send it with --post, and print it.

`report_forms` prints it, `posting` sends it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import click

from ci_stat.cli.work import opening, windows
from ci_stat.cli.work.posting import missed_reports, post_report
from ci_stat.cli.work.report_forms import Output, print_report
from ci_stat.context import Context
from ci_stat.errors import CiStatError, DatabaseError, NoNewData, SettingsError, UsageError
from ci_stat.escape import visible, visible_lines
from ci_stat.records import RunFilter
from ci_stat.reports.document import report_document
from ci_stat.reports.model import DataProblem, Report, WindowReport
from ci_stat.reports.outgoing import outgoing, own_documents
from ci_stat.reports.windows import DAILY, HOURLY, chosen_window
from ci_stat.runs.progress_bar import show_progress


def _report(
    kind: str,
    *,
    post: bool,
    force: bool,
    channels: Sequence[str],
    now: str | None,
    color: str,
    form: str | None,
    preview: bool,
    preview_html: str | None,
    name: str,
    **window: Any,
) -> None:
    if force and not post:
        raise UsageError("--force sends a report again, so it requires --post.", "Add --post.")

    context = opening.opened()
    with windows.within_calendar():
        zone = context.source.origin.zone
        moment = windows.parse_time(now or "now", "--now", zone).astimezone(UTC)
        filter = _filter(kind, context, moment, name, **window)
    # Checked before the work: a missing setting is an error at once.
    recipients = context.recipients(channels, name) if post else []
    missed = missed_reports(context, kind, filter, recipients, name)
    begin = filter.window.begin
    with show_progress() as watched:
        reporter = context.reporter(moment, watched)
        news_since = {begin, *(one.since for one in missed.values())}
        reports = reporter.reports(kind, filter, news_since, name)

    # Sent before it is printed: a full disk or a closed pipe must not stop the delivery.
    report = reports[begin]
    document = report_document(report)
    undelivered = None
    if post:
        own = own_documents(reports, missed, begin)
        undelivered = post_report(
            outgoing(report, document, own), recipients, context, force, quiet=bool(form)
        )
    print_report(report, document, Output(form, preview, preview_html, color))
    if isinstance(report, WindowReport) and report.names:
        # Reports without a filter explain an empty window themselves.
        opening.explain_empty(context.source, filter, report.provenance)
    if not post and form is None:
        _print_recipients(context, channels, name)
    if error := undelivered or _data_problem(report):
        raise error


hourly = partial(_report, HOURLY)
daily = partial(_report, DAILY)


def _filter(
    kind: str,
    context: Context,
    now: datetime,
    name: str,
    begin: str | None,
    end: str | None,
    since: str | None,
    jobs: Sequence[str],
    repos: Sequence[str],
    branches: Sequence[str],
) -> RunFilter:
    if begin is not None and since is not None:
        raise UsageError(
            "--begin and --since both set the start of the window.", "Use one of them."
        )
    zone = context.source.origin.zone
    first = windows.parse_time(begin, "--begin", zone, now) if begin is not None else None
    last = windows.parse_end(end, context.source, now) if end is not None else None
    length = windows.parse_length(since) if since is not None else None
    delay = timedelta(minutes=context.settings.reports.delay)
    window = chosen_window(kind, now, zone, first, last, delay, length)
    if name:
        jobs, repos, branches = _of_team(name, context, jobs, repos, branches)
    nightly = context.source.nightly_jobs(repos)
    return RunFilter(window, _unique(jobs), _unique(repos), _unique(branches), nightly=nightly)


def _of_team(
    name: str, context: Context, *given: Sequence[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The jobs, repositories and branches of a team's report. Raises SettingsError."""
    if any(given):
        raise UsageError(
            "--name has the filter of its report in the settings, "
            "so --job, --repo and --branch cannot be used with it.",
            "Omit them, or omit --name.",
        )
    context.settings.of_team(name)  # raises for an unknown name
    team = context.settings.reports.teams[name]
    return team.jobs, team.repos, team.branches


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Sort the names: a report of the same names is the same report."""
    return tuple(sorted(set(names)))


def _print_recipients(context: Context, channels: Sequence[str], team: str) -> None:
    """Print to whom --post would send the report. Unlike --post, this needs no channel."""
    try:
        for recipient in context.recipients(channels, team):
            name = visible(recipient.name)
            click.echo(f"ci-stat: would send it to {name} (--post sends)", err=True)
    except SettingsError as error:
        click.echo(f"ci-stat: --post would not send it: {visible_lines(error)}", err=True)


def _data_problem(report: Report) -> CiStatError | None:
    if not isinstance(report, DataProblem):
        return None
    kind = DatabaseError if report.cause == "database" else NoNewData
    return kind(report.message, report.hint)
