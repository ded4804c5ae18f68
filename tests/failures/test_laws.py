"""Laws that hold for the diagnosis of any log: real marks of CI systems in any mixture."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures import ScanOptions, diagnose
from ci_stat.failures.baseline import line_keys
from ci_stat.failures.guessing.reporters import ends_case
from ci_stat.failures.rules import builtin, compiled
from ci_stat.failures.scanning.left_out import Omissions, left_out
from ci_stat.failures.streams import Streams
from ci_stat.records import CaseFailure, Extraction, LeftOut

MARKS = [
    "##[group]Run make",
    "##[endgroup]",
    "##[error]Process completed with exit code 1.",
    "##[section]Starting: Build",
    "2021-06-21T10:00:00.0000000Z ##[group]Run moor",
    "Post job cleanup.",
    "travis_fold:start:a\r\x1b[0Ktravis_time:start:0a\r\x1b[0K$ make",
    "travis_time:end:0a:start=1,finish=2,duration=1\r\x1b[0K",
    "travis_fold:end:a\r\x1b[0K",
    'The command "make" exited with 1.',
    'The command "make" exited with 0.',
    "\x1b[0Ksection_start:1600000000:script\r\x1b[0Kmake",
    "\x1b[0Ksection_end:1600000000:script\r\x1b[0K",
    "ERROR: Job failed: exit code 1",
    "[Pipeline] parallel",
    "[Pipeline] { (Branch: a)",
    "[Pipeline] { (Branch: a] b)",
    "[Pipeline] }",
    "script returned exit code 1",
    "Finished: FAILURE",
    "~~~ Running commands",
    "#!/bin/bash -eo pipefail",
    "##teamcity[testFailed name='a' message='|n']",
    "[taskcluster 2021-06-21 10:00:00.000Z] === Task Starting ===",
    "job\tstep\t2021-06-21T10:00:00.0000000Z error: x",
]
FAILURES = [
    "--- FAIL: TestMast (0.00s)",
    "    mast_test.go:2: bent",
    "FAIL: test_mast (deck.Mast)",
    "Traceback (most recent call last):",
    '  File "mast.py", line 3, in raise_mast',
    "ValueError: bent",
    "panic: runtime error: index out of range",
    "goroutine 1 [running]:",
    "Caused by: java.io.IOException: No space left on device",
    "\tat com.example.Mast.raise(Mast.java:3)",
    "error: the mast is bent",
    "mast.c:3:5: error: expected ';'",
    "not ok 3 - the mast stands",
    "  1) the hull holds water",
    "     AssertionError: expected 1 to equal 2",
    "make: *** [all] Error 2",
    "FAILED (failures=1)",
    "npm ERR! code ELIFECYCLE",
    "Segmentation fault (core dumped)",
    "=" * 70,
    "-" * 70,
]
OTHERS = ["", " ", "sailing", "$ make", "+ make", "0 failed, 3 passed", "\x1b[31m", "\0", "\u202e"]
PREFIXES = st.sampled_from(["", "[a] ", "[a] b] ", "web-1  | ", "db_1 | ", "    ", "\x1b[1m", "\t"])
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\r\n", ""])

lines = st.tuples(
    PREFIXES, st.sampled_from(MARKS + FAILURES + OTHERS) | st.text(max_size=9), ENDS
).map("".join)
bundles = st.tuples(st.lists(lines, min_size=1, max_size=8), st.sampled_from([1, 1, 1, 2, 70]))


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """A log of drawn lines, some of them many times, with a few bytes that are not UTF-8."""
    text = "".join("".join(some) * count for some, count in draw(st.lists(bundles, max_size=12)))
    data = text.encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(data)))
    return data[:cut] + draw(st.binary(max_size=3)) + data[cut:]


@given(logs(), st.booleans(), st.booleans(), st.integers(0, 3))
def test_the_lines_of_a_diagnosis(data: bytes, everything: bool, brief: bool, around: int) -> None:
    options = ScanOptions(everything=everything)
    diagnosis = diagnose(io.BytesIO(data), "", options, around, brief)
    check(diagnosis.extraction)

    numbers = [[shown.number for shown in lines if shown.number] for lines in diagnosis.lines]
    for failure, own in zip(diagnosis.extraction.failures, numbers, strict=True):
        assert own == sorted(set(own))
        assert own[0] <= failure.first_line
        assert own[-1] >= failure.last_line
    assert not brief or not any(failure.context for failure in diagnosis.extraction.failures)


@given(logs(), logs())
def test_the_lines_of_a_diagnosis_against_a_passing_log(data: bytes, passing: bytes) -> None:
    options = ScanOptions(baseline=line_keys(io.BytesIO(passing)))
    check(diagnose(io.BytesIO(data), options=options).extraction)


@pytest.mark.parametrize(
    "mark", ["##[error]Process completed with exit code 1.", "[Pipeline] { (Branch: a)", "FAIL: x"]
)
def test_a_log_that_is_full_of_a_mark(mark: str) -> None:
    extraction = diagnose(io.BytesIO(f"{mark}\n".encode() * 30_000)).extraction
    assert extraction.lines == 30_000
    check(extraction)


def test_a_line_that_is_left_out_twice_counts_once() -> None:
    read, kept = Omissions(), Omissions()
    read.add(11, 90, 80)
    kept.add(21, 40, 20)
    assert left_out((read, kept), ()) == LeftOut(80, 0, ((11, 90),))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("pre-commit", "." * 1980 + "x...Failed"),
        ("pre-commit", "...(" * 490 + "x...Failed"),
        ("mozilla-test", " " * 1980 + "x"),
    ],
)
def test_no_pattern_takes_long_on_one_line(name: str, line: str) -> None:
    (rule,) = [rule for rule in builtin() if rule.name == name]
    patterns = [compiled(pattern) for pattern in (rule.pattern, rule.until, rule.down)]
    began = time.thread_time()
    for pattern in patterns:
        pattern.search(line)
    assert time.thread_time() - began < 0.01


def test_a_heading_of_quotes_does_not_take_long() -> None:
    began = time.thread_time()
    assert not ends_case("'" * 1980 + "x")
    assert time.thread_time() - began < 0.01


def test_thousands_of_branches_are_told_apart_in_time() -> None:
    names = [f"b{number}" for number in range(5000)]
    log = "".join(f"[Pipeline] {{ (Branch: {name})\n[{name}] sailing\n" for name in names)
    began = time.thread_time()
    assert Streams([log.encode()]).of(b"[b4999] error: bent") == "b4999"
    streams = Streams([log.encode()])
    assert {streams.without_name(f"[{name}] x") for name in names} == {"x"}
    assert time.thread_time() - began < 1.0


def test_all_failures_of_a_log_that_is_full_of_them_in_time() -> None:
    log = "".join(f"--- FAIL: Test{n} (0.00s)\n    x_test.go:{n}: bad\n" for n in range(8000))
    began = time.thread_time()
    check(diagnose(io.BytesIO(log.encode()), options=ScanOptions(everything=True)).extraction)
    assert time.thread_time() - began < 5.0


def check(extraction: Extraction) -> None:
    """Check that all line numbers are in the log, in order, and that none is shown twice."""
    check_left_out(extraction.left_out, extraction.lines)
    causes = [(failure.first_line, failure.last_line) for failure in extraction.failures]
    assert all(1 <= first <= last <= extraction.lines for first, last in causes)
    for failure in extraction.failures:
        check_context(failure, causes, extraction.lines)


def check_context(failure: CaseFailure, causes: list[tuple[int, int]], lines: int) -> None:
    assert failure.omitted >= 0
    check_ranges(failure.context, lines)
    for first, last in failure.context:
        assert all(last < begin or end < first for begin, end in causes)


def check_left_out(left_out: LeftOut, lines: int) -> None:
    check_ranges(left_out.ranges, lines)
    assert bool(left_out.ranges) == bool(left_out.lines or left_out.failures)
    assert left_out.lines <= sum(last - first + 1 for first, last in left_out.ranges)


def check_ranges(ranges: tuple[tuple[int, int], ...], lines: int) -> None:
    """Check that ranges are in the log, in order, and do not overlap."""
    end = 0
    for first, last in ranges:
        assert end < first <= last <= lines
        end = last
