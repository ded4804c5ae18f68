"""`ci-stat import` and `export`: rows into the CI database and out of it."""

from typing import Any

import click

from ci_stat.cli.work import opening, windows
from ci_stat.escape import visible
from ci_stat.formats.files import open_output
from ci_stat.rendering.format import plural
from ci_stat.runs.export_runs import export_rows
from ci_stat.runs.import_runs import ImportResult, import_lines, open_input
from ci_stat.runs.progress_bar import counting
from ci_stat.runs.stale_counts import forget_counts

_SHOWN = 20  # bad lines that are printed one by one


def import_(file: str, strict: bool, dry_run: bool) -> None:
    """`ci-stat import`: run records from JSON Lines into the CI database."""
    context = opening.opened()
    source = context.source
    # Not inside `open_input`: a folder that cannot be created is not an error of the file.
    engine = source.engine if dry_run else source.engine_for_writing()
    zone = source.origin.zone
    result = ImportResult()
    try:
        with open_input(file) as lines, counting("Importing") as progress:
            import_lines(engine, lines, zone, strict, progress, dry_run, result)
    finally:
        forget_counts(context.existing_counts, result.times)
    for number, reason in result.skipped[:_SHOWN]:
        click.echo(f"ci-stat: line {number} skipped: {visible(reason)}", err=True)
    if len(result.skipped) > _SHOWN:
        click.echo(f"ci-stat: … and {len(result.skipped) - _SHOWN:,} more lines skipped", err=True)
    verb = "would be stored" if dry_run else "stored"
    click.echo(
        f"{plural(result.lines, 'line')} read, {plural(result.stored, 'run')} {verb}, "
        f"{plural(len(result.skipped), 'line')} skipped. Times are kept in {zone.key} (setting time_zone)."
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
