"""How much of the output belongs to the message of a tool that no rule knows."""

import io

import pytest

from ci_stat.failures import ScanOptions, extract

NOISE = "".join(f"fetching part {n}\n" for n in range(50))


def shown(text: str) -> list[str]:
    """The lines of the only guess in the output of a command that fails."""
    log = f'{NOISE}\n{text}\nThe command "widget" exited with 1.\n'
    (failure,) = extract(io.BytesIO(log.encode()), options=ScanOptions(rules=())).failures
    return log.splitlines()[failure.first_line - 1 : failure.last_line]


def test_a_header_above_indented_lines_belongs_to_them() -> None:
    report = "Output of the failed step:\n  starting\n\n  widget: cannot open\n  giving up\n"
    assert shown(report) == report.splitlines()


def test_a_line_above_that_announces_nothing_does_not() -> None:
    report = "fetched it\n  starting\n\n  widget: cannot open\n  giving up\n"
    assert shown(report) == ["  widget: cannot open", "  giving up"]


def test_findings_of_one_shape_belong_together() -> None:
    report = (
        "/src/a.x\n  3:5  error  unused name\n\n"
        "/src/b.x\n  1:9  error  missing name\n  7:2  error  unused name\n\n"
        "/src/c.x\n  2:2  error  unused name\n"
    )
    assert shown(report) == report.splitlines()


def test_messages_of_a_compiler_belong_together() -> None:
    message = "error: no such name `x`\n --> src/a.x:{n}:9\n  |\n{n} |  x = 1\n  |  ^\n"
    report = message.format(n=3) + "\n" + message.format(n=8)
    assert shown(report) == report.splitlines()


def test_a_diff_is_shown_as_a_whole() -> None:
    report = (
        "diff --git a/a.x b/a.x\nindex 1..2\n--- a/a.x\n+++ b/a.x\n@@ -1,4 +1,4 @@\n"
        " one\n\n-an error\n+no error\n \n two\n"
    )
    assert [line for line in shown(report) if line.strip()] == [
        line for line in report.splitlines() if line.strip()
    ]


@pytest.mark.parametrize("count", [2, 6])
def test_a_short_paragraph_without_an_error_word_is_shown_as_a_whole(count: int) -> None:
    words = ["it", "went", "somewhere", "that", "nobody", "knows"]
    report = "".join(f"{word * 3} {word}\n" for word in words[:count])
    assert shown(report) == report.splitlines()
