"""The picture in the README shows what the demo prints today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_picture_is_what_the_demo_prints(tmp_path: Path) -> None:
    drawn = tmp_path / "demo.svg"
    subprocess.run(
        [sys.executable, str(ROOT / "tools" / "screenshot.py"), str(drawn)],
        check=True,
        timeout=120,
    )

    committed = (ROOT / "docs" / "images" / "demo.svg").read_text(encoding="utf-8")
    assert drawn.read_text(encoding="utf-8") == committed, "run tools/screenshot.py and look at it"
