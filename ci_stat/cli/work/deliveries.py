"""`ci-stat deliveries`: what became of reports that were sent."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.errors import UsageError
from ci_stat.records import Delivery, DeliveryState
from ci_stat.rendering.terminal import screen
from ci_stat.reports.deliveries_view import deliveries_table, delivery_rows
from ci_stat.runs.database import Source


def deliveries(
    states: Sequence[str], since: str | None, limit: int, as_json: bool, color: str
) -> None:
    """Newest first."""
    context = opening.opened()
    try:
        after = datetime.now(UTC) - windows.parse_length(since) if since else None
    except OverflowError:
        raise UsageError(
            f"--since {since!r} reaches beyond the year 1.", "Name a shorter length."
        ) from None
    kept = [DeliveryState(state) for state in states]
    found = context.deliveries().list(limit, kept or None, after)
    if as_json:
        click.echo(json.dumps({"deliveries": delivery_rows(found)}, indent=2))
        return
    _show_deliveries(found, color, context.source)


def _show_deliveries(found: Sequence[Delivery], color: str, source: Source) -> None:
    if not found:
        click.echo("No delivery is known.")
        return
    screen.show(deliveries_table(found, source.origin.zone), sys.stdout, output.colored(color))
