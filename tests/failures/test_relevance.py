"""How much a line says about a failure, by its shape."""

import time

import pytest

from ci_stat.failures.relevance import form, is_progress, names, relevance, shape

WORTH = 3.0  # lines from here on are chosen before others


@pytest.mark.parametrize(
    "text",
    [
        "error: no rudder",
        "--- FAIL: TestMast (0.3s)",
        "  ✗ the hull does not float",
        "  1) the hull holds water: expected 0, got 40",
        "not ok 3 - anchor is missing",
        "[FAILED] anchor",
        "test mast::bends ... FAILED",
        "check the planks.............Failed",
        "=>deck/paint                      FAIL",
        "3 failed, 120 passed in 4.2s",
        "Tests: 250, Failures: 3",
        "##[error]src/mast.x(3,5): the mast is too long",
        "::error file=mast.x,line=3::the mast is too long",
    ],
)
def test_what_names_a_failure(text: str) -> None:
    assert relevance(text) >= WORTH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--- PASS: TestErrorWithoutMast (0.00s)",
        "=== RUN   TestFailure/invalid_mast",
        "ok 3 - fails without an anchor",
        "  ✓ shows an error if the anchor is missing",
        "test errors::unknown_mast ... ok",
        "0 errors, 0 failures",
        "Compiling error-chain v0.12",
        '[ERROR] [x.go:1] ["cannot sail"]',
    ],
)
def test_what_only_reports_progress(text: str) -> None:
    assert relevance(text) == 0.0


def test_the_exit_code_alone_says_little() -> None:
    assert relevance("##[error]Process completed with exit code 1.") < WORTH
    assert not is_progress("##[error]Process completed with exit code 1.")


def test_forms_ignore_numbers_and_shapes_ignore_names() -> None:
    one, two = "plank 17 of hull/deck.x is wet", "plank 4 of hull/mast.x is wet"
    assert form(one) != form(two)
    assert form(one) == form(one.replace("17", "3"))
    assert shape(one) == shape(two)


def test_names_are_words_that_are_no_prose() -> None:
    assert names("Execution failed for task ':hull:checkPaint' in src/deck.x.") == {
        "hull:checkPaint",
        "src/deck.x",
    }


@pytest.mark.parametrize(
    "piece", ["a", " ", ".", "1) ", "FAILED ", "... ok", "1 failed ", "::error"]
)
def test_hostile_lines_take_no_time(piece: str) -> None:
    text = piece * (2000 // len(piece)) + "!"
    start = time.process_time()
    for function in (relevance, form, shape, names):
        function(text)
    assert time.process_time() - start < 0.5
