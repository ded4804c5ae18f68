"""The regression set of the `ci_data` writer: 16 excerpts of real logs and their failures."""

import io
import json
from pathlib import Path
from typing import Any

from ci_stat.failures import extract
from ci_stat.records import CaseFailure


def _says(failure: CaseFailure, expected: dict[str, Any]) -> bool:
    texts = (failure.name, failure.message, failure.excerpt)
    return expected["kind"] in (None, failure.kind) and any(
        expected["contains"] in text for text in texts
    )


def test_everything_that_must_be_found_is_found(real: Path) -> None:
    folder = real / "tidb-jenkins-logs"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert len(expected) == 17
    missed = []
    for entry in expected:
        failures = extract(io.BytesIO((folder / entry["log"]).read_bytes()), entry["job"]).failures
        if not any(_says(failure, entry) for failure in failures):
            missed.append(
                (entry, [(failure.kind, failure.rule, failure.name) for failure in failures])
            )
    assert not missed
