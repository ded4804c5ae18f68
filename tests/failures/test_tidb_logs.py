"""The writer's own regression set: 16 excerpts of real logs, and what must be found in them."""

import io
import json
from pathlib import Path
from typing import Any

from ci_stat.failures import extract
from ci_stat.records import CaseFailure


def _says(failure: CaseFailure, wanted: dict[str, Any]) -> bool:
    texts = (failure.name, failure.message, failure.excerpt)
    return wanted["kind"] in (None, failure.kind) and any(
        wanted["contains"] in text for text in texts
    )


def test_everything_that_must_be_found_is_found(real: Path) -> None:
    folder = real / "tidb-jenkins-logs"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert len(expected) == 17
    missed = []
    for wanted in expected:
        found = extract(io.BytesIO((folder / wanted["log"]).read_bytes()), wanted["job"]).failures
        if not any(_says(failure, wanted) for failure in found):
            missed.append((wanted, [(each.kind, each.rule, each.name) for each in found]))
    assert not missed
