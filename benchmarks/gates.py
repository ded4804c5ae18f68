"""Time of a gate over 50,000 tests, against reading the same file without judging it.

The policy has 50 entries with names, one with a wildcard, and one for a suite. CPU time.
"""

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.junit import CASES, write
from benchmarks.measure import Figures, in_turn, ratios
from ci_stat.formats.result_file import ResultFile
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import Decision, GateResults, Verdict
from ci_stat.test_results.gates.policy import STRICT, Policy
from ci_stat.test_results.gates.policy_file import parse_policy
from ci_stat.test_results.inputs import Input

SUITES = 250
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OWNED = 'reason = "r"\nowner = "o"\nexpires = 2026-12-31\n'


def policy() -> Policy:
    names = [f"com.example.pkg{at % 40}.Suite{at}Test.test_that_it_does_{at}" for at in range(50)]
    entries = [f'[[may_fail]]\ncase = "{name}"\n{OWNED}' for name in (*names, "*.test_*_does_7")]
    suite = f'[[quarantine]]\nsuite = "suite1?"\n{OWNED}'
    return parse_policy("\n".join([*entries, suite]))


def bench(figures: Figures, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.xml"
        outcomes = write(path, SUITES)
        rules = policy()
        _check(decide(STRICT, _read(path), NOW), outcomes)
        alone, strict, judged = in_turn(
            rounds,
            lambda: _parse(path, outcomes),
            lambda: _judge(path, STRICT, outcomes),
            lambda: _judge(path, rules, outcomes),
        )
    for name, times, limit in (("every test must pass", strict, 3), ("52 entries", judged, 6)):
        factor = ratios(times, alone)
        figures.add(
            f"gate over {SUITES * CASES:,} tests, {name}",
            f"{factor:.2f} times its time ({statistics.median(times):.2f} s)",
            f"reading the file alone ({statistics.median(alone):.2f} s)",
            f"at most {limit}",
            factor <= limit,
        )


def _check(verdict: Verdict, outcomes: Counter[str]) -> None:
    """The verdict must count what was written."""
    failed = outcomes["failed"] + outcomes["error"]
    assert verdict.decision is Decision.FAIL
    assert (verdict.tests, len(verdict.failed)) == (outcomes.total(), failed)


def _parse(path: Path, outcomes: Counter[str]) -> float:
    started = time.process_time()
    count = sum(1 for _ in ResultFile(_blocks(path)))
    taken = time.process_time() - started
    assert count == outcomes.total()
    return taken


def _judge(path: Path, rules: Policy, outcomes: Counter[str]) -> float:
    started = time.process_time()
    verdict = decide(rules, _read(path), NOW)
    taken = time.process_time() - started
    failed = outcomes["failed"] + outcomes["error"]
    assert len(verdict.failed) + len(verdict.excused) == failed
    return taken


def _read(path: Path) -> GateResults:
    return read_results([Input(path.name, lambda: _blocks(path), True)])


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            yield block
