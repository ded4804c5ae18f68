"""Progress on stderr for a person who waits. Nothing here is shown where stderr is no terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


@contextmanager
def counting(what: str, total: int | None = None, unit: str = "rows") -> Iterator[Callable[[int], None]]:
    """A progress line; the function that it yields is told how many more are done."""
    console = Console(file=sys.stderr)
    ends = MofNCompleteColumn() if total is not None else TextColumn("{task.completed:,} " + unit)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), ends, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)
