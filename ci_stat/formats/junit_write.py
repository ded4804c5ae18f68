"""Write JUnit XML: one `testcase` for each test, with its retries as Surefire writes them.

A test that passed after failures has a `flakyFailure` (or `flakyError`) for each of them. A test
that failed each time has a `failure`, then a `rerunFailure` (or `rerunError`) for each retry. The
property `attempts` names the outcomes in their order.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from ci_stat.escape import visible
from ci_stat.records.case_results import CaseResult, Outcome

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_BAD = (Outcome.FAILED, Outcome.ERROR)

Attempts = Sequence[CaseResult]
"""The attempts of one test in their order; the last one decides."""


@dataclass(frozen=True, slots=True)
class JUnitSuite:
    """A suite with its tests."""

    name: str
    tests: Sequence[Attempts]
    properties: Sequence[tuple[str, str]] = ()


def write_junit(file: IO[str], suites: Sequence[JUnitSuite], name: str = "ci-stat") -> None:
    """Write the suites. `file`: of text in UTF-8."""
    every_test = [test for suite in suites for test in suite.tests]
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(f"<testsuites{_attributes(name=name, **_totals(every_test))}>\n")
    for suite in suites:
        file.writelines(_suite(suite))
    file.write("</testsuites>\n")


def _suite(suite: JUnitSuite) -> Iterator[str]:
    yield f"<testsuite{_attributes(name=suite.name, **_totals(suite.tests))}>\n"
    yield from _properties(suite.properties)
    for attempts in suite.tests:
        yield from _case(attempts)
    yield "</testsuite>\n"


def _totals(tests: Sequence[Attempts]) -> dict[str, object]:
    outcomes = [attempts[-1].outcome for attempts in tests]
    seconds = sum(attempt.seconds or 0.0 for attempts in tests for attempt in attempts)
    return {
        "tests": len(tests),
        "failures": outcomes.count(Outcome.FAILED),
        "errors": outcomes.count(Outcome.ERROR),
        "skipped": outcomes.count(Outcome.SKIPPED),
        "time": f"{seconds:.3f}",
    }


def _case(attempts: Attempts) -> Iterator[str]:
    last = attempts[-1]
    yield f"<testcase{_case_attributes(attempts)}>\n"
    properties = list(last.properties)
    if len(attempts) > 1:
        properties.append(("attempts", " ".join(attempt.outcome for attempt in attempts)))
    yield from _properties(properties)
    for element, attempt in _elements(attempts):
        yield _problem(element, attempt)
    yield _text_element("system-out", last.stdout)
    yield _text_element("system-err", last.stderr)
    yield "</testcase>\n"


def _case_attributes(attempts: Attempts) -> str:
    own = _own_attempt(attempts)
    return _attributes(
        classname=own.class_name,
        name=own.name + own.parameters,
        time=None if own.seconds is None else f"{own.seconds:.3f}",
        file=own.file or None,
        line=own.line,
    )


def _own_attempt(attempts: Attempts) -> CaseResult:
    """The attempt of the element itself: the first failure of a test that failed, else the last."""
    last = attempts[-1]
    if last.outcome not in _BAD:
        return last
    return next(attempt for attempt in attempts if attempt.outcome in _BAD)


def _elements(attempts: Attempts) -> Iterator[tuple[str, CaseResult]]:
    last, own = attempts[-1], _own_attempt(attempts)
    failures = [attempt for attempt in attempts if attempt.outcome in _BAD]
    prefix = "rerun" if last.outcome in _BAD else "flaky"
    for attempt in failures:
        is_error = attempt.outcome is Outcome.ERROR
        if attempt is own:
            yield "error" if is_error else "failure", attempt
        else:
            yield f"{prefix}{'Error' if is_error else 'Failure'}", attempt
    if last.outcome is Outcome.SKIPPED:
        yield "skipped", last


def _problem(element: str, attempt: CaseResult) -> str:
    is_retry = element.startswith(("rerun", "flaky"))
    time = f"{attempt.seconds:.3f}" if is_retry and attempt.seconds is not None else None
    head = _attributes(message=attempt.message or None, type=attempt.word or None, time=time)
    text = _text_element("stackTrace", attempt.text) if is_retry else _escaped(attempt.text)
    return f"<{element}{head}>{text}</{element}>\n"


def _properties(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    lines = [f"<property{_attributes(name=name, value=value)}/>\n" for name, value in pairs]
    if lines:
        yield f"<properties>\n{''.join(lines)}</properties>\n"


def _text_element(element: str, text: str) -> str:
    return f"<{element}>{_escaped(text)}</{element}>" if text else ""


def _attributes(**values: object) -> str:
    """The attributes that have a value. Line ends and tabs are kept."""
    present = ((name, value) for name, value in values.items() if value is not None)
    return "".join(f' {name}="{_attribute(str(value))}"' for name, value in present)


def _attribute(text: str) -> str:
    return re.sub("[\n\r\t]", lambda space: _SPACE[space[0]], _escaped(text))


def _escaped(text: str) -> str:
    """The text for XML. Characters that XML does not have become escapes such as `\\x00`."""
    return html.escape(_ILLEGAL.sub(lambda character: visible(character[0]), text))
