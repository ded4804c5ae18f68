"""`ci-stat import`, `export` and `demo`: their arguments and help texts."""

from pathlib import Path

import click

from ci_stat.cli import options


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--strict", is_flag=True, help="Stop at the first bad line instead of skipping it.")
@click.option("--dry-run", is_flag=True, help="Read and check all lines, store nothing.")
@options.work("data")
def import_() -> None:
    """Import run records from JSON Lines (.jsonl, .jsonl.gz, - for stdin) into the CI database.

    A run with the same job, number and attempt is replaced, so you can repeat an import. Required
    fields: job_name, job_id, status or conclusion, time. docs/formats.md describes all fields,
    docs/own-ci.md has lines for GitHub Actions, GitLab CI, Buildkite and CircleCI.

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
    """Export run records as JSON Lines, the format of `import`.

    FILE is compressed if its name ends with .gz; without FILE, the records go to standard output.
    Without --begin, --end and --since, all runs are exported.

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
@click.option("--no-logs", is_flag=True, help="Do not generate Jenkins logs and result files.")
@click.option("--color", type=options.COLORS, default="auto", show_default=True)
@options.work("demo")
def demo() -> None:
    """Generate CI data (databases in SQLite, Jenkins logs and result files), and show them.

    The data resembles TiDB's CI from 2021-06-07 on: reruns, aborts, nightly runs, an outage, flaky
    cases and a regression. FOLDER defaults to `demo` in the data folder. The command replaces an
    earlier demo there.
    """


COMMANDS = {"import": import_, "export": export, "demo": demo}
