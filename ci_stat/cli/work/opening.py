"""What a command works with: the context, and the present."""

from datetime import UTC

import click

from ci_stat.cli.work import output
from ci_stat.cli.work.command_log import logging_as_set
from ci_stat.cli.work.windows import parse_time
from ci_stat.context import Clock, Context, real_time
from ci_stat.escape import visible
from ci_stat.records import Provenance, RunFilter
from ci_stat.runs.database import Source


def opened() -> Context:
    """What this command works with, closed at its end; the settings' warnings on stderr."""
    command = click.get_current_context()
    context = command.with_resource(Context())
    command.with_resource(logging_as_set(context.settings))
    output.warn(context.settings)
    return context


def opened_at(now: str | None) -> tuple[Context, Clock]:
    """The same, and what is taken for the present: the real one, or always what --now says."""
    context = opened()
    if now is None:
        return context, real_time
    zone = context.source.origin.zone
    moment = parse_time(now, "--now", zone)
    fixed = (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    return context, lambda: fixed


def hint(source: Source, wanted: RunFilter, found: Provenance) -> None:
    """On stderr, why a window may be empty: no run has a name, or the table ends before it."""
    if found.rows:
        return
    for problem in source.unknown_names(wanted):
        click.echo(f"ci-stat: {visible(problem)}", err=True)
    if found.behind is not None and found.behind >= wanted.window.length:
        click.echo(
            "ci-stat: the table ends before this window; --end latest looks at its newest rows",
            err=True,
        )
