"""Draw the picture of the README: what `ci-stat demo` prints, up to its worst jobs.

    .venv/bin/python tools/screenshot.py           writes docs/images/demo.svg
    .venv/bin/python tools/screenshot.py FILE      writes FILE; tests/test_picture.py compares

The picture loads nothing: it names only installed fonts, and no host but the SVG namespace.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.svg"
FOLDER = "build/demo"
COMMAND = f"ci-stat demo {FOLDER}"
WIDTH = 150
END = "Pull requests ["  # the picture ends before this line: a third table is too small to read
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

# The frame of rich, without its web fonts.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>ci-stat demo: counts of two weeks and the worst jobs</title>
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


def demo_output() -> Generator[str, None, None]:
    """Yield the lines that the demo prints, in colour, with paths relative to its folder.

    Without its logs, which the shown lines do not need, the demo is built in half the time.
    """
    program = Path(sys.executable).with_name("ci-stat")
    environment = {name: value for name, value in os.environ.items() if name != "STAT_ENV_PATH"}

    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: S603 - our own program
            [str(program), "demo", FOLDER, "--no-logs", "--color", "always"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        ) as demo,
    ):
        assert demo.stdout is not None
        for line in demo.stdout:
            yield line.rstrip("\n").replace(f"{Path(folder).resolve()}/", "")


def shown_lines() -> Iterator[Text]:
    """Yield the command and its output up to END, cut to the width of the picture."""
    yield Text.assemble(("$ ", "bold green"), COMMAND)

    with closing(demo_output()) as output:
        for text in output:
            line = Text.from_ansi(text)
            if line.plain.startswith(END):
                return
            line.truncate(WIDTH)
            yield line

    raise SystemExit(f"The demo printed no line that begins with {END!r}.")


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
