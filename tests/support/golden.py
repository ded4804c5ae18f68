"""Whole outputs compared with files; `pytest --update-golden` rewrites the files."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


class Golden:
    def __init__(self, update: bool) -> None:
        self._update = update

    def check(self, name: str, text: str) -> None:
        """`text` must be what the file says. Raises AssertionError with the difference."""
        path = FOLDER / name
        if self._update:
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --update-golden, look at it, and commit it"
        assert text == path.read_text(encoding="utf-8")
