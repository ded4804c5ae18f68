"""Write a rich renderable or lines to a stream: a terminal, or a file as an ANSI dump."""

import os
import shutil
from collections.abc import Iterable
from typing import IO

from rich.console import Console, RenderableType

from ci_stat.rendering.terminal.lines import Line, to_text
from ci_stat.rendering.terminal.palette import Readable

_UNLIMITED = 100_000  # cells; a rich table needs a width, and no table of ours is wider
_DEFAULT = 80


def width_of(stream: IO[str]) -> int | None:
    """Cells of a terminal line; None for a stream that has no limit."""
    if not stream.isatty():
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "0"))
        # Some terminals report 0.
        return columns or os.get_terminal_size(stream.fileno()).columns or _DEFAULT
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def show(report: RenderableType, stream: IO[str], color: bool, width: int | None = None) -> None:
    """Write a renderable. `width`: in cells; by default that of the terminal, or no limit."""
    limit = width or width_of(stream)
    console = Console(
        file=stream,
        force_terminal=color,
        force_jupyter=False,  # it would add an empty output below each cell
        no_color=not color,
        color_system="256" if color else None,
        width=limit or _UNLIMITED,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(Readable(report), soft_wrap=limit is None)
    # Tables pad each line to their width.
    for text in captured.get().removesuffix("\n").split("\n"):
        stream.write(text.rstrip() + "\n")


def write_lines(
    lines: Iterable[Line], stream: IO[str], color: bool, width: int | None = None
) -> None:
    """Write lines one by one, so that a dump of any length needs little memory."""
    for text in to_text(lines, color, width or width_of(stream)):
        stream.write(text + "\n")
