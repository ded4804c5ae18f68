"""`ci-stat import`, `export` and `demo`: rows into the CI database and out of it."""

from pathlib import Path
from typing import Any

import click

from ci_stat.cli import options
from ci_stat.escape import visible
from ci_stat.rendering.format import plural

_SHOWN = 20  # bad lines that are printed one by one


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--strict", is_flag=True, help="Stop at the first bad line instead of skipping it.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
def import_(file: str, strict: bool, dry_run: bool) -> None:
    """Bring run records from JSON Lines (.jsonl, .jsonl.gz, - for stdin) into the CI database.

    A run that is there already (same job and number) is replaced, so an import can be repeated. Required fields:
    job_name, job_id, status, time; the others are in docs/formats.md.

    \b
    Example of a line:
      {"job_name": "unit", "job_id": 7, "status": "FAILED", "time": "2021-06-19T08:30:00+08:00",
       "duration": 61000, "repo": "me/app", "commit": "1f0c", "pr_number": 12, "case": ["TestX"]}
    """
    from ci_stat.runs.database import forget_facts
    from ci_stat.runs.exchange import Imported, import_lines, opened
    from ci_stat.runs.progress_bar import counting

    context = options.opened()
    source = context.source
    # Not inside `opened`: a folder that cannot be made is no fault of the file.
    engine = source.engine if dry_run else source.engine_for_writing()
    zone = source.origin.zone
    done = Imported()
    try:
        with opened(file) as lines, counting("Importing") as progress:
            import_lines(engine, lines, zone, strict, progress, dry_run, done)
    finally:
        forget_facts(context.existing_facts, done.times)
    for number, reason in done.skipped[:_SHOWN]:
        click.echo(f"ci-stat: line {number} skipped: {visible(reason)}", err=True)
    if len(done.skipped) > _SHOWN:
        click.echo(f"ci-stat: … and {len(done.skipped) - _SHOWN:,} more lines skipped", err=True)
    verb = "would be stored" if dry_run else "stored"
    click.echo(
        f"{plural(done.lines, 'line')} read, {plural(done.stored, 'run')} {verb}, "
        f"{plural(len(done.skipped), 'line')} skipped. Times are kept in {zone.key} (setting time_zone)."
    )


@click.command()
@click.argument("file", metavar="[FILE]", default="-")
@options.window_options
def export(file: str, **window: Any) -> None:
    """Write run records as JSON Lines, the format of `import`, to FILE (.gz packs it) or to standard output.

    Without --begin, --end and --since, runs of any time.

    \b
    Examples:
      ci-stat export runs.jsonl.gz
      ci-stat export --since 7d --job tidb_ghpr_unit_test | head
    """
    from ci_stat.formats.files import written
    from ci_stat.runs.exchange import export_rows
    from ci_stat.runs.progress_bar import counting

    source = options.opened().source
    wanted = options.wanted(source, **window)
    anytime = not (window["begin"] or window["since"] or window["end"])
    with written(file) as out, counting("Exporting") as progress:
        number = export_rows(source.engine, wanted, out, progress, anytime)
    target = "standard output" if file == "-" else visible(file)
    click.echo(f"{plural(number, 'run')} written to {target}.", err=True)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--rows-per-day",
    type=click.IntRange(1, 1_000_000),
    default=420,
    show_default=True,
    help="How busy the CI is.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=14,
    show_default=True,
    help="How long the history is.",
)
@click.option(
    "--seed", type=int, default=20210621, show_default=True, help="Another seed, another history."
)
@click.option("--no-logs", is_flag=True, help="Leave the Jenkins logs out.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True
)
def demo(
    folder: Path | None, rows_per_day: int, days: int, seed: int, no_logs: bool, color: str
) -> None:
    """Build made-up data (a CI database in SQLite and Jenkins logs on disk), and show it.

    The data looks like TiDB's CI from 2021-06-07 on: reruns, aborts, nightly runs, an outage, flaky cases, a
    regression. FOLDER defaults to `demo` in the data folder; what an earlier demo left there is replaced.
    """
    from ci_stat.cli.demo import build, show

    built = build(folder, rows_per_day, days, seed, logs=not no_logs)
    show(built, options.colored(color))


COMMANDS = {"import": import_, "export": export, "demo": demo}
