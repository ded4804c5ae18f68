"""`ci-stat import`, `export` and `demo`: rows into the CI database and out of it."""

from pathlib import Path

import click

from ci_stat.cli import options

_SHOWN = 20  # bad lines that are printed one by one


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--strict", is_flag=True, help="Stop at the first bad line instead of skipping it.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
@options.work("data")
def import_() -> None:
    """Import run records from JSON Lines (.jsonl, .jsonl.gz, - for stdin) into the CI database.

    A run that is there already (same job and number) is replaced, so an import can be repeated. Required fields:
    job_name, job_id, status, time; the others are in docs/formats.md.

    \b
    Example of a line:
      {"job_name": "unit", "job_id": 7, "status": "FAILED", "time": "2021-06-19T08:30:00+08:00",
       "duration": 61000, "repo": "me/app", "commit": "1f0c", "pr_number": 12, "case": ["TestX"]}
    """


@click.command()
@click.argument("file", metavar="[FILE]", default="-")
@options.window_options
@options.work("data")
def export() -> None:
    """Export run records as JSON Lines, the format of `import`, to FILE (.gz compresses it) or to standard output.

    Without --begin, --end and --since, runs of any time.

    \b
    Examples:
      ci-stat export runs.jsonl.gz
      ci-stat export --since 7d --job tidb_ghpr_unit_test | head
    """


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--rows-per-day",
    type=click.IntRange(1, 1_000_000),
    default=420,
    show_default=True,
    help="Number of runs per day.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=14,
    show_default=True,
    help="Length of the history.",
)
@click.option(
    "--seed", type=int, default=20210621, show_default=True, help="Seed of the random generator."
)
@click.option("--no-logs", is_flag=True, help="Do not generate Jenkins logs.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True
)
@options.work("demo")
def demo() -> None:
    """Generate CI data (a CI database in SQLite and Jenkins logs on disk), and show them.

    The data looks like TiDB's CI from 2021-06-07 on: reruns, aborts, nightly runs, an outage, flaky cases, a
    regression. FOLDER defaults to `demo` in the data folder; what an earlier demo left there is replaced.
    """


COMMANDS = {"import": import_, "export": export, "demo": demo}
