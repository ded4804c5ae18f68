"""The table of rules: each rule finds the failures of its fixtures, and no pattern is slow."""

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from ci_stat.failures import extract
from ci_stat.failures.document import Document
from ci_stat.failures.extract import find_blocks
from ci_stat.failures.matching import Matcher
from ci_stat.failures.rules import Rule, builtin
from ci_stat.failures.scanning.scan import scan
from ci_stat.records import CaseFailure

FOLDER = Path(__file__).with_name("fixtures")
LOGS = sorted(FOLDER.glob("*.log"))
KEYS = ("kind", "name", "suite", "file", "line", "message", "first_line", "last_line", "rule")
SLOW = 0.3  # seconds of CPU for a line of 2,000 characters; a linear pattern takes milliseconds


def answer_of(log: Path) -> tuple[CaseFailure, ...]:
    return extract(io.BytesIO(log.read_bytes()), job_of(log)).failures


def job_of(log: Path) -> str:
    expected = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    return str(expected.get("job", "")) if isinstance(expected, dict) else ""


def expected_of(log: Path) -> list[dict[str, Any]]:
    expected = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
    failures: list[dict[str, Any]] = expected
    if isinstance(expected, dict):
        failures = expected["failures"]
    return failures


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_a_fixture_says_what_a_person_would(log: Path) -> None:
    assert [
        {key: getattr(failure, key) for key in KEYS} for failure in answer_of(log)
    ] == expected_of(log)


def test_every_rule_has_a_fixture() -> None:
    matcher = Matcher(builtin())
    matched = {name for log in LOGS for name in _matched(log, matcher)}
    assert [rule.name for rule in builtin() if rule.name not in matched] == []


def _matched(log: Path, matcher: Matcher) -> set[str]:
    """Return the rules that match a line of the log, whether or not they become the answer."""
    document = Document(scan(io.BytesIO(log.read_bytes()), matcher.anchors).parts)
    blocks = find_blocks(document, document.anchored(matcher.anchors), matcher, job_of(log))
    return {block.rule.name for block in blocks}


def test_names_are_unique() -> None:
    names = [rule.name for rule in builtin()]
    assert len(set(names)) == len(names)


def test_patterns_compile() -> None:
    for rule in builtin():
        rule.compile_all()


PIECES = (
    "a",
    " ",
    "\t",
    "-",
    "=",
    ":",
    "/",
    "(",
    ")",
    "1",
    "a:1:",
    " - ",
    "a.",
    "_",
    "a b ",
    "a/b.go:1:",
    "[ERROR] ",
    "'x' ",
    "a(b) ",
)


def _lines(rule: Rule) -> list[str]:
    lines = [piece * (2000 // len(piece)) for piece in PIECES]
    for anchor in rule.anchors:
        lines += [(anchor + piece * 2000)[:2000] for piece in PIECES]
        lines.append((anchor * 2000)[:2000])
        lines += [(piece * 2000)[: 2000 - len(anchor)] + anchor for piece in PIECES]
    return lines


@pytest.mark.parametrize("rule", builtin(), ids=lambda rule: rule.name)
def test_no_line_makes_a_pattern_run_long(rule: Rule) -> None:
    patterns = (
        rule.pattern,
        rule.next,
        rule.signs,
        rule.back,
        rule.until,
        rule.through,
        rule.down,
        rule.items,
        rule.says,
    )
    for pattern in {re.compile(pattern) for pattern in patterns if pattern}:
        for line in _lines(rule):
            started = time.process_time()
            pattern.search(line)
            took = time.process_time() - started
            assert took < SLOW, f"{pattern.pattern!r} takes {took:.2f} s for {line[:60]!r}..."
