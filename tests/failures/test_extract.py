"""The whole way from a log to its answer."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures import How, explain, extract
from ci_stat.failures.baseline import lines_of
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


PLAIN = How()


def failures(text: str, job: str = "", how: How = PLAIN) -> tuple[CaseFailure, ...]:
    return extract(io.BytesIO(text.encode()), job, how).failures


def told(text: str, how: How = PLAIN) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in failures(text, how=how)]


def travis(*commands: tuple[str, str, int]) -> str:
    """A Travis log of commands with their output and exit code."""
    return "".join(
        f"travis_time:start:0a{n}\r\x1b[0K$ {command}\n{output}\ntravis_time:end:0a{n}:start=1,finish=2,duration=1"
        f'\r\x1b[0K\x1b[31;1mThe command "{command}" exited with {code}.\x1b[0m\n'
        for n, (command, output, code) in enumerate(commands)
    )


def test_one_failure_in_full() -> None:
    text = "[2021-06-06T12:07:58.284Z] " + GOCHECK.replace("\n", "\n[2021-06-06T12:07:58.284Z] ")
    (found,) = failures(text)
    assert (found.kind, found.name) == ("case", "lock_test.go:655: testLockSuite.TestResolve")
    assert (found.file, found.line) == ("lock_test.go", 655)
    assert (found.first_line, found.last_line) == (3, 7)
    assert found.message == "... value *errors.Error = region 17 not found"
    assert found.excerpt.splitlines()[0] == "FAIL: lock_test.go:655: testLockSuite.TestResolve"
    assert (found.rule, found.source, found.guess) == ("gocheck-fail", "log", False)
    assert found.fingerprint.startswith("v1:")


def test_a_failure_printed_twice_is_one_and_the_first() -> None:
    again = GOCHECK.split("\n", 2)[2]
    (found,) = failures(f"{GOCHECK}OOPS: 1 passed, 1 FAILED\n--\n{again}--\n")
    assert found.first_line == 3


def test_the_cause_comes_before_what_it_broke() -> None:
    compile_error = "a.c:3:5: error: 'x' undeclared\n    3 | x = 1;\n      |     ^\n"
    assert [kind for kind, _ in told(GO_FAIL + "\n\n" + compile_error)] == ["compile", "case"]


def test_only_commands_that_failed_count() -> None:
    log = travis(("make lint", GO_FAIL.replace("Apply", "Tolerated"), 0), ("make test", GO_FAIL, 2))
    assert told(log) == [("case", "TestApply")]


def test_a_build_that_succeeded_has_no_failure() -> None:
    assert failures(GO_FAIL + "retrying...\nok\nFinished: SUCCESS\n") == ()
    assert told(GO_FAIL + "ok\nFinished: SUCCESS\n", How(everything=True)) == [
        ("case", "TestApply")
    ]


def test_what_only_echoes_a_failure_is_told_when_asked() -> None:
    log = GO_FAIL + "make: *** [test] Error 1\n"
    assert told(log) == [("case", "TestApply")]
    assert [kind for kind, _ in told(log, How(everything=True))] == ["case", "build"]


def test_a_passing_log_takes_away_what_it_also_says() -> None:
    old = "--- FAIL: TestOld (0.01s)\n    old_test.go:9: got 1, want 2\n\n"
    passing = lines_of(io.BytesIO(old.replace("0.01s", "0.99s").encode()))
    assert told(old + GO_FAIL) == [("case", "TestOld"), ("case", "TestApply")]
    assert told(old + GO_FAIL, How(passing=passing)) == [("case", "TestApply")]


def test_without_a_rule_the_paragraph_above_the_end_is_the_answer() -> None:
    noise = "".join(f"fetching part {n}\n" for n in range(200))
    log = f"{noise}\nwidget: cannot open the frobnicator: not found\n  tried /a and /b\n\nmake: *** [all] Error 3\n"
    (found,) = failures(log)
    assert found.guess
    assert (found.kind, found.rule) == ("unknown", "general")
    assert (found.first_line, found.last_line) == (202, 203)
    assert found.message == "widget: cannot open the frobnicator: not found"


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "\x00", "ok\n" * 50])
def test_a_log_that_says_nothing_has_nothing_to_tell(text: str) -> None:
    assert failures(text) == ()


def test_a_users_rules_come_first() -> None:
    own = parse(
        '[[rule]]\nname = "widget"\nkind = "env"\nanchors = ["widget: "]\npattern = "^widget: (?P<message>.*)"',
        "mine",
    )
    (found,) = failures("widget: on fire\n" + "\n" * 3, how=How(own))
    assert (found.rule, found.kind, found.message) == ("widget", "env", "on fire")


def test_a_rule_can_be_limited_to_jobs() -> None:
    own = parse(
        '[[rule]]\nname = "widget"\nkind = "env"\nanchors = ["widget: "]\npattern = "^widget: "\njobs = ["nightly-*"]',
        "x",
    )
    log = "widget: on fire, error\n"
    assert [each.rule for each in failures(log, "nightly-unit", How(own))] == ["widget"]
    assert [each.rule for each in failures(log, "pr-unit", How(own))] == ["general"]
    assert [each.rule for each in failures(log, "", How(own))] == ["widget"]


def test_a_log_within_a_log_is_read_as_what_it_is() -> None:
    inner = "".join(f"    | {line}\n" for line in GO_FAIL.splitlines())
    assert told(f"copied log:\n{inner}\n{GO_FAIL}") == [("case", "TestApply")]


HOSTILE = st.lists(
    st.sampled_from([
        b"FAIL: ", b"--- FAIL: ", b"panic: ", b"error: ", b"\n", b"\r", b"\0", b"\xff", b" " * 50, b"\t", b"=" * 70,
        b"-" * 70, b"_" * 20, b" x ", b"Traceback (most recent call last):\n", b"  1) ", b" failing\n", b"\x1b[31m",
        b"a.go:1:2: ",
        b"[ERROR] ", b"<<< FAILURE!", b"not ok 1", b"exited with 1.", b"travis_time:start", b"Error: ", b"E   ",
        b":" * 40,
    ]),
    max_size=60,
)  # fmt: skip


@given(HOSTILE)
def test_no_bytes_break_it(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    answer = explain(io.BytesIO(data), context=2)
    assert answer.extraction.state == LogState.READ
    assert len(answer.lines) == len(answer.extraction.failures)
    for failure in answer.extraction.failures:
        assert 1 <= failure.first_line <= failure.last_line <= data.count(b"\n") + 1


@pytest.mark.parametrize(
    "piece", [b"FAIL: ", b"error: x\n", b"  1) a\n", b"not ok 1 - x\n", b"a.py:1:1: E501 x\n"]
)
def test_a_log_full_of_anchors_ends_in_bounded_time(piece: bytes) -> None:
    started = time.process_time()
    answer = extract(io.BytesIO(piece * (2**19 // len(piece))))
    # It takes a second at most. What is quadratic, and takes minutes for 3 MiB, takes longer.
    assert time.process_time() - started < 4
    assert len(answer.failures) <= 2000
