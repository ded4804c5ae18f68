"""`ci-stat deliveries`: list sent reports with their outcomes."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.records import DeliveryState
from ci_stat.reports.deliveries_view import deliveries_table, delivery_rows


def deliveries(
    states: Sequence[str], since: str | None, limit: int, as_json: bool, color: str
) -> None:
    context = opening.opened()
    after = windows.before(datetime.now(UTC), since) if since else None
    chosen_states = [DeliveryState(state) for state in states]
    newest_first = context.deliveries().list(limit, chosen_states or None, after)

    if not newest_first and not as_json:
        click.echo("No deliveries.")
        return
    table = deliveries_table(newest_first, context.source.origin.zone)
    output.print_either({"deliveries": delivery_rows(newest_first)}, table, as_json, color)
