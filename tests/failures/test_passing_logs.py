"""Logs of real builds that passed give no failure, with and without the rules."""

import io
import json
import lzma
from pathlib import Path

import pytest

from ci_stat.failures import ScanOptions, extract


@pytest.mark.parametrize("options", [ScanOptions(), ScanOptions(rules=())], ids=["rules", "guess"])
def test_a_build_that_passed_has_no_failure(real: Path, options: ScanOptions) -> None:
    with lzma.open(real / "cidiff" / "cidiff.jsonl.xz", "rt", encoding="utf-8") as lines:
        examples = [json.loads(line) for line in lines]

    assert len(examples) == 24
    wrong = {}
    for example in examples:
        failures = extract(io.BytesIO(example["passing_log"].encode()), options=options).failures
        if failures:
            wrong[example["id"]] = [(failure.rule, failure.first_line) for failure in failures]
    assert not wrong
