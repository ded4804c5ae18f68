"""`ci-stat tests split`: its arguments and help text."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests split --shards 4 --index 1 tests/ | xargs pytest
  ci-stat tests split --shards 4 --index $CI_NODE_INDEX 'src/**/*.test.js'
  git ls-files '*_test.py' | ci-stat tests split --shards 4 --index 2
  ci-stat tests split --shards 4 tests/          all shards, with their expected times
"""


@click.command("split", epilog=EPILOG)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--shards", type=click.IntRange(1, 10_000), required=True, help="Number of shards.")
@click.option(
    "--index", type=click.IntRange(1, 10_000), help="Print this shard, from 1. [a table of all]"
)
@click.option("--job", metavar="NAME", help="Take the durations from this job. [from all]")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Take the durations from runs with this label; can be repeated.",
)
@click.option("--null", is_flag=True, help="End each file with NUL, for xargs -0.")
@options.json_option
@options.color_option
@options.work("tests.split")
def split() -> None:
    """Print the test files of one shard, so that all shards take about as long.

    PATH is a file, a folder (its files that are named as test files are), or a pattern in quotes;
    without one, standard input has a file a line. Every file is in exactly one shard.

    The durations are medians of the newest 20 runs in the results database; a file without history
    counts as the median of the others. The same files and the same history give the same shards on
    every machine. The plan that --json and the table show is equal only if the shards are: machines
    whose histories differ would leave files out or run them twice.
    """
