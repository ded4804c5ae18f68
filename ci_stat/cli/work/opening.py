"""The context of a command, and its current time."""

from datetime import UTC

import click

from ci_stat.cli.work import output
from ci_stat.cli.work.command_log import logging_as_set
from ci_stat.cli.work.windows import parse_time
from ci_stat.context import Clock, Context, real_time
from ci_stat.escape import visible
from ci_stat.records import Provenance, RunFilter
from ci_stat.runs.database import Source
from ci_stat.runs.empty_window import empty_reasons


def opened() -> Context:
    """Open the context of the running command, start its log, and print warnings about settings.

    click closes both when the command ends.
    """
    command = click.get_current_context()
    context = command.with_resource(Context())
    command.with_resource(logging_as_set(context.settings))
    output.warn(context.settings)
    return context


def opened_at(now: str | None) -> tuple[Context, Clock]:
    """Open the context. The clock shows the real time, or always the time of the option --now."""
    context = opened()
    if now is None:
        return context, real_time
    fixed = parse_time(now, "--now", context.source.origin.zone).astimezone(UTC)
    return context, lambda: fixed


def explain_empty(source: Source, filter: RunFilter, provenance: Provenance) -> None:
    """Print to stderr why the window may contain no runs."""
    for reason in empty_reasons(source, filter, provenance):
        click.echo(f"ci-stat: {visible(reason)}", err=True)
