"""JUnit XML: values, outcomes and retries in the dialects of their producers."""

import pytest

from ci_stat.records.case_results import Limits, Outcome, ReadState
from tests.formats.result_files import cases, outcomes, read, suite


def test_the_values_of_a_case() -> None:
    """The attributes of pytest's xunit1, with a line number."""
    (case,) = cases(
        suite(
            '<testcase classname="tests.test_a.TestX" name="test_y[1-2]" file="tests/test_a.py"'
            ' line="17" time="0.25" timestamp="2026-01-02T03:04:05"><properties>'
            '<property name="owner" value="a &amp; b"/><property name="note">text</property>'
            '</properties><failure message="assert 1 == 2&#10;second" type="AssertionError">'
            "trace &lt;b&gt;</failure><system-out>out</system-out><system-err>err</system-err>"
            "</testcase>",
            name="pytest",
        )
    )
    assert (case.suite, case.class_name) == ("pytest", "tests.test_a.TestX")
    assert (case.name, case.parameters) == ("test_y", "[1-2]")
    assert (case.file, case.line, case.seconds) == ("tests/test_a.py", 17, 0.25)
    assert (case.outcome, case.word) == (Outcome.FAILED, "failure")
    assert case.message == "assert 1 == 2\nsecond"
    assert (case.text, case.stdout, case.stderr) == ("trace <b>", "out", "err")
    assert case.properties == (("owner", "a & b"), ("note", "text"))
    assert (case.started, case.attempt, case.left_out) == ("2026-01-02T03:04:05", 1, 0)


@pytest.mark.parametrize(
    ("inside", "outcome", "word"),
    [
        ("", Outcome.PASSED, ""),
        ("<failure/>", Outcome.FAILED, "failure"),
        ("<error/>", Outcome.ERROR, "error"),
        ("<skipped/>", Outcome.SKIPPED, "skipped"),
        ('<skipped type="pytest.xfail" message="known"/>', Outcome.SKIPPED, "pytest.xfail"),
        ("<failure/><error/>", Outcome.ERROR, "error"),
        ("<skipped/><failure/>", Outcome.FAILED, "failure"),
        ("<system-out>x</system-out>", Outcome.PASSED, ""),
    ],
)
def test_elements_state_outcomes(inside: str, outcome: Outcome, word: str) -> None:
    (case,) = cases(suite(f'<testcase name="a">{inside}</testcase>'))
    assert (case.outcome, case.word) == (outcome, word)


@pytest.mark.parametrize(
    ("attributes", "outcome", "word"),
    [
        ('status="run" result="completed"', Outcome.PASSED, "run"),
        ('status="notrun" result="suppressed"', Outcome.SKIPPED, "suppressed"),
        ('status="disabled"', Outcome.SKIPPED, "disabled"),
        ('status="FAIL"', Outcome.FAILED, "FAIL"),
        ('result="error"', Outcome.ERROR, "error"),
    ],
)
def test_attributes_state_outcomes_where_no_element_does(
    attributes: str, outcome: Outcome, word: str
) -> None:
    """GoogleTest and CTest."""
    (case,) = cases(suite(f'<testcase name="a" {attributes}/>'))
    assert (case.outcome, case.word) == (outcome, word)


def test_the_message_is_the_first_line_or_the_type_if_there_is_no_other() -> None:
    first, second = cases(
        suite(
            '<testcase name="a"><failure type="T">\n\n  at last\nmore</failure></testcase>'
            '<testcase name="b"><error type="java.io.IOException"/></testcase>'
        )
    )
    assert first.message == "at last"
    assert second.message == "java.io.IOException"


SUREFIRE = """
<testcase name="flaky" classname="c" time="0.3">
  <flakyFailure message="first" type="E" time="0.1"><stackTrace><![CDATA[at <a>]]></stackTrace>
    <system-out>out 1</system-out></flakyFailure>
  <flakyError message="second" type="E"><stackTrace>at b</stackTrace></flakyError>
  <system-out>out 3</system-out>
</testcase>
<testcase name="steady" classname="c">
  <failure message="one">at c</failure>
  <rerunFailure message="two" type="E"><stackTrace>at d</stackTrace></rerunFailure>
  <rerunError message="three" type="E"/>
</testcase>
"""


def test_reruns_within_a_case_become_attempts_in_their_order() -> None:
    """Surefire, cargo nextest and Playwright: flaky ones before the end, reruns after it."""
    attempts = cases(suite(SUREFIRE))
    flaky, steady = attempts[:3], attempts[3:]
    assert [(case.attempt, str(case.outcome), case.message) for case in flaky] == [
        (1, "failed", "first"),
        (2, "error", "second"),
        (3, "passed", ""),
    ]
    assert [case.text for case in flaky] == ["at <a>", "at b", ""]
    assert [case.stdout for case in flaky] == ["out 1", "", "out 3"]
    assert [case.seconds for case in flaky] == [0.1, None, 0.3]
    assert [(case.attempt, str(case.outcome), case.message) for case in steady] == [
        (1, "failed", "one"),
        (2, "failed", "two"),
        (3, "error", "three"),
    ]
    assert [case.word for case in attempts[:2]] == ["flakyFailure", "flakyError"]


def test_a_repeated_case_is_kept_each_time() -> None:
    """gotestsum and others repeat the element for each run."""
    found = cases(
        suite('<testcase name="a"><failure/></testcase><testcase name="a" classname=""/>')
    )
    assert [str(case.outcome) for case in found] == ["failed", "passed"]
    assert found[0].name == found[1].name == "a"


def test_suites_are_nested_and_pass_on_file_and_time() -> None:
    found = cases(
        '<testsuites><testsuite name="outer" file="o.py" timestamp="T1">'
        '<testsuite name="inner"><testcase name="a"/></testsuite>'
        '<testsuite timestamp="T2"><testcase name="b" file="b.py"/></testsuite>'
        '<testcase name="c"/></testsuite><testsuite name="next"><testcase name="d"/></testsuite>'
        "</testsuites>"
    )
    assert [(case.suite, case.name, case.file, case.started) for case in found] == [
        ("inner", "a", "o.py", "T1"),
        ("outer", "b", "b.py", "T2"),
        ("outer", "c", "o.py", "T1"),
        ("next", "d", "", ""),
    ]


def test_a_failure_of_a_suite_is_a_case() -> None:
    suite_case, other = cases(
        '<testsuites><testsuite name="x" errors="1"><error message="no setup" type="E">at a'
        '</error><testcase name="a"/></testsuite></testsuites>'
    )
    assert (suite_case.suite, suite_case.name) == ("x", "(suite)")
    assert (suite_case.outcome, suite_case.message) == (Outcome.ERROR, "no setup")
    assert suite_case.text == "at a"
    assert (other.name, other.outcome) == ("a", Outcome.PASSED)


def test_output_and_properties_of_suites_are_no_cases() -> None:
    found = cases(
        suite(
            '<properties><property name="a" value="b"/></properties><testcase name="a"/>'
            "<system-out>&lt;testcase/&gt; and <![CDATA[<testcase/>]]></system-out>"
            "<system-err>x</system-err>"
        )
    )
    assert [case.name for case in found] == ["a"]


def test_a_case_may_be_the_root_and_names_may_have_prefixes() -> None:
    assert [case.name for case in cases('<testcase name="a"/>')] == ["a"]
    found = cases(
        '<j:testsuite xmlns:j="urn:j" name="s"><j:testcase name="a"><j:failure message="m"/>'
        '</j:testcase><j:testcase name="b"/></j:testsuite>'
    )
    assert [(case.suite, case.name, str(case.outcome)) for case in found] == [
        ("s", "a", "failed"),
        ("s", "b", "passed"),
    ]


def test_several_documents_in_one_file() -> None:
    document = suite('<testcase name="a"/>')
    found = cases(document + "\ufeff" + document + document)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("0,25", 0.25),
        ("1,071.5", 1071.5),
        ("1,234,567.5", 1234567.5),
        ("00:01:02.5", 62.5),
        ("1.00:00:01", 86401.0),
        ("-345345", None),
        ("NaN", None),
        ("inf", None),
        ("1e300", None),
        ("fast", None),
        ("", None),
    ],
)
def test_times(text: str, seconds: float | None) -> None:
    (case,) = cases(suite(f'<testcase name="a" time="{text}"/>'))
    assert case.seconds == seconds


@pytest.mark.parametrize(
    ("name", "plain", "parameters"),
    [
        ("test_a", "test_a", ""),
        ("test_a[1-[x]]", "test_a", "[1-[x]]"),
        ("add(int, int)[3]", "add", "(int, int)[3]"),
        ('testAdd with data set "a b"', "testAdd", ' with data set "a b"'),
        ("testAdd with data set #0 (1, 2)", "testAdd", " with data set #0 (1, 2)"),
        ("TestX/sub_case", "TestX/sub_case", ""),
        ("[1] 2 + 3", "[1] 2 + 3", ""),
        ("(a)", "(a)", ""),
        ("open]", "open]", ""),
    ],
)
def test_parameters_are_split_from_the_name(name: str, plain: str, parameters: str) -> None:
    escaped = name.replace('"', "&quot;")
    (case,) = cases(suite(f'<testcase name="{escaped}"/>'))
    assert (case.name, case.parameters) == (plain, parameters)
    assert case.name + case.parameters == name


def test_texts_are_kept_up_to_their_limits_and_what_is_cut_is_counted() -> None:
    limits = Limits(text=100, output=20)
    found, file = read(
        suite(
            f'<testcase name="a"><failure>{"b" * 70}{"e" * 70}</failure>'
            f"<system-out>{'x' * 15}{'y' * 15}</system-out></testcase>"
        ),
        limits=limits,
    )
    assert file.state is ReadState.COMPLETE
    assert found[0].text == f"{'b' * 50}\n[40 characters left out]\n{'e' * 50}"
    assert found[0].stdout == f"{'x' * 10}\n[10 characters left out]\n{'y' * 10}"
    assert found[0].left_out == 50


def test_long_names_are_cut_and_stay_different() -> None:
    first, second = cases(
        suite(f'<testcase name="{"n" * 5000}1"/><testcase name="{"n" * 5000}2"/>')
    )
    assert len(first.name) < 2100
    assert first.name != second.name


def test_terminal_sequences_and_control_characters_do_not_lose_the_report() -> None:
    found = cases(
        suite(
            '<testcase name="a\x1b[31m\0b"><failure message="&#27;[1mbold&#x1b;[0m \x1b[2Kx">'
            "\x1b[31mred\x1b[0m\r\nnext</failure></testcase>"
        )
    )
    assert found[0].name == "ab"
    assert found[0].message == "bold x"
    assert found[0].text == "red\nnext"


def test_outcomes_of_many_cases_of_one_shape_and_of_others_between_them() -> None:
    """Runs of equal elements are read by another path than the first of them."""
    plain = '<testcase classname="c" name="n{}" time="0.1"/>\n'
    failed = '<testcase classname="c" name="n{}" time="0.1"><failure message="m"/></testcase>'
    single = "<testcase name='n{}' classname='c' time='0.1'/>"
    entity = '<testcase classname="c" name="n{}&amp;" time="0.1"/>'
    parts = [plain, plain, failed, entity, plain, single, plain, failed, plain]
    found = cases(suite("".join(part.format(at) for at, part in enumerate(parts))))
    assert [case.name for case in found] == [
        f"n{at}{'&' if part is entity else ''}" for at, part in enumerate(parts)
    ]
    assert outcomes(found) == {"passed": 7, "failed": 2}
