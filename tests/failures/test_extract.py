"""From the text of a log to its failures, through the public functions."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures import ScanOptions, diagnose, extract
from ci_stat.failures.baseline import line_keys
from ci_stat.failures.rules import parse
from ci_stat.records import CaseFailure, LogState

GO_FAIL = "--- FAIL: TestApply (0.03s)\n    apply_test.go:17: got 1, want 2\n"
GOCHECK = """
----------------------------------------------------------------------
FAIL: lock_test.go:655: testLockSuite.TestResolve

lock_test.go:700:
    c.Assert(err, IsNil)
... value *errors.Error = region 17 not found

"""


DEFAULT = ScanOptions()


def failures(text: str, job: str = "", options: ScanOptions = DEFAULT) -> tuple[CaseFailure, ...]:
    return extract(io.BytesIO(text.encode()), job, options).failures


def kinds_and_names(text: str, options: ScanOptions = DEFAULT) -> list[tuple[str, str]]:
    return [(failure.kind, failure.name) for failure in failures(text, options=options)]


def travis(*commands: tuple[str, str, int]) -> str:
    """A Travis log of commands with their output and exit code."""
    return "".join(
        f"travis_time:start:0a{n}\r\x1b[0K$ {command}\n{output}\n"
        f"travis_time:end:0a{n}:start=1,finish=2,duration=1"
        f'\r\x1b[0K\x1b[31;1mThe command "{command}" exited with {code}.\x1b[0m\n'
        for n, (command, output, code) in enumerate(commands)
    )


def test_one_failure_in_full() -> None:
    text = "[2021-06-06T12:07:58.284Z] " + GOCHECK.replace("\n", "\n[2021-06-06T12:07:58.284Z] ")
    (failure,) = failures(text)
    assert (failure.kind, failure.name) == ("case", "lock_test.go:655: testLockSuite.TestResolve")
    assert (failure.file, failure.line) == ("lock_test.go", 655)
    assert (failure.first_line, failure.last_line) == (3, 7)
    assert failure.message == "obtained region 17 not found, expected nil: c.Assert(err, IsNil)"
    assert failure.excerpt.splitlines()[0] == "FAIL: lock_test.go:655: testLockSuite.TestResolve"
    assert (failure.rule, failure.source, failure.guess) == ("gocheck-fail", "log", False)
    assert failure.fingerprint.startswith("v1:")


def test_a_failure_printed_twice_is_one_and_the_first() -> None:
    again = GOCHECK.split("\n", 2)[2]
    (failure,) = failures(f"{GOCHECK}OOPS: 1 passed, 1 FAILED\n--\n{again}--\n")
    assert failure.first_line == 3


def test_the_cause_comes_before_its_effects() -> None:
    compile_error = "a.c:3:5: error: 'x' undeclared\n    3 | x = 1;\n      |     ^\n"
    assert [kind for kind, _ in kinds_and_names(GO_FAIL + "\n\n" + compile_error)] == [
        "compile",
        "case",
    ]


def test_only_commands_that_failed_count() -> None:
    log = travis(("make lint", GO_FAIL.replace("Apply", "Tolerated"), 0), ("make test", GO_FAIL, 2))
    assert kinds_and_names(log) == [("case", "TestApply")]


def test_a_build_that_succeeded_has_no_failure() -> None:
    assert failures(GO_FAIL + "retrying...\nok\nFinished: SUCCESS\n") == ()
    assert kinds_and_names(GO_FAIL + "ok\nFinished: SUCCESS\n", ScanOptions(everything=True)) == [
        ("case", "TestApply")
    ]


def test_an_effect_is_returned_only_with_everything() -> None:
    log = GO_FAIL + "make: *** [test] Error 1\n"
    assert kinds_and_names(log) == [("case", "TestApply")]
    assert [kind for kind, _ in kinds_and_names(log, ScanOptions(everything=True))] == [
        "case",
        "build",
    ]


def test_lines_of_the_baseline_do_not_explain_a_failure() -> None:
    old = "--- FAIL: TestOld (0.01s)\n    old_test.go:9: got 1, want 2\n\n"
    baseline = line_keys(io.BytesIO(old.replace("0.01s", "0.99s").encode()))
    assert kinds_and_names(old + GO_FAIL) == [("case", "TestOld"), ("case", "TestApply")]
    assert kinds_and_names(old + GO_FAIL, ScanOptions(baseline=baseline)) == [("case", "TestApply")]


def test_without_a_rule_the_paragraph_above_the_end_is_the_answer() -> None:
    noise = "".join(f"fetching part {n}\n" for n in range(200))
    message = "widget: cannot open the frobnicator: not found\n  tried /a and /b\n"
    log = f"{noise}\n{message}\nmake: *** [all] Error 3\n"
    (failure,) = failures(log)
    assert failure.guess
    assert (failure.kind, failure.rule) == ("unknown", "general")
    assert (failure.first_line, failure.last_line) == (202, 203)
    assert failure.message == "widget: cannot open the frobnicator: not found"


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "\x00", "ok\n" * 50])
def test_a_log_without_an_error_has_no_failure(text: str) -> None:
    assert failures(text) == ()


def test_a_users_rules_come_first() -> None:
    own = parse(
        '[[rule]]\nname = "widget"\nkind = "env"\nanchors = ["widget: "]\n'
        'pattern = "^widget: (?P<message>.*)"',
        "mine",
    )
    (failure,) = failures("widget: on fire\n" + "\n" * 3, options=ScanOptions(own))
    assert (failure.rule, failure.kind, failure.message) == ("widget", "env", "on fire")


def test_a_rule_can_be_limited_to_jobs() -> None:
    own = parse(
        '[[rule]]\nname = "widget"\nkind = "env"\nanchors = ["widget: "]\n'
        'pattern = "^widget: "\njobs = ["nightly-*"]',
        "x",
    )
    log = "widget: on fire, error\n"
    assert [failure.rule for failure in failures(log, "nightly-unit", ScanOptions(own))] == [
        "widget"
    ]
    assert [failure.rule for failure in failures(log, "pr-unit", ScanOptions(own))] == ["general"]
    assert [failure.rule for failure in failures(log, "", ScanOptions(own))] == ["widget"]


def test_a_copied_log_inside_a_log_is_not_a_failure() -> None:
    inner = "".join(f"    | {line}\n" for line in GO_FAIL.splitlines())
    assert kinds_and_names(f"copied log:\n{inner}\n{GO_FAIL}") == [("case", "TestApply")]


HOSTILE = st.lists(
    st.sampled_from(
        (
            *(b"FAIL: ", b"--- FAIL: ", b"panic: ", b"error: ", b"Error: ", b"[ERROR] ", b"E   "),
            *(b"<<< FAILURE!", b"not ok 1", b"exited with 1.", b"travis_time:start", b"a.go:1:2: "),
            *(b"Traceback (most recent call last):\n", b"  1) ", b" failing\n", b" x "),
            *(b"\n", b"\r", b"\0", b"\xff", b"\t", b"\x1b[31m"),
            *(b" " * 50, b"=" * 70, b"-" * 70, b"_" * 20, b":" * 40),
        )
    ),
    max_size=60,
)


@given(HOSTILE)
def test_any_bytes_are_read_to_the_end(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    last = data.count(b"\n") + 1
    diagnosis = diagnose(io.BytesIO(data), around=2)
    failures = diagnosis.extraction.failures
    assert diagnosis.extraction.state == LogState.READ
    assert len(diagnosis.lines) == len(diagnosis.context) == len(failures)
    for failure in failures:
        assert 1 <= failure.first_line <= failure.last_line <= last

    causes = {n for each in failures for n in range(each.first_line, each.last_line + 1)}
    ranges = [bounds for failure in failures for bounds in failure.context]
    context = [n for first, end in ranges for n in range(first, end + 1)]
    assert context == sorted(set(context) - causes)
    assert not context or context[-1] <= last


@pytest.mark.parametrize(
    "piece", [b"FAIL: ", b"error: x\n", b"  1) a\n", b"not ok 1 - x\n", b"a.py:1:1: E501 x\n"]
)
def test_a_log_full_of_anchors_ends_in_bounded_time(piece: bytes) -> None:
    started = time.process_time()
    extraction = extract(io.BytesIO(piece * (2**19 // len(piece))))
    # Linear time takes a second. Quadratic time, minutes for 3 MiB, takes longer than this.
    assert time.process_time() - started < 4
    assert len(extraction.failures) <= 2000


def test_a_rule_with_signs_needs_one_within_100_lines() -> None:
    (rule,) = parse(
        "[[rule]]\nname='drift'\nkind='check'\nanchors=['Failed ']\n"
        "pattern='^Failed (?P<case>.+)'\n"
        "signs='^drift v'",
        "rules.toml",
    )
    options = ScanOptions(rules=(rule,))

    for distance, is_found in ((100, True), (101, False)):
        log = "drift v3\n" + "\n" * (distance - 1) + "Failed the harbour\n"
        assert [failure.guess for failure in failures(log, options=options)] == [not is_found]


def test_a_short_block_ends_with_its_paragraph_unless_the_rule_is_exact() -> None:
    rule = "[[rule]]\nname='keel'\nkind='check'\nanchors=['KEEL']\npattern='^KEEL'\nlines=1\n"
    log = "KEEL is bent\nby four degrees\n\nlater\n"

    for text, last in ((rule, 2), (rule + "exact=true\n", 1)):
        (failure,) = failures(log, options=ScanOptions(rules=parse(text, "rules.toml")))
        assert (failure.first_line, failure.last_line) == (1, last)


TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/menu.py", line 7, in <module>\n'
    "    open_menu()\n"
    "ValueError: no such dish\n"
)


def test_an_exception_far_above_the_end_of_its_command_is_found() -> None:
    noise = "".join(f"worker {n % 7} has finished part {n}\n" for n in range(900))
    log = travis(("make", "fine", 0), ("make test", TRACEBACK + noise, 1))
    assert kinds_and_names(log) == [("panic", "ValueError: no such dish")]


def test_an_error_message_at_the_end_wins_over_an_exception_far_above() -> None:
    noise = "".join(f"worker {n % 7} has finished part {n}\n" for n in range(900))
    log = travis(("make test", f"{TRACEBACK}{noise}\nError: the oven failed", 1))
    assert [name for _, name in kinds_and_names(log)] == ["Error: the oven failed"]


def test_the_command_in_which_a_log_stops_has_failed_if_all_before_it_passed() -> None:
    log = travis(("make", GO_FAIL, 0)) + "travis_time:start:0b\r\x1b[0K$ make test\n"
    work = "".join(f"part {n} is done\n" for n in range(30))
    assert kinds_and_names(log + work + TRACEBACK) == [("panic", "ValueError: no such dish")]
