"""Whole outputs compared with files; `pytest --update-golden` rewrites the files."""

import re
from collections.abc import Sequence
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
        assert path.exists(), (
            f"{path} is missing: run pytest --update-golden, look at it, and commit it"
        )
        assert text == path.read_text(encoding="utf-8")

    @property
    def update(self) -> bool:
        """Whether the files are rewritten."""
        return self._update

    def blocks(self, name: str, part: str) -> dict[str, str]:
        """What the file says below the heading `part`, by the first lines of its blocks."""
        text = _parts((FOLDER / name).read_text(encoding="utf-8"))[part]
        blocks = re.split(r"\n\n(?=\S)", text.rstrip())
        return {block.partition("\n")[0]: block for block in blocks}

    def check_part(self, name: str, part: str, text: str, parts: Sequence[str]) -> None:
        """Check that the file has `text` below the heading `part`.

        `parts`: all headings of the file, in order. Several tests can share a file that a person
        reads as one. Only one process at a time can rewrite it.
        """
        path = FOLDER / name
        found = _parts(path.read_text(encoding="utf-8")) if path.exists() else {}
        if self._update:
            found[part] = text
            path.write_text(
                "\n".join(f"{_HEADING}{each}\n\n{found[each]}" for each in parts if each in found),
                "utf-8",
            )
            return
        assert list(found) == list(parts), (
            f"{path}: run pytest --update-golden, look at it, and commit it"
        )
        assert text == found[part]


_HEADING = f"{'=' * 20} "


def _parts(text: str) -> dict[str, str]:
    _, *found = re.split(rf"(?m)^{_HEADING}(.*)\n\n", text)
    return {part: f"{said.rstrip()}\n" for part, said in zip(found[::2], found[1::2], strict=True)}
