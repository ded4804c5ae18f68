"""`ci-stat import` and `export`: rows into the CI database and out of it."""

from typing import Any

import click

from ci_stat.cli.work import opening, windows
from ci_stat.escape import visible
from ci_stat.formats.files import open_output
from ci_stat.rendering.format import plural
from ci_stat.runs.exchange import Imported, export_rows, import_lines, opened
from ci_stat.runs.progress_bar import counting
from ci_stat.runs.stale_counts import forget_counts

_SHOWN = 20  # bad lines that are printed one by one


def import_(file: str, strict: bool, dry_run: bool) -> None:
    """`ci-stat import`: run records from JSON Lines into the CI database."""
    context = opening.opened()
    source = context.source
    # Not inside `opened`: a folder that cannot be made is no fault of the file.
    engine = source.engine if dry_run else source.engine_for_writing()
    zone = source.origin.zone
    done = Imported()
    try:
        with opened(file) as lines, counting("Importing") as progress:
            import_lines(engine, lines, zone, strict, progress, dry_run, done)
    finally:
        forget_counts(context.existing_facts, done.times)
    for number, reason in done.skipped[:_SHOWN]:
        click.echo(f"ci-stat: line {number} skipped: {visible(reason)}", err=True)
    if len(done.skipped) > _SHOWN:
        click.echo(f"ci-stat: … and {len(done.skipped) - _SHOWN:,} more lines skipped", err=True)
    verb = "would be stored" if dry_run else "stored"
    click.echo(
        f"{plural(done.lines, 'line')} read, {plural(done.stored, 'run')} {verb}, "
        f"{plural(len(done.skipped), 'line')} skipped. Times are kept in {zone.key} (setting time_zone)."
    )


def export(file: str, **window: Any) -> None:
    """`ci-stat export`: run records as JSON Lines, to a file or to standard output."""
    source = opening.opened().source
    wanted = windows.wanted(source, **window)
    anytime = not (window["begin"] or window["since"] or window["end"])
    with open_output(file) as out, counting("Exporting") as progress:
        number = export_rows(source.engine, wanted, out, progress, anytime)
    target = "standard output" if file == "-" else visible(file)
    click.echo(f"{plural(number, 'run')} written to {target}.", err=True)
