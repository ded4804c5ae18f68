"""Show the diagnosis of one log: as lines for a terminal, and as data for JSON."""

from collections.abc import Iterator
from typing import Any

from ci_stat.failures import LogDiagnosis, LogLine
from ci_stat.records import CaseFailure, LogState
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal.lines import Line, line, whole_line

KIND_STYLES = {"env": "magenta", "setup": "magenta", "timeout": "magenta", "unknown": "yellow"}


def diagnosis_lines(name: str, diagnosis: LogDiagnosis) -> Iterator[Line]:
    """Yield a summary of what was read, then each failure with its lines and its context."""
    extraction = diagnosis.extraction
    yield line(0, (name, "bold"), (f"  {_summary(diagnosis)}", "dim"))
    if extraction.detail:
        yield line(1, (f"{extraction.state}: {extraction.detail}", "yellow"))

    failures = zip(extraction.failures, diagnosis.lines, diagnosis.context, strict=True)
    for number, (failure, lines, context) in enumerate(failures, 1):
        yield Line(0, ())
        yield from _failure_lines(number, failure, lines)
        yield from _context_lines(failure, context)

    if not extraction.failures and extraction.state == LogState.READ:
        yield line(1, "no line explains a failure")


def _summary(diagnosis: LogDiagnosis) -> str:
    extraction = diagnosis.extraction
    if extraction.state != LogState.READ and not extraction.bytes:
        return str(extraction.state)

    failures = extraction.failures
    counts = f"{plural(extraction.lines, 'line')}, {plural(len(failures), 'failure')}"
    is_guess = bool(failures) and all(failure.guess for failure in failures)
    return f"{counts}, a guess" if is_guess else counts


def _failure_lines(number: int, failure: CaseFailure, lines: tuple[LogLine, ...]) -> Iterator[Line]:
    style = f"bold {KIND_STYLES.get(failure.kind, 'red')}"
    suite = f"  {failure.suite}" if failure.suite else ""
    yield whole_line(
        0, f"{number:>3}. ", (failure.kind, style), "  ", (failure.name, "bold"), (suite, "dim")
    )

    if failure.message and failure.message != failure.name:
        yield whole_line(1, (failure.message, "red"))
    yield whole_line(1, (_source(failure), "dim"))

    width = len(str(failure.last_line))
    for log_line in lines:
        yield _numbered(log_line, width)


def _context_lines(failure: CaseFailure, context: tuple[LogLine, ...]) -> Iterator[Line]:
    if context:
        yield line(1, ("context", "dim"))

    width = len(str(max((log_line.number for log_line in context), default=0)))
    for log_line in context:
        yield _numbered(log_line, width)
    if failure.omitted:
        yield line(1, (f"{plural(failure.omitted, 'more line')} not shown", "dim"))


def _source(failure: CaseFailure) -> str:
    """Return the lines, the place in the code, the rule and the fingerprint."""
    where = f"lines {failure.first_line}-{failure.last_line}"
    if failure.first_line == failure.last_line:
        where = f"line {failure.first_line}"

    place = f", at {failure.file}:{failure.line}" if failure.file and failure.line else ""
    rule = "a guess: no rule matches" if failure.guess else f"rule {failure.rule}"
    return f"{where}{place}, {rule}, {failure.fingerprint}"


def _numbered(log_line: LogLine, width: int) -> Line:
    number = f"{log_line.number:>{width}}" if log_line.number else " " * width
    style = "" if log_line.in_failure else "dim"
    # One level deeper than the failure, so that an editor can fold the lines of the log.
    return line(2, (f"{number} │ ", "dim"), (log_line.text.expandtabs(8), style))


def diagnosis_data(name: str, diagnosis: LogDiagnosis) -> dict[str, Any]:
    """Return one JSON object: `file`, `state`, `detail`, `lines`, `bytes`, `left_out`, `failures`.

    Line numbers are those of the file, 1-based and inclusive.
    """
    extraction = diagnosis.extraction
    return {
        "file": name,
        "state": str(extraction.state),
        "detail": extraction.detail,
        "lines": extraction.lines,
        "bytes": extraction.bytes,
        "left_out": {
            "lines": extraction.left_out.lines,
            "failures": extraction.left_out.failures,
            "ranges": extraction.left_out.ranges,
        },
        "failures": [failure_data(failure) for failure in extraction.failures],
    }


def failure_data(failure: CaseFailure) -> dict[str, Any]:
    """Return the fields of a failure under their names in JSON."""
    return {
        "kind": failure.kind,
        "case": failure.name,
        "suite": failure.suite,
        "message": failure.message,
        "file": failure.file,
        "line": failure.line,
        "first_line": failure.first_line,
        "last_line": failure.last_line,
        "context": [list(lines) for lines in failure.context],
        "omitted": failure.omitted,
        "rule": failure.rule,
        "guess": failure.guess,
        "fingerprint": failure.fingerprint,
        "excerpt": failure.excerpt,
    }
