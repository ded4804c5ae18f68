"""Progress of a run of tests on stderr: a table on a terminal, else lines."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.rendering.format import plural
from ci_stat.test_results.running.model import Display, Execution, Shard
from ci_stat.test_results.running.words import ended_words, shard_words


@contextmanager
def run_display(runner: str) -> Iterator[Display]:
    """Show the progress during the block."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield Lines(runner)
        return
    state = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        SpinnerColumn(finished_text="•"),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[state]}", markup=False, table_column=state),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, expand=True) as progress:
        yield Bars(progress)


class Lines(Display):
    """One line for each start and end."""

    def __init__(self, runner: str) -> None:
        self._runner = runner
        self._attempt = 1
        self._lock = Lock()
        self._begin = time.monotonic()

    def begin(self, shards: Sequence[Shard], attempt: int) -> None:
        self._attempt = attempt
        many = plural(len(shards), "retry", "retries")
        self._print(f"{self._runner}: {plural(len(shards), 'shard') if attempt == 1 else many}")

    def started(self, shard: Shard) -> None:
        self._print(f"{shard_words(shard, self._attempt)} started")

    def ended(self, shard: Shard, execution: Execution, failed: int) -> None:
        self._print(f"{shard_words(shard, execution.attempt)} {ended_words(execution, failed)}")

    def note(self, text: str) -> None:
        self._print(text)

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._begin
        with self._lock:
            click.echo(f"[{seconds:6.1f}s] {visible(text, 500)}", err=True)


class Bars(Display):
    """A line for each shard that changes in place."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[int, int] = {}

    def begin(self, shards: Sequence[Shard], attempt: int) -> None:
        self._tasks = {
            shard.number: self._progress.add_task(
                visible(shard_words(shard, attempt)), total=1, start=False, state="waiting"
            )
            for shard in shards
        }

    def started(self, shard: Shard) -> None:
        task = self._progress.tasks[self._tasks[shard.number]].id
        self._progress.start_task(task)
        self._progress.update(task, state="running")

    def finished_tests(self, shard: Shard, count: int) -> None:
        task = self._progress.tasks[self._tasks[shard.number]].id
        total = sum(len(unit.tests) for unit in shard.units)
        of_total = f" of {total:,}" if total else ""
        self._progress.update(task, state=f"{count:,}{of_total} tests")

    def ended(self, shard: Shard, execution: Execution, failed: int) -> None:
        task = self._progress.tasks[self._tasks[shard.number]].id
        state = visible(ended_words(execution, failed), 200)
        self._progress.update(task, completed=1, state=state)

    def note(self, text: str) -> None:
        self._progress.console.print(Text(visible(text, 500)))
