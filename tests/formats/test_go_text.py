"""The text of `go test -v`."""

import pytest

from ci_stat.failures.case_identity import identity_key
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Outcome, ReadState

TEXT = """\
=== RUN   TestA
=== PAUSE TestA
=== RUN   TestB
=== RUN   TestB/one_case
    b_test.go:7: got 1
--- FAIL: TestB (0.02s)
    --- FAIL: TestB/one_case (0.01s)
        b_test.go:9: below its line
=== CONT  TestA
printed--- PASS: TestA (0.10s)
=== RUN   TestC
--- SKIP: TestC (0.00s)
FAIL
FAIL\tme/app\t0.160s
=== RUN   TestA
--- PASS: TestA (0.00s)
PASS
ok  \tme/other\t0.010s
FAIL\tme/broken [build failed]
"""


def read(text: str, size: int = 1 << 16) -> tuple[list[CaseResult], ResultFile]:
    content = text.encode()
    file = ResultFile(content[at : at + size] for at in range(0, len(content), size))
    return list(file), file


@pytest.mark.parametrize("size", [1 << 16, 7])
def test_tests_belong_to_the_package_below_them(size: int) -> None:
    cases, file = read(TEXT, size)
    assert (file.state, file.format) == (ReadState.COMPLETE, "go test")
    assert [(case.suite, case.name, str(case.outcome)) for case in cases] == [
        ("me/app", "TestB", "failed"),
        ("me/app", "TestB/one_case", "failed"),
        ("me/app", "TestA", "passed"),
        ("me/app", "TestC", "skipped"),
        ("me/other", "TestA", "passed"),
        ("me/broken", "(package)", "error"),
    ]
    one = cases[1]
    assert (one.file, one.line, one.seconds) == ("b_test.go", 7, 0.01)
    assert "got 1" in one.text
    assert "below its line" in one.text


def test_carriage_returns_do_not_matter() -> None:
    assert read(TEXT.replace("\n", "\r\n"))[0] == read(TEXT)[0]


@pytest.mark.parametrize("lines", [1, 5, 9, 15])
def test_a_text_that_is_cut_is_not_whole(lines: int) -> None:
    cases, file = read("\n".join(TEXT.split("\n")[:lines]))
    assert file.state is ReadState.CUT
    unfinished = [case for case in cases if case.word == "no end"]
    assert all(case.outcome is Outcome.ERROR for case in unfinished)


def test_a_program_that_names_no_package() -> None:
    cases, file = read("=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n")
    assert (file.state, [case.name for case in cases]) == (ReadState.COMPLETE, ["TestA"])


def test_a_panic_ends_the_tests_that_run() -> None:
    text = "=== RUN   TestA\npanic: boom\n\ngoroutine 6 [running]:\nFAIL\tme/app\t0.01s\nFAIL\n"
    (case,), file = read(text)
    assert (file.state, case.suite, case.name) == (ReadState.COMPLETE, "me/app", "TestA")
    assert case.outcome is Outcome.ERROR
    assert "panic: boom" in case.text


@pytest.mark.parametrize("text", ["ok  \tme/app\t0.1s\n", "TestA passed\n", "--- PASS: x\n"])
def test_other_texts_are_no_results(text: str) -> None:
    assert read(text)[1].state is ReadState.NOT_RESULTS


def test_a_test_without_a_package_is_the_same_test_when_it_fails() -> None:
    """The file of the failing line is known only then, and is no part of the name."""
    (passed,), _ = read("=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n")
    text = "=== RUN   TestA\n    a_test.go:7: got 1\n--- FAIL: TestA (0.00s)\nFAIL\n"
    (failed,), _ = read(text)
    keys = {
        identity_key(case.suite, case.class_name, case.name, case.parameters, case.file)
        for case in (passed, failed)
    }
    assert len(keys) == 1
    assert "a_test.go:7" in failed.message
