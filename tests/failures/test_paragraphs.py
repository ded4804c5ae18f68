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


def test_exceptions_raised_while_another_was_handled_belong_together() -> None:
    report = (
        'Traceback (most recent call last):\n  File "nest.x", line 3\nNameError: no dig\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "nest.x", line 7\nBurrowMissing: none\n'
    )
    assert shown(report) == report.splitlines()
    assert shown(f"{report}make: *** [nest] Error 1\n") == report.splitlines()


def test_a_diff_is_shown_as_a_whole() -> None:
    report = (
        "diff --git a/a.x b/a.x\nindex 1..2\n--- a/a.x\n+++ b/a.x\n@@ -1,4 +1,4 @@\n"
        " one\n\n-an error\n+no error\n \n two\n"
    )
    assert [line for line in shown(report) if line.strip()] == [
        line for line in report.splitlines() if line.strip()
    ]


def test_the_message_above_the_usage_of_a_command_is_shown() -> None:
    usage = "Usage of widget:\n  -cannot string\n    \twhat it must not do\n  -v\tsay more\n"
    assert shown(f"strange flag -z\n{usage}") == ["strange flag -z"]


def test_an_error_below_a_usage_is_shown() -> None:
    usage = "Usage: widget [-v]\n  -v  say more\n"
    assert shown(f"{usage}\nwidget: error: cannot open\n") == ["widget: error: cannot open"]


def test_the_lines_of_level_error_belong_together() -> None:
    report = "[ERROR] cannot build widget\n[ERROR]\n[ERROR] Run again with -X for more.\n"
    assert shown(f"[INFO] building\n{report}") == report.splitlines()


def test_an_exception_is_shown_with_the_one_that_it_caused() -> None:
    report = (
        "Traceback (most recent call last):\n  File \"a.py\", line 3, in open\nKeyError: 'x'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 5, in main\nOSError: no x\n'
    )
    assert shown(report) == report.splitlines()


def test_a_traceback_of_the_exit_code_of_a_child_is_no_cause() -> None:
    relayed = (
        'Traceback (most recent call last):\n  File "ci.py", line 3, in main\n'
        "subprocess.CalledProcessError: Command 'widget' returned non-zero exit status 100\n"
    )
    assert shown(f"widget: cannot open\n\n{relayed}") == ["widget: cannot open"]


def test_a_finding_among_lines_of_progress_is_shown_alone() -> None:
    lines = [f"Checking 'part_{n}.x' ({n}/48)" for n in range(1, 49)]
    lines.insert(20, "/src/part_20.x:3:5: warning: unused name, must not be empty")
    assert shown("\n".join(lines) + "\nFound 1 violation in 48 files.\n") == [lines[20]]


def test_a_list_is_shown_as_a_whole() -> None:
    entries = [f"  {n}. [L{n}] 301 https://example.org/{n}" for n in range(1, 9)]
    entries.append("  9. [L9] https://example.org/9 cannot connect")
    assert shown("Links\n\n" + "\n".join(entries)) == entries


@pytest.mark.parametrize("count", [2, 6])
def test_a_short_paragraph_without_an_error_word_is_shown_as_a_whole(count: int) -> None:
    words = ["it", "went", "somewhere", "that", "nobody", "knows"]
    report = "".join(f"{word * 3} {word}\n" for word in words[:count])
    assert shown(report) == report.splitlines()
