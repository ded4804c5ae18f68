"""Logs in which several branches write at the same time."""

import io

import pytest

from ci_stat.failures import extract
from ci_stat.records import CaseFailure

PARALLEL = """\
[Pipeline] parallel
[Pipeline] { (Branch: unit)
[Pipeline] { (Branch: docs)
[docs] building page 1
[unit] --- FAIL: TestAnchor (0.01s)
[docs] building page 2
[unit]     anchor_test.go:14: state = up, want down
[docs] building page 3
[unit] FAIL
[unit] script returned exit code 1
[Pipeline] // parallel
Finished: FAILURE
"""
COMPOSE = """\
tests_1  | ----- tests of the harbour
tests_1  | --- FAIL: TestAnchor (0.01s)
db_1     | a client has connected
tests_1  |     anchor_test.go:14: state = up, want down
db_1     | a client has left
tests_1  | FAIL
"""
TURBOREPO = """\
harbour:test: cache miss, executing 1f3a
docs:build: cache hit, replaying logs 77aa
docs:build: building page 1
harbour:test: --- FAIL: TestAnchor (0.01s)
docs:build: building page 2
harbour:test:     anchor_test.go:14: state = up, want down
docs:build: building page 3
harbour:test: FAIL
"""
PNPM = """\
packages/docs build$ pages
packages/harbour test$ go test
packages/docs build: building page 1
packages/harbour test: --- FAIL: TestAnchor (0.01s)
packages/docs build: building page 2
packages/harbour test:     anchor_test.go:14: state = up, want down
packages/harbour test: FAIL
packages/harbour test: Failed
 ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL  harbour@1.0.0 test: `go test`
Exit status 1
"""


@pytest.mark.parametrize(
    ("log", "first", "last"), [(PARALLEL, 5, 7), (COMPOSE, 2, 4), (TURBOREPO, 4, 6), (PNPM, 4, 6)]
)
def test_a_line_of_another_branch_does_not_end_a_failure(log: str, first: int, last: int) -> None:
    failure = only(log)
    assert (failure.kind, failure.name) == ("case", "TestAnchor")
    assert (failure.first_line, failure.last_line) == (first, last)
    assert failure.message == "anchor_test.go:14: state = up, want down"


def test_an_excerpt_has_the_lines_of_its_branch_only() -> None:
    excerpt = only(PARALLEL).excerpt
    assert "building page" not in excerpt
    assert excerpt.splitlines()[0] == "--- FAIL: TestAnchor (0.01s)"


def test_a_name_in_brackets_is_no_branch_unless_the_log_says_so() -> None:
    log = PARALLEL.replace("{ (Branch: unit)", "{ (unit)")
    assert "[unit] --- FAIL" in only(log).excerpt


def only(log: str) -> CaseFailure:
    (failure,) = extract(io.BytesIO(log.encode())).failures
    return failure
