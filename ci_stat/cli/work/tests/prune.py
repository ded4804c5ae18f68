"""`ci-stat tests prune`: delete old results, and say how many."""

from datetime import UTC, datetime

import click
import msgspec

from ci_stat.cli.work import opening, output, windows
from ci_stat.rendering.format import plural
from ci_stat.store.results.prune import PruneReport
from ci_stat.store.results.prune import prune as prune_results


def prune(older_than: str, dry_run: bool, as_json: bool) -> None:
    length = windows.parse_length(older_than, "--older-than")
    with windows.within_calendar():
        before = datetime.now(UTC) - length
    report = prune_results(opening.opened().results, before, dry_run)
    if as_json:
        output.print_json(_data(report, before, dry_run))
    else:
        _print_report(report, before, dry_run)


def _data(report: PruneReport, before: datetime, dry_run: bool) -> dict[str, object]:
    return {
        "before": before.date().isoformat(),
        "dry_run": dry_run,
        **msgspec.structs.asdict(report),
    }


def _print_report(report: PruneReport, before: datetime, dry_run: bool) -> None:
    if report.runs:
        verb = "Would delete" if dry_run else "Deleted"
        counts = (
            plural(report.attempts, "attempt"),
            plural(report.runs, "run"),
            plural(report.days, "day"),
        )
        click.echo(f"{verb} {counts[0]} of {counts[1]} on {counts[2]} before {before:%Y-%m-%d}.")
    else:
        click.echo(f"Nothing to delete before {before:%Y-%m-%d}.")
    if report.kept_runs:
        click.echo(f"{plural(report.kept_runs, 'older run')} kept: the last day of each job stays.")
    if report.left_days:
        click.echo(f"{plural(report.left_days, 'day')} left out: another process prunes.")
