"""Why a build failed: the answer of one log as lines for a terminal, and as data for JSON."""

from collections.abc import Iterator
from typing import Any

from ci_stat.failures import Explained
from ci_stat.failures import Line as LogLine
from ci_stat.records import CaseFailure, LogState
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal.lines import Line, line

KIND_STYLES = {"env": "magenta", "setup": "magenta", "timeout": "magenta", "unknown": "yellow"}


def answer_lines(name: str, answer: Explained) -> Iterator[Line]:
    """The whole answer: what was read, then each failure with its lines."""
    extraction = answer.extraction
    yield line(0, (name, "bold"), (f"  {_read(answer)}", "dim"))
    if extraction.detail:
        yield line(1, (f"{extraction.state}: {extraction.detail}", "yellow"))
    for number, (failure, lines) in enumerate(
        zip(extraction.failures, answer.lines, strict=True), 1
    ):
        yield Line(0, ())
        yield from _failure_lines(number, failure, lines)
    if not extraction.failures and extraction.state == LogState.READ:
        yield line(1, "nothing found that says why")


def _read(answer: Explained) -> str:
    extraction = answer.extraction
    if extraction.state != LogState.READ and not extraction.bytes:
        return str(extraction.state)
    found = plural(len(extraction.failures), "failure")
    return f"{plural(extraction.lines, 'line')}, {found}" + (
        ", a guess" if _is_guess(answer) else ""
    )


def _is_guess(answer: Explained) -> bool:
    return bool(answer.extraction.failures) and all(
        failure.guess for failure in answer.extraction.failures
    )


def _failure_lines(number: int, failure: CaseFailure, lines: tuple[LogLine, ...]) -> Iterator[Line]:
    style = f"bold {KIND_STYLES.get(failure.kind, 'red')}"
    suite = f"  {failure.suite}" if failure.suite else ""
    yield line(
        0, f"{number:>3}. ", (failure.kind, style), "  ", (failure.name, "bold"), (suite, "dim")
    )
    if failure.message and failure.message != failure.name:
        yield line(1, (failure.message, "red"))
    yield line(1, (_found_by(failure), "dim"))
    width = len(str(failure.last_line))
    for each in lines:
        yield _log_line(each, width)


def _found_by(failure: CaseFailure) -> str:
    where = f"lines {failure.first_line}-{failure.last_line}"
    if failure.first_line == failure.last_line:
        where = f"line {failure.first_line}"
    place = f", at {failure.file}:{failure.line}" if failure.file and failure.line else ""
    by = "a guess: no rule knows it" if failure.guess else f"rule {failure.rule}"
    return f"{where}{place}, {by}, {failure.fingerprint}"


def _log_line(each: LogLine, width: int) -> Line:
    number = f"{each.number:>{width}}" if each.number else " " * width
    # Two blanks more than nothing: an editor folds the lines of the log below their failure.
    return line(2, (f"{number} │ ", "dim"), (each.text.expandtabs(8), "" if each.part else "dim"))


def answer_data(name: str, answer: Explained) -> dict[str, Any]:
    """One JSON object: `file`, `state`, `failures` with 1-based inclusive lines of the file as it is."""
    extraction = answer.extraction
    return {
        "file": name, "state": str(extraction.state), "detail": extraction.detail, "lines": extraction.lines,
        "bytes": extraction.bytes, "failures": [failure_data(failure) for failure in extraction.failures],
    }  # fmt: skip


def failure_data(failure: CaseFailure) -> dict[str, Any]:
    """A failure's fields under the names that JSON uses."""
    return {
        "kind": failure.kind, "case": failure.name, "suite": failure.suite, "message": failure.message,
        "file": failure.file, "line": failure.line, "first_line": failure.first_line, "last_line": failure.last_line,
        "rule": failure.rule, "guess": failure.guess, "fingerprint": failure.fingerprint, "excerpt": failure.excerpt,
    }  # fmt: skip
