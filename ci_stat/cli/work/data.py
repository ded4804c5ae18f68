"""`ci-stat import` and `export`: run records as JSON Lines."""

from collections.abc import Iterator
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

_SHOWN = 20  # skipped lines that are printed one by one


def import_(file: str, strict: bool, dry_run: bool) -> None:
    context = opening.opened()
    source = context.source
    # Not inside `opened`, which reports errors of the file.
    engine = source.engine if dry_run else source.engine_for_writing()
    zone = source.origin.zone
    imported = ImportResult()
    try:
        with open_input(file) as lines, counting("Importing") as progress:
            import_lines(engine, lines, zone, strict, progress, dry_run, imported)
    finally:
        forget_counts(context.existing_counts, imported.times)

    skipped = imported.skipped
    for number, reason in skipped[:_SHOWN]:
        click.echo(f"ci-stat: line {number} skipped: {visible(reason)}", err=True)
    if len(skipped) > _SHOWN:
        click.echo(f"ci-stat: … and {len(skipped) - _SHOWN:,} more lines skipped", err=True)
    for line in _not_counted(imported):
        click.echo(f"ci-stat: {line}", err=True)
    verb = "would be stored" if dry_run else "stored"
    click.echo(
        f"{plural(imported.lines, 'line')} read, {plural(imported.stored, 'run')} {verb}, "
        f"{plural(len(skipped), 'line')} skipped. "
        f"Times are stored in the time zone {zone.key} (setting time_zone)."
    )


def _not_counted(imported: ImportResult) -> Iterator[str]:
    """Say which runs are not stored because they do not count."""
    reasons = (
        (imported.unfinished, "not finished; import them again when they have ended"),
        (imported.not_run, "skipped by the CI, which does not count as a run"),
    )
    for words, reason in reasons:
        if words:
            counts = ", ".join(f"{count:,} {word}" for word, count in words.most_common())
            yield f"{plural(words.total(), 'run')} not stored: {reason} ({counts})"


def export(file: str, **window: Any) -> None:
    source = opening.opened().source
    filter = windows.run_filter(source, **window)
    all_times = not (window["begin"] or window["since"] or window["end"])
    with open_output(file) as out, counting("Exporting") as progress:
        number = export_rows(source.engine, filter, out, progress, all_times)
    target = "standard output" if file == "-" else visible(file)
    click.echo(f"{plural(number, 'run')} written to {target}.", err=True)
