"""Fast path for runs of `testcase` elements that have the same attributes in the same order.

One regular expression for each shape reads whole elements. It gives what the general path gives,
and a test compares both; values with entities or line ends are left to the general path. Together
with `junit_common` it makes reading twice as fast.
"""

import re
from collections.abc import Iterator

from ci_stat.formats.junit_case import Suite, repeated
from ci_stat.formats.junit_common import BODY, with_body
from ci_stat.formats.junit_variant import as_parameters
from ci_stat.formats.numbers import line_number, seconds
from ci_stat.formats.parameters import has_parameters, split_parameters
from ci_stat.formats.xml_tokens import XmlTokens
from ci_stat.records.case_results import MAX_NAME, CaseResult, Limits, Outcome

_ONE = re.compile(r' ([\w:.-]{1,40})="[^"]*"')
_KNOWN = ("classname", "name", "time", "file", "line", "timestamp")
_OTHERS = ("assertions", "hostname", "id", "classname")
_PASSED = Outcome.PASSED


class Shape:
    """The names of the attributes, in order, and the pattern of an element that has them.

    `places`: the group of each known attribute; those that are missing share an empty group.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.body = len(names) + 1  # the first group behind the attributes and the empty one
        values = "".join(rf' {re.escape(name)}="([^"&<\n\r\t]*+)"' for name in names)
        self.pattern = re.compile(rf"\s*+<testcase{values}\s*+()(?:/>|>{BODY})")
        self.places = [names.index(name) if name in names else len(names) for name in _KNOWN]

    def fits(self, attributes: str) -> bool:
        return tuple(_ONE.findall(f" {attributes}")) == self.names


def shape_of(attributes: str) -> Shape | None:
    """Return the shape of an element; None if only the general path can read such elements."""
    names = tuple(_ONE.findall(f" {attributes}"))
    is_known = "name" in names and set(names) <= {*_KNOWN, *_OTHERS}
    is_whole = _ONE.sub("", f" {attributes}").strip() == "" and len(set(names)) == len(names)
    return Shape(names) if is_known and is_whole else None


def cases_of_shape(
    tokens: XmlTokens, shape: Shape, suite: Suite, limits: Limits
) -> Iterator[CaseResult]:
    """Yield the attempts of the elements that follow, as long as they have this shape."""
    text, match_at, body = tokens.text, shape.pattern.match, shape.body
    class_at, name_at, time_at, file_at, line_at, started_at = shape.places
    suite_name, suite_file, suite_started = suite.name, suite.file, suite.started
    variant = suite.variant
    while match := match_at(text, tokens.at):
        tokens.at = match.end()
        values = match.groups()
        name, parameters = values[name_at], ""
        if len(name) > MAX_NAME or not name.isprintable():
            name = repeated(name)
        if has_parameters(name):
            name, parameters = split_parameters(name)
        class_name = repeated(values[class_at])
        if variant:
            parameters += as_parameters(variant, f"{class_name} {name}{parameters}")
        result = CaseResult(
            suite_name,
            class_name,
            name,
            _PASSED,
            "",
            seconds(values[time_at]),
            parameters,
            repeated(values[file_at]) if values[file_at] else suite_file,
            line_number(values[line_at]) if values[line_at] else None,
            started=repeated(values[started_at]) if values[started_at] else suite_started,
        )
        is_plain = match.lastindex == body
        yield result if is_plain else with_body(tokens, result, values[body:], limits)
