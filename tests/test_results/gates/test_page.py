"""docs/gates.md names each key of a policy and of a matrix."""

from pathlib import Path

import msgspec
import pytest

from ci_stat.test_results.gates.policy import Category, Entry, Minimum, Ramp, Rules, Waiver
from ci_stat.test_results.matrix.model import Matrix, Pin

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "examples" / "gates.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [Entry, Category, Minimum, Rules, Ramp, Waiver, Matrix, Pin])
def test_the_page_names_each_key(kind: type[msgspec.Struct]) -> None:
    keys = [field.encode_name for field in msgspec.structs.fields(kind)]
    missing = [
        key
        for key in keys
        if not any(text in PAGE for text in (f"`{key}`", f"{key} = ", f"[{key}", f".{key}]"))
    ]
    assert missing == []


def test_the_example_shows_each_rule() -> None:
    keys = [field.encode_name for field in msgspec.structs.fields(Rules)]
    assert [key for key in keys if f"{key} = " not in EXAMPLE] == []
