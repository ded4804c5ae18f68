"""Failed cases in the reports of test runners that no rule knows."""

import io
import time

import pytest

from ci_stat.failures import ScanOptions, extract
from ci_stat.failures.fingerprint import aliases, fingerprint
from ci_stat.records import CaseFailure

WITHOUT_RULES = ScanOptions(rules=())
NOISE = "".join(f"fetching part {n}\n" for n in range(900))

NUMBERED = """\
There were 2 failures:

1) Suite::first
wrong answer: got 2

/src/suite.x:12

2) Suite::second
wrong answer: got 3

/src/suite.x:19

FAILURES!
Tests: 2, Failures: 2.
"""
RULED = """\
~~~~~~~~ ERRORS ~~~~~~~~
________ first ________

    check(1 == 2)

suite.x:12: wrong answer
________ second ________

    check(1 == 3)

suite.x:19: wrong answer
-------- captured output --------
starting
"""
MARKED = """\
ok 1 - zero
not ok 2 - first
  ---
  got: 2
  ...
ok 3 - another
not ok 4 - second
  ---
  got: 3
  ...
1..4
"""
BEHIND = """\
suite > zero PASSED
suite > first FAILED
    wrong answer: got 2
      at suite.x:12
suite > another PASSED
suite > second FAILED
    wrong answer: got 3
      at suite.x:19
"""
PREFIXED = """\
[info] - zero
[info] - first *** FAILED ***
[info]   2 was not 1 (suite.x:12)
[info] - another
[info] - second *** FAILED ***
[info]   3 was not 1 (suite.x:19)
[info] - last
"""
LABELLED = """\
Failure:
Suite#first:
wrong answer: got 2

widget test suite.x:12

..E

Error:
Suite#second:
WidgetError: on fire
    suite.x:19:in `second'

widget test suite.x:19
"""


def guesses(text: str) -> tuple[CaseFailure, ...]:
    return extract(io.BytesIO(text.encode()), options=WITHOUT_RULES).failures


def shown(text: str) -> list[list[str]]:
    lines = text.splitlines()
    return [lines[failure.first_line - 1 : failure.last_line] for failure in guesses(text)]


@pytest.mark.parametrize("end", ["", f"{NOISE}widget: done\nError: the build is broken\n"])
@pytest.mark.parametrize(
    ("report", "first", "second"),
    [
        (NUMBERED, (3, 6), (8, 11)),
        (RULED, (2, 6), (7, 11)),
        (MARKED, (2, 5), (7, 10)),
        (BEHIND, (2, 4), (6, 8)),
        (PREFIXED, (2, 3), (5, 6)),
        (LABELLED, (1, 3), (9, 12)),
    ],
    ids=["numbered", "ruled", "marked", "behind", "prefixed", "labelled"],
)
def test_each_failed_case_is_shown_with_its_details(
    report: str, first: tuple[int, int], second: tuple[int, int], end: str
) -> None:
    failures = guesses(NOISE + report + end)
    before = NOISE.count("\n")
    assert [(failure.first_line - before, failure.last_line - before) for failure in failures] == [
        first,
        second,
    ]


def test_the_first_of_many_cases_are_shown() -> None:
    report = "".join(f"not ok {n} - case {n}\n" + "  got 2\n" * 24 for n in range(9))
    assert [lines[0] for lines in shown(report)] == ["not ok 0 - case 0", "not ok 1 - case 1"]


def test_a_case_that_is_listed_again_counts_once() -> None:
    report = MARKED + "Failures:\nFAILED: first\nFAILED: second\n"
    assert [lines[0] for lines in shown(report)] == ["not ok 2 - first", "not ok 4 - second"]


def test_a_numbered_list_is_not_a_report() -> None:
    steps = "1) plug it in\n   and wait\n\n2) switch it on\n   and wait\n\n"
    assert [lines[0] for lines in shown(f"{steps}\nwidget: cannot open: not found\n")] == [
        "widget: cannot open: not found"
    ]


def test_rulers_without_a_heading_are_no_cases() -> None:
    plan = (
        "--- widget:1.0:copy (default) ---\ncopying\n--- widget:1.0:pack (default) ---\npacking\n"
    )
    assert [lines[0] for lines in shown(f"{plan}\nwidget: cannot open: not found\n")] == [
        "widget: cannot open: not found"
    ]


@pytest.mark.parametrize(
    "line", [b"a FAIL b\n", b"1) Error\n", b"." * 1990 + b"x FAILED\n", b" ." * 990 + b"ERROR:(\n"]
)
def test_a_log_full_of_marks_ends_in_bounded_time(line: bytes) -> None:
    started = time.process_time()
    extract(io.BytesIO(line * (2**19 // len(line))), options=WITHOUT_RULES)
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    "report",
    [NUMBERED.replace("Suite::", ""), RULED, MARKED, LABELLED.replace("Suite#", "")],
    ids=["numbered", "ruled", "marked", "labelled"],
)
def test_a_guess_names_its_case(report: str) -> None:
    names = [(failure.kind, failure.name.strip(":")) for failure in guesses(report)]
    assert names == [("case", "first"), ("case", "second")]


def test_the_message_of_a_case_is_below_its_name() -> None:
    (failure,) = guesses("not ok 1 - a fatal error is not an error\n  got: 2\n  wrong answer\n")
    assert failure.message == "wrong answer"


def test_a_guess_keeps_its_fingerprint_whatever_its_kind() -> None:
    message = "widget: no space left on device"
    (failure,) = guesses(f"{NOISE}\n{message}\n")
    assert failure.kind == "env"
    assert failure.fingerprint == fingerprint("unknown", message, message)


def test_the_fingerprint_of_a_named_case_is_mapped_from_its_message() -> None:
    (failure,) = guesses("not ok 1 - opens\n  got: 2\n  wrong answer: 3\n")
    assert failure.fingerprint == fingerprint("case", "opens", failure.message)
    (alias,) = aliases(failure.kind, failure.name, failure.message)
    assert alias == fingerprint("unknown", failure.message, failure.message)


def test_a_case_in_the_list_of_all_cases_gets_its_details_from_the_end() -> None:
    report = (
        "  1) opens a widget\n  . closes a widget: an error is expected\n\n  1 failing\n\n"
        "  1) opens a widget\n     Error: cannot open\n\n"
    )
    assert shown(report) == [["  1) opens a widget", "     Error: cannot open"]]
