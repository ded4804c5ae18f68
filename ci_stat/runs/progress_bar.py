"""Progress bars on stderr. If stderr is not a terminal, nothing is shown."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from ci_stat.runs.progress import Advance, LogProgress, ProgressDisplay, no_progress

_REDRAW_AFTER = 0.1  # seconds


@contextmanager
def counting(description: str, total: int | None = None, unit: str = "rows") -> Iterator[Advance]:
    """Show one bar for the duration of the block."""
    console = Console(file=sys.stderr)
    count = TextColumn("{task.completed:,} " + unit) if total is None else MofNCompleteColumn()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(description, total=total)
        yield lambda done: progress.advance(task, done)


@contextmanager
def loading(description: str) -> Iterator[tuple[Advance, LogProgress]]:
    """Show a bar for rows, then one for logs. Yields the callbacks of both."""
    with ExitStack() as bars:
        rows = bars.enter_context(counting(description))

        def logs(total: int) -> Advance:
            bars.close()
            _join_drawing_threads()
            return bars.enter_context(_counting_without_thread("Reading logs", total))

        yield rows, logs


@contextmanager
def show_progress() -> Iterator[ProgressDisplay]:
    """Show bars one after the other. Each step removes the bars of the step before."""
    with ExitStack() as bars:
        callbacks: tuple[Advance, LogProgress] = (no_progress, lambda _total: no_progress)

        def step(description: str) -> None:
            nonlocal callbacks
            bars.close()
            callbacks = bars.enter_context(loading(description))

        yield ProgressDisplay(
            step, lambda rows: callbacks[0](rows), lambda total: callbacks[1](total)
        )


def _join_drawing_threads() -> None:
    """Wait for the thread of a removed bar: log readers are forked only if one thread is left."""
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("rich."):
            thread.join(1)


@contextmanager
def _counting_without_thread(description: str, total: int) -> Iterator[Advance]:
    """Show one bar. `advance` draws it, not a thread: meanwhile, log readers are forked."""
    console = Console(file=sys.stderr)
    is_shown = console.is_terminal
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not is_shown, auto_refresh=False
    ) as progress:
        task = progress.add_task(description, total=total)
        drawn_at = 0.0

        def advance(done: int) -> None:
            nonlocal drawn_at
            progress.advance(task, done)
            if is_shown and time.monotonic() - drawn_at > _REDRAW_AFTER:
                progress.refresh()
                drawn_at = time.monotonic()

        yield advance
