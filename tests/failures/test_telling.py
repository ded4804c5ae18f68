"""Messages that tell a reader what failed, where one line of a report does not."""

import pytest

from ci_stat.failures.fingerprint import fingerprint
from ci_stat.records import CaseFailure
from tests.failures.test_extract import failures

_FAIL = "FAIL: memo_test.go:12: testMemoSuite.TestReplay\n\nmemo_test.go:31:\n"


def _only(text: str) -> CaseFailure:
    (failure,) = failures(text)
    return failure


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (
            "    c.Assert(ok, IsTrue)\n... obtained bool = false\n",
            "obtained false, expected true: c.Assert(ok, IsTrue)",
        ),
        (
            "    c.Assert(len(rows), Equals, 3)\n... obtained int = 2\n... expected int = 3\n",
            "obtained 2, expected 3: c.Assert(len(rows), Equals, 3)",
        ),
        (
            "    c.Assert(id, Equals, int64(3))\n... obtained int = 3\n... expected int64 = 3\n",
            "obtained int 3, expected int64 3: c.Assert(id, Equals, int64(3))",
        ),
        (
            '    c.Assert(err, IsNil)\n... value *errors.S = &errors.S{s:"boom"} ("boom")\n',
            'obtained "boom", expected nil: c.Assert(err, IsNil)',
        ),
        (
            "    c.Assert(ok, IsTrue, Commentf(name))\n... obtained bool = false\n... plan 3\n",
            "plan 3: obtained false, expected true: c.Assert(ok, IsTrue, Commentf(name))",
        ),
        (
            "    c.Assert(a,\n        Less, b)\n... compare int = 5\n... with int = 3\n",
            "compare 5, with 3: c.Assert(a, Less, b)",
        ),
    ],
)
def test_an_assertion_of_gocheck(report: str, message: str) -> None:
    assert _only(f"{_FAIL}{report}").message == message


def test_a_helper_of_gocheck_is_named_by_the_test_that_calls_it() -> None:
    report = (
        '    tk.MustQuery("select 1").Check(rows)\ntestkit.go:63:\n    res.c.Assert(a, Equals, b)\n'
        '... obtained string = "[1]"\n... expected string = "[2]"\n... sql:select 1\n'
    )
    assert _only(f"{_FAIL}{report}").message == (
        'obtained "[1]", expected "[2]": sql:select 1: tk.MustQuery("select 1").Check(rows)'
    )


def test_a_better_message_does_not_make_it_another_failure() -> None:
    failure = _only(f"{_FAIL}    c.Assert(ok, IsTrue)\n... obtained bool = false\n")
    line = "... obtained bool = false"
    assert failure.fingerprint == fingerprint("case", failure.name, line)


def test_a_panic_says_where_it_began() -> None:
    report = (
        "PANIC: memo_test.go:12: testMemoSuite.TestReplay\n\n"
        "... Panic: runtime error: index out of range [0] (PC=0x43A1E1)\n\n"
        "/usr/local/go/src/runtime/panic.go:88\n  in runtime.goPanicIndex\n"
        "/home/ci/tidb/planner/memo.go:96\n  in planner.(*Memo).grow\n"
        "/home/ci/tidb/planner/memo_test.go:31\n  in planner.TestReplay\n"
    )
    assert _only(report).message == (
        "Panic: runtime error: index out of range [0] in planner.(*Memo).grow (memo.go:96)"
    )


def test_an_assertion_of_rust_has_both_values() -> None:
    log = (
        "---- raft::test_merge stdout ----\n"
        "thread 'raft::test_merge' panicked at 'assertion failed: `(left == right)`\n"
        "  left: `3`,\n right: `5`', tests/raft.rs:18:5\n"
    )
    assert _only(log).message.endswith("`(left == right)`, left `3`, right `5`")


_TESTIFY = (
    "    promise_test.go:41: \n        \tError Trace:\t/ci/promise_test.go:41\n"
    "        \tError:      \tNot equal: \n        \t            \texpected: 63\n"
    "        \t            \tactual  : 132\n        \tTest:       \t{case}\n"
    "        \tMessages:   \tthe promise must resolve once\n"
)
_RESOLVED = "the promise must resolve once: Not equal: expected 63, actual 132"


def test_a_report_of_testify() -> None:
    text = _TESTIFY.format(case="TestResolve") + "--- FAIL: TestResolve (0.41s)\nFAIL\n"
    assert _only(text).message == _RESOLVED


def test_a_subtest_whose_report_is_above_that_of_its_parent() -> None:
    names = "--- FAIL: TestResolve (0.41s)\n    --- FAIL: TestResolve/late (0.03s)\nFAIL\n"
    text = _TESTIFY.format(case="TestResolve/late") + names
    messages = {failure.name: failure.message for failure in failures(text)}
    assert messages["TestResolve/late"] == _RESOLVED


@pytest.mark.parametrize(
    ("log", "name"),
    [
        (
            "+ make unit_test\nok\nTerminated\nscript returned exit code 124\n",
            "make unit_test: timed out, exit code 124",
        ),
        (
            "+ export KEY=1\n+ go test -run=x ./...\n+ echo done\nscript returned exit code 124\n",
            "go test: timed out, exit code 124",
        ),
        (
            "+ make unit_test\nscript returned exit code 137\n",
            "make unit_test: killed, exit code 137",
        ),
        ("script returned exit code 124\n", "script returned exit code 124"),
    ],
)
def test_an_exit_code_is_told_with_its_command(log: str, name: str) -> None:
    failure = _only(log)
    assert (failure.name, failure.message) == (name, name)


def test_options_of_a_command_are_not_told() -> None:
    failure = _only("+ curl -H token:abc http://x\nscript returned exit code 124\n")
    assert failure.name == "curl: timed out, exit code 124"


def test_a_check_of_make_says_what_it_found() -> None:
    finding = "util/pool.go:31:6: NewPool has no comment (golint)"
    log = f"+ make lint\n{finding}\nmake: *** [lint] Error 1\n"
    (failure,) = failures(log, "tidb_ghpr_check")
    assert failure.message == finding


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (
            "java.lang.ExceptionInInitializerError",
            "java.lang.RuntimeException: no locale, in java.lang.ExceptionInInitializerError",
        ),
        (
            "java.io.IOException: closed",
            "java.io.IOException: closed (caused by java.lang.RuntimeException: no locale)",
        ),
    ],
)
def test_an_exception_has_its_innermost_cause(exception: str, message: str) -> None:
    log = (
        f'Exception in thread "main" {exception}\n\tat a.B.c(B.java:1)\n'
        "Caused by: a.b.OtherException: later\n\tat a.B.d(B.java:2)\n"
        "Caused by: java.lang.RuntimeException: no locale\n\tat a.B.e(B.java:3)\n"
    )
    assert _only(log).message == message
