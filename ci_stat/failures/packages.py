"""The packages of failing Go tests: `go test` names a package below what its tests have printed."""

import re
from bisect import bisect_right
from collections.abc import Iterable

import msgspec

from ci_stat.failures.document import Document
from ci_stat.failures.select import FailureSpan
from ci_stat.records import CaseFailure

_RULES = frozenset(
    {"go-test-fail", "go-test-parent", "gocheck-fail", "gocheck-panic", "gocheck-miss"}
)
_RESULT = re.compile(r"(?:FAIL|ok  )\t(\S{1,300})\t[\d.]+s")
_ANCHOR = b"FAIL\t"


class Packages:
    """The lines of a log in which `go test` says that a package failed."""

    def __init__(self, document: Document, anchored: Iterable[int]) -> None:
        """`anchored`: positions of lines with an anchor of a rule, in order."""
        self._document = document
        self._lines = [place for place in anchored if _ANCHOR in document.raw(place)]

    def of(self, failure: CaseFailure, span: FailureSpan) -> CaseFailure:
        """The failure with its package, if the log names one below it."""
        if failure.rule not in _RULES:
            return failure
        for place in self._lines[bisect_right(self._lines, span.first) :]:
            result = _RESULT.match(self._document.text(place))
            if result and self._document.same_stream(span.first, place):
                return msgspec.structs.replace(failure, package=result[1])
        return failure
