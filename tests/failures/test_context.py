"""What else of a failed command a diagnosis needs: which lines, and how many."""

import io
from string import ascii_lowercase

from ci_stat.failures import LogDiagnosis, ScanOptions, diagnose, extract
from ci_stat.failures.baseline import line_keys
from ci_stat.failures.context import BUDGET
from ci_stat.failures.describe import MAX_LINES, REST
from ci_stat.failures.rules import parse
from ci_stat.records import CaseFailure

SETUP = """\
Complete job name: harbour (linux)
##[group]Run ./moor --all
./moor --all
shell: /usr/bin/bash -e {0}
##[endgroup]
Error: no pilot on board, waiting
moored
"""
STEP = """\
##[group]Run ./sail --tests
./sail --tests
shell: /usr/bin/bash -e {0}
##[endgroup]
"""
END = "##[error]Process completed with exit code 1.\n"
CLEANUP = "Post job cleanup.\nError: the anchor was lost\n"


def lines(count: int, text: str = "checking plank {} of the deck") -> str:
    return "".join(text.format(number) + "\n" for number in range(count))


DEFAULT = ScanOptions()


def shown(text: str, options: ScanOptions = DEFAULT) -> list[str]:
    """Return the lines of the context of the first failure."""
    diagnosis = diagnose(io.BytesIO(text.encode()), options=options)
    rows = text.splitlines()
    ranges = diagnosis.extraction.failures[0].context
    return [rows[number - 1] for first, last in ranges for number in range(first, last + 1)]


def all_shown(text: str) -> set[str]:
    """Return the lines of the first failure and of its context."""
    failure = first_failure(text)
    return {*shown(text), *text.splitlines()[failure.first_line - 1 : failure.last_line]}


def first_failure(text: str) -> CaseFailure:
    return diagnose(io.BytesIO(text.encode())).extraction.failures[0]


def test_the_whole_output_of_a_command_that_printed_little() -> None:
    output = "table of planks\nplank 3 | rotten\nseverity: high\n"
    text = SETUP + STEP + output + END + CLEANUP
    cause = first_failure(text)
    answer = shown(text)

    rows = text.splitlines()
    causes = rows[cause.first_line - 1 : cause.last_line]
    assert set(output.splitlines()) | {END.strip()} <= {*answer, *causes}
    assert answer[:2] == ["Complete job name: harbour (linux)", "##[group]Run ./sail --tests"]
    assert not {"moored", "Error: the anchor was lost"} & set(answer)


def test_a_command_that_printed_nothing_is_shown_itself() -> None:
    text = SETUP + "##[group]Run exit 1\nexit 1\nshell: bash\n##[endgroup]\n" + END + CLEANUP
    assert "exit 1" in shown(text)


def test_the_name_of_a_failed_test_is_found_far_above_the_end() -> None:
    output = (
        lines(200)
        + "> Task :hull:checkPaint FAILED\n"
        + lines(300)
        + "\nExecution failed for task ':hull:checkPaint'.\n> Paint is missing on 2 planks\n"
    )
    assert "> Task :hull:checkPaint FAILED" in shown(SETUP + STEP + lines(50) + output + END)


def test_an_assertion_is_shown_with_its_paragraph() -> None:
    assertion = [
        "  1) the hull holds water",
        "     expected: 0 litres",
        "     received: 40 litres",
        "       at hull_spec.x:12",
    ]
    text = STEP + lines(80) + "\n".join(assertion) + "\n\n" + lines(80) + "1 of 81 failed\n" + END
    cause = first_failure(text)
    causes = text.splitlines()[cause.first_line - 1 : cause.last_line]
    assert set(assertion) <= {*shown(text), *causes}


def test_a_script_may_print_groups_of_its_own() -> None:
    output = "FAILED deck\n##[group]Details\nplank 7\n##[endgroup]\nerror: 1 plank is rotten\n"
    text = SETUP + STEP + lines(60) + output + END
    assert "##[group]Run ./sail --tests" in shown(text)


def test_an_action_that_fails_says_so_in_its_last_line() -> None:
    step = STEP + "loading 3 crates\nerror: crate 2 is too heavy for the crane\n"
    text = SETUP + step + "##[error]The crane failed with: crate 2 is too heavy\n" + CLEANUP
    answer = all_shown(text)
    assert "##[error]The crane failed with: crate 2 is too heavy" in answer
    assert "Post job cleanup." not in answer


def test_lines_that_the_passing_log_has_too_are_no_context() -> None:
    noise = "Error: the radio failed, retrying\n"
    text = lines(60) + noise + lines(60) + "--- FAIL: TestMast (1.0s)\n    m_test.go:2: bent\n"
    assert noise.strip() in shown(text)
    baseline = line_keys(io.BytesIO((lines(60) + noise).encode()))
    assert noise.strip() not in shown(text, ScanOptions(baseline=baseline))


def test_the_budget_is_kept_and_what_it_left_out_is_counted() -> None:
    names = [f"{one}{two}_{two}{one}" for one in ascii_lowercase for two in ascii_lowercase]
    many = "".join(f"FAILED {name} - plank of {name} is rotten\n" for name in names[:300])
    options = ScanOptions(rules=())
    diagnosis = diagnose(io.BytesIO((STEP + many + END).encode()), options=options)
    assert sum(map(len, shown(STEP + many + END, options))) <= BUDGET
    assert diagnosis.extraction.failures[0].omitted > 0


LONG = """
[[rule]]
name = "mast"
kind = "case"
anchors = ["MAST BROKE"]
pattern = "^MAST BROKE"
lines = 400
indent = true
"""


def test_a_long_failure_is_cut_and_says_so() -> None:
    options = ScanOptions(rules=parse(LONG, "long.toml"))
    text = "MAST BROKE\n" + lines(300, "    plank {} is bent") + "sails set\n"
    (failure,) = extract(io.BytesIO(text.encode()), options=options).failures
    assert (failure.first_line, failure.last_line) == (1, MAX_LINES)
    assert failure.omitted == 301 - MAX_LINES
    assert failure.excerpt.endswith("plank 299 is bent")


def test_of_very_many_failures_the_last_show_their_first_lines_only() -> None:
    output = "".join(
        f"--- FAIL: Test{chr(65 + n % 26)}{chr(65 + n // 26)} (1.0s)\n"
        + "".join(f"    m_test.go:{line}: {chr(97 + n % 26) * 60} is bent\n" for line in range(9))
        for n in range(60)
    )
    failures = extract(io.BytesIO(output.encode())).failures
    assert len(failures) == 60
    first, last = failures[0], failures[-1]
    assert first.omitted == 0
    assert last.last_line - last.first_line + 1 == REST
    assert last.omitted > 0


def test_brief_has_no_context() -> None:
    data = (SETUP + STEP + "error: rotten\n" + END).encode()
    brief: LogDiagnosis = diagnose(io.BytesIO(data), brief=True)
    assert brief.extraction == extract(io.BytesIO(data))
    assert all(not lines for lines in brief.context)
    assert not any(failure.context for failure in brief.extraction.failures)


def test_a_log_that_failed_without_a_word_has_a_guess_with_context() -> None:
    text = "section_start:1:script\n$ ./sail\nsailing\nsection_end:2:script\n"
    text += "section_start:3:cleanup\nCleaning up\nsection_end:4:cleanup\n"
    text += "ERROR: Job failed: exit code 3\n"
    (failure,) = diagnose(io.BytesIO(text.encode())).extraction.failures
    assert failure.guess
    assert "sailing" in {
        *shown(text),
        *text.splitlines()[failure.first_line - 1 : failure.last_line],
    }


def test_a_log_that_passed_has_none() -> None:
    text = "ERROR: Job failed: exit code 3\nretrying\nsailing\nJob succeeded\n"
    assert diagnose(io.BytesIO(text.encode())).extraction.failures == ()


def test_colours_that_are_written_out_are_removed() -> None:
    text = "^[[31m--- FAIL: TestMast (1.0s)^[[0m\n    m_test.go:2: ^[[38;5;9mbent^[[0m\n"
    failure = first_failure(text)
    assert (failure.name, failure.message) == ("TestMast", "m_test.go:2: bent")
