"""pytest itself: shards by file, retries by node ID, tests that are lost."""

import sys
from pathlib import Path

from tests.support.command import Call
from tests.test_results.running.support import outcomes, run_tests

PYTEST = (
    "--",
    sys.executable,
    "-m",
    "pytest",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
)

A = r"""
import pathlib
import pytest

@pytest.mark.parametrize("value", ["1", "a::b", "--opt", "\x1b[31m", "a b", "<b>", "nul\0"])
def test_names(value):
    seen = pathlib.Path("seen.txt")
    first = value not in (seen.read_text() if seen.exists() else "").splitlines()
    with seen.open("a") as file:
        file.write(value + "\n")
    assert not (first and value in ("--opt", "a::b"))
"""
B = """
class TestB:
    def test_bad(self):
        assert False, "no"

    def test_other(self):
        pass
"""
LOST = """
import os

def test_before():
    pass

def test_kills():
    os.kill(os.getpid(), 9)

def test_after():
    pass
"""


def test_shards_and_retries(call: Call, tmp_path: Path) -> None:
    Path("tests").mkdir()
    Path("tests/test_a.py").write_text(A)
    Path("tests/test_b.py").write_text(B)
    answer, data = run_tests(
        call, "--workers", "2", "--retries", "1", "--max-failed-share", "40", *PYTEST, "tests"
    )
    assert answer.code == 11, answer
    tried = {name: ends for name, ends in outcomes(data).items() if len(ends) > 1}
    assert tried == {
        "test_names[a::b]": ["failed", "passed"],
        "test_names[--opt]": ["failed", "passed"],
        "test_bad": ["failed", "failed"],
    }
    assert data["counts"]["tests"] == 9
    assert data["complete"]
    assert [shard["units"] for shard in data["shards"][:2]] == [
        ["tests/test_a.py"],
        ["tests/test_b.py"],
    ]
    assert data["shards"][2]["results"] == 3


def test_a_killed_pytest_loses_no_test_silently(call: Call, tmp_path: Path) -> None:
    Path("test_lost.py").write_text(LOST)
    answer, data = run_tests(call, *PYTEST)
    assert answer.code == 12
    assert data["problems"] == ["shard 1: no result file", "shard 1: killed by SIGKILL"]
    assert data["missing"] == [
        f"test_lost.py::test_{name}" for name in ("before", "kills", "after")
    ]


def test_no_tests_and_a_file_that_cannot_be_imported(call: Call, tmp_path: Path) -> None:
    Path("test_broken.py").write_text("import no_such_module\n")
    answer, data = run_tests(call, *PYTEST)
    assert answer.code == 11
    assert outcomes(data) == {"test_broken": ["error"]}
    assert data["notes"] == ["The tests could not be listed (exit code 2), so one shard runs all."]
