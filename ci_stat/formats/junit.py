"""Read JUnit XML of any producer as a stream of attempts, in bounded memory.

Retries within an element become attempts of its case: `flakyFailure` and `flakyError` came before
its end, `rerunFailure` and `rerunError` after it (Surefire, cargo nextest, Playwright). Other
producers repeat the element. A failure of a whole suite is the case `(suite)`.
"""

from collections.abc import Iterator

from ci_stat.formats.junit_attempts import attempts_of
from ci_stat.formats.junit_case import Suite, simple_result
from ci_stat.formats.junit_common import COMMON, with_body
from ci_stat.formats.junit_details import PROBLEMS, CaseDetails
from ci_stat.formats.junit_shape import Shape, cases_of_shape, shape_of
from ci_stat.formats.junit_variant import HAS_NAME, is_playwright
from ci_stat.formats.xml_tokens import CDATA, EMPTY, END, START, Token, XmlTokens
from ci_stat.records.case_results import CaseResult, Limits

ROOTS = ("testsuites", "testsuite", "testcase")
SUITE_CASE = "(suite)"


def junit_cases(tokens: XmlTokens, stream: Iterator[Token], limits: Limits) -> Iterator[CaseResult]:
    """Yield the attempts in the order of the file. Raises Unreadable after the readable ones."""
    suites = [Suite({})]
    shape: Shape | None = None
    for kind, name, rest in stream:
        if kind == END:
            if _local(name) == "testsuite":
                suites.pop()
        elif name != "testcase":
            yield from _other_element(tokens, stream, limits, suites, (kind, name, rest))
        else:
            yield from _case(tokens, stream, limits, suites[-1], (kind, name, rest))
            if shape is None or not shape.fits(rest):
                shape = shape_of(rest)
            if shape is not None:
                yield from cases_of_shape(tokens, shape, suites[-1], limits)


def _case(
    tokens: XmlTokens, stream: Iterator[Token], limits: Limits, suite: Suite, token: Token
) -> Iterator[CaseResult]:
    kind, _, rest = token
    values = tokens.attributes(rest)
    if kind == EMPTY:
        yield simple_result(values, suite)
    elif match := tokens.take(COMMON):
        yield with_body(tokens, simple_result(values, suite), match.groups(), limits)
    else:
        details = CaseDetails(tokens, limits)
        _read_details(stream, details)
        yield from attempts_of(values, details, suite)


def _other_element(
    tokens: XmlTokens, stream: Iterator[Token], limits: Limits, suites: list[Suite], token: Token
) -> Iterator[CaseResult]:
    """Open a suite, or read a problem of a suite or a case whose name has a prefix."""
    kind, name, rest = token
    name = _local(name)
    is_problem = name in PROBLEMS and len(suites) > 1
    if name == "testsuite" and kind == START:
        suites.append(suites[-1].inner(tokens.attributes(rest)))
    if name == "testsuites":
        suites[0].by_playwright = is_playwright(tokens.attributes(rest))
    if name == "property" and HAS_NAME.search(rest):
        suites[-1].add_property(tokens.attributes(rest))
    if name != "testcase" and not is_problem:
        return

    details = CaseDetails(tokens, limits)
    values = {"name": SUITE_CASE} if is_problem else tokens.attributes(rest)
    if is_problem:
        details.start(name, rest)
    if kind == START:
        _read_details(stream, details, last_depth=int(is_problem))
    yield from attempts_of(values, details, suites[-1])


def _read_details(stream: Iterator[Token], details: CaseDetails, last_depth: int = 0) -> None:
    """Read to the end of the open element, which is open at `last_depth`."""
    for kind, value, rest in stream:
        if kind == END:
            if details.depth == last_depth:
                break
            details.end()
        elif kind in (START, EMPTY):
            details.start(_local(value), rest)
            if kind == EMPTY:
                details.end()
        else:
            details.text(value, kind == CDATA)
    if last_depth:
        details.end()


def _local(name: str) -> str:
    """Return the name without the prefix of a namespace."""
    return name.rpartition(":")[2] if ":" in name else name
