"""Progress of a campaign on stderr: a table that changes in place on a terminal, else lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo

import click
from rich.console import Console
from rich.live import Live

from ci_stat.campaigns.model import Campaign
from ci_stat.campaigns.service import Watch
from ci_stat.campaigns.views.progress import progress_document, progress_lines
from ci_stat.escape import visible
from ci_stat.rendering.as_terminal import on_terminal


@contextmanager
def watching(zone: tzinfo, now: Callable[[], datetime]) -> Iterator[Watch]:
    """Show the campaign during the block."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _lines()
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def watch(campaign: Campaign, note: str) -> None:
            if note:
                live.console.print(visible(note, 500), markup=False, highlight=False)
            document = progress_document(campaign, now(), zone)
            live.update(on_terminal(document), refresh=True)

        yield watch


@contextmanager
def resumable() -> Iterator[None]:
    """Say how the campaign goes on, if Ctrl-C ends the block."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("ci-stat: The campaign is not over. Continue: ci-stat campaign resume", err=True)
        raise


def _lines() -> Watch:
    """A line for each change."""
    before: Campaign | None = None

    def watch(campaign: Campaign, note: str) -> None:
        nonlocal before
        for line in progress_lines(before, campaign):
            click.echo(visible(line, 500), err=True)
        if note:
            click.echo(visible(note, 500), err=True)
        before = campaign

    return watch
