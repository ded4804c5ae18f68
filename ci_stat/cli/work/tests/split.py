"""`ci-stat tests split`: print the files of one shard, or a table of all."""

import os
import sys
from collections.abc import Sequence

import click

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.test_results.running import balance
from ci_stat.test_results.running.durations import Durations, read_durations
from ci_stat.test_results.running.files import matching_files
from ci_stat.test_results.running.split_view import split_data, split_document

_MAX_INPUT = 64 * 2**20  # bytes of a list of files


def split(
    paths: Sequence[str],
    shards: int,
    index: int | None,
    job: str | None,
    labels: Sequence[str],
    null: bool,
    as_json: bool,
    color: str,
) -> None:
    if index is not None and index > shards:
        raise UsageError(f"There is no shard {index} of {shards}.", "--index begins at 1.")
    wanted = labels_of(labels)
    files = matching_files(paths) if paths else _listed()
    context = opening.opened()
    engine = context.existing_results
    history = read_durations(engine, job, wanted) if engine is not None else Durations()
    plan = balance.split(files, history.of(files), shards)

    if as_json:
        output.print_json(split_data(plan, index))
    elif index is None:
        output.print_table(on_terminal(split_document(plan)), color)
    else:
        _print_files(plan.shards[index - 1], null)


def _listed() -> list[str]:
    if sys.stdin.isatty():
        raise UsageError("No files.", "Name files, folders or patterns, or pipe a list.")
    raw = sys.stdin.buffer.read(_MAX_INPUT + 1)
    if len(raw) > _MAX_INPUT:
        raise UsageError("The list of files is too long.", "Name a folder or a pattern.")
    end = b"\0" if b"\0" in raw else b"\n"
    names = [os.fsdecode(line.rstrip(b"\r")) for line in raw.split(end) if line.strip()]
    if not names:
        raise UsageError("The list of files is empty.", "Name files, folders or patterns.")
    return names


def _print_files(shard: balance.ShardPlan, null: bool) -> None:
    """Print the names as they are for programs, escaped on a terminal."""
    names = [_as_path(name) for name in shard.units]
    if not null:
        _require_lines(names)
    if not names:
        click.echo(f"ci-stat: shard {shard.number} has no file", err=True)

    sys.stdout.flush()
    if sys.stdout.isatty():
        for name in names:
            click.echo(visible(name))
        return

    end = b"\0" if null else b"\n"
    for name in names:
        sys.stdout.buffer.write(os.fsencode(name) + end)
    sys.stdout.buffer.flush()


def _as_path(name: str) -> str:
    """A name that no program takes for an option."""
    return f"./{name}" if name.startswith("-") else name


def _require_lines(names: Sequence[str]) -> None:
    broken = [name for name in names if "\n" in name]
    if broken:
        shown = visible(broken[0], 200)
        raise UsageError(f"The name {shown!r} has a line end.", "Use --null and xargs -0.")
