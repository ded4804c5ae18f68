"""Progress on stderr for a person who waits. Nothing here is shown where stderr is no terminal."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
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

from ci_stat.runs.progress import Advance, LogProgress, Watched, no_progress

_DRAWN_EVERY = 0.1  # seconds


@contextmanager
def loading(
    what: str,
) -> Iterator[tuple[Callable[[int], None], Callable[[int], Callable[[int], None]]]]:
    """A line for runs and then one for their logs: what is told of runs, and what is told how many logs there are."""
    with ExitStack() as lines:
        rows = lines.enter_context(counting(what))

        def logs(total: int) -> Callable[[int], None]:
            lines.close()
            _wait_for_threads()  # log readers are forked from one thread only
            return lines.enter_context(_without_thread("Reading logs", total))

        yield rows, logs


def _wait_for_threads() -> None:
    """A progress line that has ended leaves its thread to end by itself, some time."""
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("rich."):
            thread.join(1)


@contextmanager
def _without_thread(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress line that is drawn when something is done, and not by a thread of its own."""
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = console.is_terminal
    with Progress(
        *columns, console=console, transient=True, disable=not shown, auto_refresh=False
    ) as progress:
        task = progress.add_task(what, total=total)
        drawn = 0.0

        def advance(done: int) -> None:
            nonlocal drawn
            progress.advance(task, done)
            if shown and time.monotonic() - drawn > _DRAWN_EVERY:
                progress.refresh()
                drawn = time.monotonic()

        yield advance


@contextmanager
def counting(
    what: str, total: int | None = None, unit: str = "rows"
) -> Iterator[Callable[[int], None]]:
    """A progress line; the function that it yields is told how many more are done."""
    console = Console(file=sys.stderr)
    ends = MofNCompleteColumn() if total is not None else TextColumn("{task.completed:,} " + unit)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        ends,
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


@contextmanager
def watching() -> Iterator[Watched]:
    """Advance lines, one after the other, where a person watches; a new step ends the line of the one before."""
    from ci_stat.runs.progress_bar import loading

    with ExitStack() as lines:
        shown: tuple[Advance, LogProgress] = (no_progress, lambda _total: no_progress)

        def step(what: str) -> None:
            nonlocal shown
            lines.close()
            shown = lines.enter_context(loading(what))

        yield Watched(step, lambda rows: shown[0](rows), lambda total: shown[1](total))
