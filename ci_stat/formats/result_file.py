"""Read a file of test results, whatever its format: JUnit XML, TRX, NUnit 3, go test, CTRF.

The content decides, not the name. Reading never fails: it ends with a state that says how much was
read, and why not more.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from ci_stat.formats import ctrf, go_test, junit, nunit, trx
from ci_stat.formats.decoding import Decoded
from ci_stat.formats.xml_tokens import Token, XmlTokens
from ci_stat.records.case_results import CaseResult, Limits, ReadState, Unreadable

_HEAD = 64 * 1024  # characters that decide about the format
_BLANK = " \t\r\n\0\ufeff"
_TAR, _TAR_PLACE = "ustar", 257  # the mark of a tar archive
_DEFAULT = Limits()
FORMATS = "JUnit XML, TRX, NUnit 3 XML, `go test -json` or `-v`, CTRF JSON"
_RUN_OUTPUT = '"ci-stat tests run"'  # the format that `tests run --output` states first
_RUN_OUTPUT_HINT = (
    "it is the --output of `ci-stat tests run`; import the file of --junit instead, or run it with"
    " --import (`ci-stat tests aggregate` reads this one)"
)

XmlReader = Callable[[XmlTokens, Iterator[Token], Limits], Iterator[CaseResult]]
_ROOTS: dict[str, tuple[str, XmlReader]] = {
    **dict.fromkeys(junit.ROOTS, ("JUnit XML", junit.junit_cases)),
    trx.ROOT: ("TRX", trx.trx_cases),
    nunit.ROOT: ("NUnit 3 XML", nunit.nunit_cases),
}
_HINTS = {
    "test-results": "NUnit 2 XML is not supported: convert it to NUnit 3",
    "result": "this is Jenkins' own junitResult.xml: import the files that it was made of",
    "html": "this is a web page, perhaps an error page that was downloaded instead of the file",
}


class ResultFile:
    """The attempts in a file. Iterate once; the other values are final after the last one.

    `state`, `detail`: how much was read, and why not more. `format`: for people. `attempts`: how
    many were read. `invalid`: characters that the file's encoding does not have.
    """

    def __init__(self, blocks: Iterable[bytes], limits: Limits = _DEFAULT) -> None:
        """`blocks`: the content, unpacked. An `Unreadable` that it raises ends the reading."""
        self.state = ReadState.COMPLETE
        self.detail = ""
        self.format = ""
        self.attempts = 0
        self._limits = limits
        self._decoded = Decoded(blocks)

    @property
    def invalid(self) -> int:
        return self._decoded.invalid

    def __iter__(self) -> Iterator[CaseResult]:
        try:
            for case in self._cases():
                self.attempts += 1
                yield case
        except Unreadable as problem:
            self.state, self.detail = problem.state, problem.detail
        if self.state is ReadState.COMPLETE and not self.attempts:
            self.state, self.detail = ReadState.NO_CASES, "the file contains no test case"

    def _cases(self) -> Iterator[CaseResult]:
        blocks = iter(self._decoded)
        head = ""
        for block in blocks:
            head += block
            if len(head) >= _HEAD:
                break
        start = head.lstrip(_BLANK)
        text = chain((head,), blocks)

        if not start and len(head) < _HEAD:
            raise Unreadable(ReadState.EMPTY, "the file is empty")
        if head[_TAR_PLACE:].startswith(_TAR):
            reason = "it is a tar archive: unpack it, and give the folder"
            raise Unreadable(ReadState.NOT_RESULTS, reason)
        if go_test.is_go_test(start):
            self.format = "go test"
            return go_test.go_test_cases(start, text, self._limits)
        if start.startswith("{") and _RUN_OUTPUT in start[:100]:
            raise Unreadable(ReadState.NOT_RESULTS, _RUN_OUTPUT_HINT)
        if start.startswith("{"):
            self.format = "CTRF"
            return ctrf.ctrf_cases(text, self._limits)
        return self._xml_cases(text)

    def _xml_cases(self, text: Iterable[str]) -> Iterator[CaseResult]:
        tokens = XmlTokens(text)
        stream = iter(tokens)
        first = next(stream)  # the tokens of a file without elements end with Unreadable
        name = first[1].rpartition(":")[2]
        if name not in _ROOTS:
            known = _HINTS.get(name.lower())
            reason = known or "it is not JUnit XML, TRX or NUnit 3"
            raise Unreadable(ReadState.NOT_RESULTS, f"the root element is <{name[:80]}>: {reason}")
        self.format, read = _ROOTS[name]
        return read(tokens, chain((first,), stream), self._limits)
