"""Read CTRF, the Common Test Report Format: one JSON document of `results.tests`."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from ci_stat.formats.json_text import decode_json
from ci_stat.formats.numbers import MAX_SECONDS
from ci_stat.formats.parameters import split_parameters
from ci_stat.formats.text_parts import TextPart, clean, clean_line
from ci_stat.records.case_results import (
    MAX_MESSAGE,
    CaseResult,
    Limits,
    Outcome,
    ReadState,
    Unreadable,
)

MAX_SIZE = 256 * 2**20  # characters; the document is decoded as a whole
_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    **dict.fromkeys(("skipped", "pending"), Outcome.SKIPPED),
}  # `other` and any other word is an error
_MAX_RETRIES = 100


class _Attempt(msgspec.Struct, rename="camel"):
    status: str = ""
    duration: Any = None
    message: Any = ""
    trace: Any = ""
    stdout: Any = ()
    stderr: Any = ()
    start: Any = None


class _Test(_Attempt, rename="camel"):
    name: str = ""
    raw_status: Any = ""
    suite: Any = ""
    file_path: Any = ""
    line: Any = None
    parameters: Any = None
    retries: Any = 0
    retry_attempts: Any = ()
    flaky: Any = False


class _Results(msgspec.Struct):
    tests: list[_Test]


class _Document(msgspec.Struct):
    results: _Results


def ctrf_cases(text: Iterable[str], limits: Limits) -> Iterator[CaseResult]:
    """Yield the attempts of the tests. Raises Unreadable."""
    for test in _tests(text):
        yield from _attempts(test, limits)


def _tests(text: Iterable[str]) -> list[_Test]:
    pieces, size = [], 0
    for piece in text:
        pieces.append(piece)
        size += len(piece)
        if size > MAX_SIZE:
            reason = f"a JSON document of more than {MAX_SIZE:,} characters"
            raise Unreadable(ReadState.UNREADABLE, reason)

    document = "".join(pieces).strip("\ufeff\0 \t\r\n")
    try:
        return decode_json(document, _Document).results.tests
    except msgspec.ValidationError as error:
        reason = f"it is JSON, but neither CTRF nor `go test -json`: {error}"
        raise Unreadable(ReadState.NOT_RESULTS, reason) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        state = ReadState.CUT if "truncated" in str(error) else ReadState.BROKEN
        raise Unreadable(state, f"invalid JSON: {error}") from None


def _attempts(test: _Test, limits: Limits) -> Iterator[CaseResult]:
    """Yield the retried attempts, then the last one."""
    retried = _retried(test)
    last = _case(test, test, limits)
    number = 0
    for number, attempt in enumerate(retried, 1):
        yield replace(_case(test, attempt, limits), attempt=number)
    yield replace(last, attempt=number + 1)


def _retried(test: _Test) -> list[_Attempt]:
    retries = test.retries if isinstance(test.retries, int) else 0
    stated = test.retry_attempts if isinstance(test.retry_attempts, list) else []
    attempts = [_attempt(one) for one in stated if isinstance(one, dict)]
    if attempts:
        # Some producers list the last attempt too.
        return attempts[:retries] if 0 < retries < len(attempts) else attempts
    # Without details it is known only that they failed: nothing else is retried.
    count = min(max(retries, int(test.flaky is True)), _MAX_RETRIES)
    return [_Attempt(status="failed", message="retried; the file has no details")] * max(0, count)


def _attempt(values: dict[str, Any]) -> _Attempt:
    try:
        return msgspec.convert(values, type=_Attempt)
    except msgspec.ValidationError:
        return _Attempt(status="other", message="an invalid attempt in the file")


def _case(test: _Test, attempt: _Attempt, limits: Limits) -> CaseResult:
    message = clean(_text(attempt.message))
    parts = {
        "text": _part(attempt.trace, limits.text),
        "stdout": _part(attempt.stdout, limits.output),
        "stderr": _part(attempt.stderr, limits.output),
    }
    name, parameters = split_parameters(clean_line(test.name))
    raw = clean_line(_text(test.raw_status)) if attempt is test else ""
    return CaseResult(
        suite=clean_line(_suite(test.suite)),
        class_name="",
        name=name,
        outcome=_OUTCOMES.get(attempt.status.lower(), Outcome.ERROR),
        word=(raw or clean_line(attempt.status))[:80],
        seconds=_seconds(attempt.duration),
        parameters=parameters or _parameters(test.parameters),
        file=clean_line(_text(test.file_path)),
        line=test.line if isinstance(test.line, int) and test.line > 0 else None,
        message=message[:MAX_MESSAGE],
        text=parts["text"].text(),
        stdout=parts["stdout"].text(),
        stderr=parts["stderr"].text(),
        left_out=sum(part.left_out for part in parts.values()),
    )


def _suite(value: Any) -> str:
    """The names of the suites; older files have one text."""
    return " > ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _parameters(value: Any) -> str:
    if not isinstance(value, dict) or not value:
        return ""
    return clean_line(f"[{', '.join(f'{key}={value[key]}' for key in sorted(value))}]")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _part(value: Any, limit: int) -> TextPart:
    part = TextPart(limit)
    lines = value if isinstance(value, list) else [value]
    part.add(clean("\n".join(map(_text, lines))))
    return part


def _seconds(milliseconds: Any) -> float | None:
    is_number = isinstance(milliseconds, (int, float)) and not isinstance(milliseconds, bool)
    is_known = is_number and 0 <= milliseconds <= MAX_SECONDS * 1000
    return milliseconds / 1000 if is_known else None
