"""JUnit XML that is written is read back equal, by our reader and by another one."""

import io

import junitparser
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.formats.junit_write import JUnitSuite, write_junit
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Outcome

OUTCOMES = st.sampled_from([Outcome.FAILED, Outcome.ERROR])
TEXT = st.text(max_size=8)
NAME = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)


@st.composite
def attempts(draw: st.DrawFn) -> list[CaseResult]:
    """Attempts as runs have them: failures, then possibly a pass."""
    name = draw(NAME)
    failures = draw(st.lists(OUTCOMES, max_size=3))
    ends = draw(st.sampled_from([[Outcome.PASSED], [Outcome.SKIPPED], []]))
    outcomes = [*failures, *ends] or [Outcome.PASSED]
    return [
        CaseResult(
            "s", "C", name, one, "w", 1.25, message=draw(TEXT), text=draw(TEXT), stdout=draw(TEXT)
        )
        for one in outcomes
    ]


def written(*tests: list[CaseResult]) -> bytes:
    file = io.StringIO()
    write_junit(file, [JUnitSuite("s", tests)])
    return file.getvalue().encode()


@given(st.lists(attempts(), min_size=1, max_size=4))
def test_attempts_are_read_back(tests: list[list[CaseResult]]) -> None:
    content = written(*tests)
    file = ResultFile([content])
    read = [(case.class_name, case.outcome, case.seconds) for case in file]
    assert file.state == "complete", file.detail
    assert read == [("C", one.outcome, one.seconds) for test in tests for one in test]

    (suite,) = junitparser.JUnitXml.fromstring(content)
    assert suite.tests == len(list(suite)) == len(tests)
    assert suite.failures == sum(test[-1].outcome is Outcome.FAILED for test in tests)


def test_characters_that_xml_does_not_have_are_visible() -> None:
    case = CaseResult("s", "C", "a\0b\x1b[31m\ud800", Outcome.FAILED, message='1 < 2 & "x"\n\t]]>')
    (read,) = ResultFile([written([case])])
    assert read.name + read.parameters == "a\\x00b\\x1b[31m\\ud800"
    assert read.message == '1 < 2 & "x"\n\t]]>'
