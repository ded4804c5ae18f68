"""Draw the picture of the README: what `ci-stat demo` prints on a terminal.

    .venv/bin/python tools/screenshot.py           writes docs/images/demo.svg
    .venv/bin/python tools/screenshot.py FILE      writes FILE; tests/test_picture.py compares

The picture loads nothing: it names only installed fonts, and no host but the SVG namespace.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.svg"
FOLDER = "build/demo"
COMMAND = f"ci-stat demo {FOLDER}"
WIDTH = 80
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

# The frame of rich, without its web fonts.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>ci-stat demo: what fails, where, why, and what to type next</title>
<style>
.{unique_id}-matrix {{
font-family: FONTS; font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
""".replace("FONTS", FONTS)


def demo_output() -> Iterator[str]:
    """Yield the lines that the demo prints on a terminal, in colour."""
    program = Path(sys.executable).with_name("ci-stat")
    hidden = ("STAT_ENV_PATH", "COLUMNS", "NO_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    # The picture is the same in a virtual environment that is active, and in one that is not.
    environment["VIRTUAL_ENV"] = "active"

    with tempfile.TemporaryDirectory() as folder:
        ours, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
        with subprocess.Popen(  # noqa: S603 - our own program
            [str(program), "demo", FOLDER, "--color", "always"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
        ) as demo:
            os.close(terminal)
            yield from _everything_from(ours).decode().splitlines()
        if demo.returncode:
            raise SystemExit(f"The demo ended with {demo.returncode}.")


def _everything_from(terminal: int) -> bytes:
    """What was written to a terminal whose other end is closed."""
    parts: list[bytes] = []
    # Linux reports the closed end as an error.
    with closing(os.fdopen(terminal, "rb", buffering=0)) as reader, suppress(OSError):
        while part := reader.read(65_536):
            parts.append(part)
    return b"".join(parts)


def shown_lines() -> Iterator[Text]:
    """Yield the command and its output."""
    yield Text.assemble(("$ ", "bold green"), COMMAND)
    yield from map(Text.from_ansi, demo_output())


def picture(lines: Iterable[Text]) -> str:
    """Draw a terminal with these lines as SVG."""
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    for line in lines:
        console.print(line, no_wrap=True, crop=True)
    console.print()  # the frame cuts the last line's underscores
    svg = console.export_svg(title="", theme=SVG_EXPORT_THEME, code_format=FRAME, unique_id="demo")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def main(argv: Sequence[str]) -> int:
    """Write the picture to the file that `argv` names, by default the one in the README."""
    target = Path(argv[0]) if argv else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture(shown_lines()), encoding="utf-8")
    sys.stderr.write(f"{target}: {target.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
