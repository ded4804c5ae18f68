"""Reports onto a stream that the caller hands in: a terminal, or a file that becomes an ANSI dump."""

import os
import shutil
from collections.abc import Iterable
from typing import IO

from rich.console import Console, RenderableType

from ci_stat.rendering.terminal.lines import Line, to_text

_UNLIMITED = 100_000  # cells; a rich table needs some width, and no table of ours is wider


def width_of(stream: IO[str]) -> int | None:
    """Cells of a terminal line, None where nothing limits a line."""
    if not stream.isatty():
        return None
    try:
        told = int(os.environ.get("COLUMNS", "0"))
        # A terminal that does not say how wide it is (0) is taken for 80.
        return told or os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def show(report: RenderableType, stream: IO[str], color: bool, width: int | None = None) -> None:
    """A table or a group of them, as wide as the terminal, or as its longest line in a file."""
    limit = width or width_of(stream)
    console = Console(
        file=stream,
        force_terminal=color,
        force_jupyter=False,  # it would add an empty output of its own below every cell
        no_color=not color,
        color_system="standard" if color else None,
        width=limit or _UNLIMITED,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(report, soft_wrap=limit is None)
    # Tables pad every line to their width: blanks at the end help nobody.
    for text in captured.get().removesuffix("\n").split("\n"):
        stream.write(text.rstrip() + "\n")


def write_lines(
    lines: Iterable[Line], stream: IO[str], color: bool, width: int | None = None
) -> None:
    """Lines one by one, so that a dump of any length needs no memory."""
    for text in to_text(lines, color, width or width_of(stream)):
        stream.write(text + "\n")
