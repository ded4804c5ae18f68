"""Pairs of failures of real builds: people decided whether both are the same failure.

A pair names its failures by log and line only.
"""

import io
import json
import lzma
from functools import cache
from pathlib import Path

import pytest

from ci_stat.failures import extract
from ci_stat.records import CaseFailure

PAIRS = json.loads(Path(__file__).with_name("pairs.json").read_text(encoding="utf-8"))
Pair = tuple[str, int, str, int]


@cache
def _logs(path: Path) -> dict[str, str]:
    wanted = {name for kind in PAIRS.values() for pair in kind for name in (pair[0], pair[2])}
    with lzma.open(path, "rt", encoding="utf-8") as rows:
        logs = {row["id"].rpartition("/")[2]: row["log"] for row in map(json.loads, rows)}
    return {name: logs[f"{name}.log"] for name in wanted}


@cache
def _failures(path: Path, name: str) -> tuple[CaseFailure, ...]:
    return extract(io.BytesIO(_logs(path)[name].encode())).failures


def _at(real: Path, name: str, line: int) -> CaseFailure:
    failures = _failures(real / "logchunks" / "logchunks.jsonl.xz", name)
    return next(failure for failure in failures if failure.first_line <= line <= failure.last_line)


def test_there_are_enough_of_both() -> None:
    assert min(map(len, PAIRS.values())) >= 40


@pytest.mark.parametrize("pair", PAIRS["same"], ids=str)
def test_one_failure_of_two_builds_has_one_fingerprint(real: Path, pair: Pair) -> None:
    one, two = _at(real, *pair[:2]), _at(real, *pair[2:])
    assert one.fingerprint == two.fingerprint, f"{one.message!r} and {two.message!r}"


@pytest.mark.parametrize("pair", PAIRS["different"], ids=str)
def test_two_failures_have_two(real: Path, pair: Pair) -> None:
    one, two = _at(real, *pair[:2]), _at(real, *pair[2:])
    assert one.fingerprint != two.fingerprint, f"{one.message!r} and {two.message!r}"
