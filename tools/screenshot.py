"""The picture in the README, docs/images/demo.svg: what `ci-stat demo` really prints, up to its worst jobs.

    .venv/bin/python tools/screenshot.py

The file names no font and no host beyond the SVG namespace: a README's picture must load nothing.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.svg"
FOLDER = "build/demo"
COMMAND = f"ci-stat demo {FOLDER}"
WIDTH = 150
END = "Pull requests ["  # the picture stops before it: three tables are too small to read
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

# rich's own frame, without the web fonts that it loads.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>ci-stat demo: counts of two weeks and the worst jobs</title>
<style>
.{unique_id}-matrix {{ font-family: FONTS; font-size: {char_height}px; line-height: {line_height}px; }}
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


def demo_output() -> str:
    """What the demo prints, in colour, with paths relative to the folder that it runs in."""
    program = Path(sys.executable).with_name("ci-stat")
    environment = {name: value for name, value in os.environ.items() if name != "STAT_ENV_PATH"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - our own program
            [str(program), "demo", FOLDER, "--color", "always"],
            cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=True,
        )  # fmt: skip
        return done.stdout.replace(f"{Path(folder).resolve()}/", "")


def picture(output: str) -> str:
    """The SVG of a terminal with the command and its output up to END."""
    shown: list[Text] = [Text.assemble(("$ ", "bold green"), COMMAND)]
    for text in output.splitlines():
        line = Text.from_ansi(text)
        if line.plain.startswith(END):
            break
        line.truncate(WIDTH)
        shown.append(line)
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    for line in shown:
        console.print(line, no_wrap=True, crop=True)
    console.print()  # the frame cuts the last line's underscores
    svg = console.export_svg(title="", theme=SVG_EXPORT_THEME, code_format=FRAME, unique_id="demo")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def main() -> int:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(picture(demo_output()), encoding="utf-8")
    sys.stderr.write(f"{TARGET}: {TARGET.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
