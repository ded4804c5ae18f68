"""`go test -json`, TRX, NUnit 3 and CTRF."""

import json
from collections.abc import Mapping

import pytest

from ci_stat.records.case_results import Outcome, ReadState
from tests.formats.result_files import cases, outcomes, read


def events(*lines: str | Mapping[str, object]) -> str:
    return "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)


def event(action: str, test: str = "", output: str = "", **more: object) -> dict[str, object]:
    values = {"Action": action, "Package": "example/pkg", "Test": test, "Output": output}
    return {name: value for name, value in {**values, **more}.items() if value}


PASSED = event("pass", Elapsed=0.2)
FAILED = event("fail", Elapsed=0.2)


def test_go_tests_end_with_outcome_duration_and_output() -> None:
    found = cases(
        events(
            event("start"),
            event("run", "TestA", Time="2026-01-02T03:04:05Z"),
            event("output", "TestA", "=== RUN   TestA\n"),
            event("output", "TestA", "    a_test.go:17: got 1, want 2\n"),
            event("output", "TestA", "--- FAIL: TestA (0.50s)\n"),
            event("fail", "TestA", Elapsed=0.5),
            event("run", "TestB/sub_case"),
            event("output", "TestB/sub_case", "noise\n"),
            event("pass", "TestB/sub_case", Elapsed=0.1),
            event("run", "TestC"),
            event("output", "TestC", "    c_test.go:3: not here\n"),
            event("skip", "TestC"),
            FAILED,
        )
    )
    failed, passed, skipped = found
    assert (failed.suite, failed.name, failed.seconds) == ("example/pkg", "TestA", 0.5)
    assert failed.started == "2026-01-02T03:04:05Z"
    assert failed.message == "a_test.go:17: got 1, want 2"
    assert (failed.file, failed.line) == ("a_test.go", 17)
    assert (passed.name, passed.outcome, passed.text) == ("TestB/sub_case", Outcome.PASSED, "")
    assert (skipped.outcome, skipped.message) == (Outcome.SKIPPED, "c_test.go:3: not here")


def test_go_count_and_reruns_are_attempts() -> None:
    run = [event("run", "TestA"), event("fail", "TestA"), event("run", "TestA")]
    found = cases(events(*run, event("pass", "TestA"), FAILED))
    assert [(case.name, str(case.outcome)) for case in found] == [
        ("TestA", "failed"),
        ("TestA", "passed"),
    ]


def test_go_packages_that_fail_without_a_failed_test_are_errors() -> None:
    panic = event("output", output="panic: boom\n")
    (case,) = cases(events(panic, FAILED))
    assert (case.name, case.outcome, case.message) == ("(package)", Outcome.ERROR, "panic: boom")

    found = cases(events(event("run", "TestA"), event("output", "TestA", "panic: x\n"), FAILED))
    assert [(case.name, case.outcome, case.message) for case in found] == [
        ("TestA", Outcome.ERROR, "TestA did not end")
    ]
    assert found[0].text == "panic: x"


def test_go_builds_that_fail() -> None:
    """Go 1.24 has events for them, older versions print lines."""
    build = {"ImportPath": "example/pkg", "Action": "build-output", "Output": "a.go:1: bad\n"}
    fail = {"ImportPath": "example/pkg", "Action": "build-fail"}
    (case,) = cases(events(build, fail, event("fail", FailedBuild="example/pkg")))
    assert (case.suite, case.outcome, case.word) == ("example/pkg", Outcome.ERROR, "build failed")
    assert case.message == "a.go:1: bad"

    lines = ["# example/pkg", "a.go:1: bad", "FAIL\texample/pkg [build failed]"]
    (case,) = cases(events(*lines))
    assert (case.suite, case.outcome) == ("example/pkg", Outcome.ERROR)
    assert "a.go:1: bad" in case.text


def test_a_cut_go_output_keeps_what_ended() -> None:
    whole = events(event("run", "TestA"), event("pass", "TestA"), event("run", "TestB"))
    for content in (whole, whole + '{"Action":"pa', whole + '{"Action":"pass","Package":"example'):
        found, file = read(content)
        assert file.state is ReadState.CUT
        assert [(case.name, str(case.outcome)) for case in found] == [
            ("TestA", "passed"),
            ("TestB", "error"),
        ]


def test_lines_of_other_tools_between_go_events_are_allowed() -> None:
    found = cases(
        events("go: downloading x v1.0.0", event("run", "TestA"), event("pass", "TestA"), PASSED)
    )
    assert outcomes(found) == {"passed": 1}


TRX = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<TestRun id="1" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
<UnitTestResult testId="1" testName="Space.Class.Adds(1, 2)" duration="00:00:01.5000000"
  startTime="2026-01-02T03:04:05.0000000+01:00" outcome="Failed"><Output><StdOut>out</StdOut>
  <ErrorInfo><Message>Assert &lt;1&gt;</Message><StackTrace>at X</StackTrace></ErrorInfo></Output>
</UnitTestResult>
<UnitTestResult testId="2" testName="Passes" outcome="Passed" />
<UnitTestResult testId="3" testName="Ignored" outcome="NotExecuted" />
<UnitTestResult testId="4" testName="Slow" outcome="Timeout" />
<UnitTestResult testId="5" testName="Rows" outcome="Passed" resultType="DataDrivenTest">
<InnerResults>
  <UnitTestResult testId="5" testName="Rows (1)" outcome="Passed" resultType="DataDrivenDataRow"/>
  <UnitTestResult testId="5" testName="Rows (2)" outcome="Failed" resultType="DataDrivenDataRow"/>
</InnerResults></UnitTestResult></Results><TestDefinitions>
<UnitTest name="Adds" id="1"><TestMethod className="Space.Class" name="Adds" /></UnitTest>
<UnitTest name="Passes" id="2"><TestMethod className="Space.Other, Assembly" name="Passes" />
</UnitTest></TestDefinitions></TestRun>"""


def test_trx() -> None:
    found = cases(TRX)
    first = found[0]
    assert (first.class_name, first.name, first.parameters) == ("Space.Class", "Adds", "(1, 2)")
    assert (first.seconds, first.started) == (1.5, "2026-01-02T03:04:05.0000000+01:00")
    assert (first.message, first.text, first.stdout) == ("Assert <1>", "Assert <1>\nat X", "out")
    assert [(case.class_name, case.name, str(case.outcome), case.word) for case in found[1:]] == [
        ("Space.Other", "Passes", "passed", "Passed"),
        ("", "Ignored", "skipped", "NotExecuted"),
        ("", "Slow", "error", "Timeout"),
        ("", "Rows ", "passed", "Passed"),
        ("", "Rows ", "failed", "Failed"),
    ]


def test_a_cut_trx_keeps_its_results() -> None:
    found, file = read(TRX[: TRX.index("<TestDefinitions>")])
    assert len(found) == 6
    assert file.state is ReadState.CUT


NUNIT = """<test-run id="0" total="4"><test-suite name="Outer"><test-suite name="Inner">
<failure><message>One or more child tests had errors</message></failure>
<test-case name="Passes" classname="S.C" result="Passed" duration="0.5" start-time="T"/>
<test-case name="Fails(1)" classname="S.C" result="Failed"><failure>
  <message><![CDATA[Expected <1>]]></message><stack-trace>at X</stack-trace></failure>
  <output>out</output><assertions><assertion result="Failed"><message>again</message></assertion>
  </assertions></test-case>
<test-case name="Errs" classname="S.C" result="Failed" label="Error"/>
<test-case name="Waits" classname="S.C" result="Skipped" label="Ignored">
  <reason><message>later</message></reason></test-case>
</test-suite></test-suite></test-run>"""


def test_nunit() -> None:
    passes, fails, errs, waits = cases(NUNIT)
    assert (passes.suite, passes.class_name, passes.name) == ("Inner", "S.C", "Passes")
    assert (passes.seconds, passes.started, passes.outcome) == (0.5, "T", Outcome.PASSED)
    assert (fails.name, fails.parameters, fails.outcome) == ("Fails", "(1)", Outcome.FAILED)
    assert (fails.message, fails.text, fails.stdout) == ("Expected <1>", "at X", "out")
    assert (errs.outcome, errs.word) == (Outcome.ERROR, "Error")
    assert (waits.outcome, waits.word, waits.message) == (Outcome.SKIPPED, "Ignored", "later")


def ctrf(*tests: dict[str, object]) -> str:
    results = {"tool": {"name": "jest"}, "summary": {"tests": len(tests)}, "tests": list(tests)}
    return json.dumps({"reportFormat": "CTRF", "specVersion": "1.0.0", "results": results})


def test_ctrf() -> None:
    (case,) = cases(
        ctrf(
            {
                "name": "adds [1]",
                "status": "failed",
                "rawStatus": "timedOut",
                "duration": 1500,
                "suite": ["a.test.js", "math"],
                "filePath": "a.test.js",
                "line": 7,
                "message": "\x1b[31mno\x1b[0m",
                "trace": "at x",
                "stdout": ["one", "two"],
            }
        )
    )
    assert (case.suite, case.name, case.parameters) == ("a.test.js > math", "adds ", "[1]")
    assert (case.outcome, case.word, case.seconds) == (Outcome.FAILED, "timedOut", 1.5)
    assert (case.file, case.line) == ("a.test.js", 7)
    assert (case.message, case.text, case.stdout) == ("no", "at x", "one\ntwo")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("passed", Outcome.PASSED),
        ("failed", Outcome.FAILED),
        ("skipped", Outcome.SKIPPED),
        ("pending", Outcome.SKIPPED),
        ("other", Outcome.ERROR),
        ("new word", Outcome.ERROR),
    ],
)
def test_ctrf_statuses(status: str, outcome: Outcome) -> None:
    (case,) = cases(ctrf({"name": "a", "status": status}))
    assert (case.outcome, case.word) == (outcome, status)


def test_ctrf_retries_are_attempts() -> None:
    first = {"attempt": 1, "status": "failed", "duration": 20, "message": "m1", "trace": "t1"}
    last = {"attempt": 2, "status": "passed", "duration": 10}
    flaky = {"name": "a", "status": "passed", "duration": 10, "flaky": True}
    expected = [("failed", "m1", 0.02), ("passed", "", 0.01)]
    for attempts in ([first], [first, last]):  # some producers list the last one too
        found = cases(ctrf({**flaky, "retries": 1, "retryAttempts": attempts}))
        assert [(str(case.outcome), case.message, case.seconds) for case in found] == expected
        assert [case.attempt for case in found] == [1, 2]


def test_ctrf_retries_without_details_are_attempts_that_failed() -> None:
    found = cases(ctrf({"name": "a", "status": "passed", "flaky": True, "retries": 2}))
    assert [str(case.outcome) for case in found] == ["failed", "failed", "passed"]
    assert "no details" in found[0].message


def test_a_cut_or_broken_ctrf_file() -> None:
    whole = ctrf({"name": "a", "status": "passed"})
    assert read(whole[:-5])[1].state is ReadState.CUT
    assert read(whole + "x")[1].state is ReadState.BROKEN
    assert read(ctrf())[1].state is ReadState.NO_CASES
    assert read("{" * 100_000)[1].state is not ReadState.COMPLETE


def test_ctrf_that_cut_an_emoji_in_two() -> None:
    """JavaScript counts in halves of characters, and writes half of one as an escape."""
    message = json.dumps("👍\\u 🙂 \\")[1:-1] + r"\ud83d"
    whole = ctrf({"name": "a", "status": "failed", "message": "MESSAGE"})
    (case,) = cases(whole.replace("MESSAGE", message))
    assert case.message == "👍\\u 🙂 \\\N{REPLACEMENT CHARACTER}"
    assert read(whole.replace("MESSAGE", r"\ud83d")[:-5])[1].state is ReadState.CUT
