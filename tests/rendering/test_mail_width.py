"""A mail on a telephone, 375 px wide: nothing is wider than the screen, and names are words."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from ci_stat.rendering.as_html import page
from tests.support.documents import EXAMPLES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTH = 375
# Measures the mail in a frame of a telephone's width, and prints what it measured.
FRAME = """
<iframe src="mail.html" style="width:{width}px;height:900px;border:0"></iframe>
<pre id="measured"></pre>
<script>
onload = () => {{
  const mail = document.querySelector("iframe").contentDocument;
  const names = [...mail.querySelectorAll("th[scope=row]")];
  const cells = [...mail.querySelectorAll("h1,h2,p,li,div")];
  document.querySelector("#measured").textContent = JSON.stringify({{
    page: mail.documentElement.scrollWidth,
    widest: Math.max(...cells.map(cell => cell.getBoundingClientRect().right)),
    hidden: Math.max(
      ...[...mail.querySelectorAll("div")].map(part => part.scrollWidth - part.clientWidth)
    ),
    lines: Math.max(...names.map(name => name.getBoundingClientRect().height / 20)),
  }});
}};
</script>
"""


def _measured(folder: Path, html: str) -> dict[str, float]:
    (folder / "mail.html").write_text(html, encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=WIDTH), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [str(CHROMIUM), *flags, profile, "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r'<pre id="measured">(.+?)</pre>', done.stdout)
    assert match, done.stderr[-2_000:]
    measured: dict[str, float] = json.loads(unescape(match[1]))
    return measured


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("name", ["busy", "daily"])
def test_a_mail_fits_a_telephone(tmp_path: Path, name: str) -> None:
    measured = _measured(tmp_path, page(EXAMPLES[name](), style="mail"))
    assert measured["page"] <= WIDTH
    assert measured["widest"] <= WIDTH
    # A table of six columns was cut: few mail programs let a reader scroll it.
    assert measured["hidden"] <= 0
    # A name of a table's row was one letter wide, and up to 13 lines high.
    assert measured["lines"] <= 5


def test_no_cell_forces_its_table_to_be_wide() -> None:
    """Checked without a browser: what made tables wider than a telephone."""
    html = page(EXAMPLES["busy"](), style="mail")
    titles = re.findall(r'<th scope="col" style="([^"]*)"', html)
    names = re.findall(r'<th scope="row" style="([^"]*)"', html)
    layout = re.findall(r'<table role="presentation" width="\d+%?" style="([^"]*)"', html)
    assert titles
    assert names
    assert not any("nowrap" in style for style in titles)
    assert all("overflow-wrap:break-word" in style for style in names)
    assert all("table-layout:fixed" in style for style in layout)
