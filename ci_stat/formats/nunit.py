"""Read NUnit 3 XML (`test-run`)."""

from collections.abc import Iterator

from ci_stat.formats.numbers import seconds
from ci_stat.formats.parameters import split_parameters
from ci_stat.formats.text_parts import TextPart, clean_line
from ci_stat.formats.xml_names import unescape
from ci_stat.formats.xml_tokens import CDATA, EMPTY, END, START, TEXT, Token, XmlTokens
from ci_stat.records.case_results import MAX_MESSAGE, CaseResult, Limits, Outcome

ROOT = "test-run"
_OUTCOMES = {
    **dict.fromkeys(("passed", "warning"), Outcome.PASSED),
    "failed": Outcome.FAILED,
    **dict.fromkeys(("skipped", "inconclusive", "ignored", "explicit"), Outcome.SKIPPED),
}  # any other word is an error
_TEXTS = ("message", "stack-trace", "output")


def nunit_cases(tokens: XmlTokens, stream: Iterator[Token], limits: Limits) -> Iterator[CaseResult]:
    """Yield the cases. Raises Unreadable after the readable ones."""
    reader = _Reader(tokens, limits)
    for kind, value, rest in stream:
        if kind in (START, EMPTY):
            reader.start(value, rest)
        if kind in (END, EMPTY):
            yield from reader.end(value)
        if kind in (TEXT, CDATA):
            reader.text(value if kind == CDATA else unescape(value))


class _Reader:
    """The open suites and the open case with its texts."""

    def __init__(self, tokens: XmlTokens, limits: Limits) -> None:
        self._tokens = tokens
        self._limits = limits
        self._suites = [""]
        self._case: dict[str, str] | None = None
        self._texts: dict[str, TextPart] = {}
        self._part: TextPart | None = None
        self._skips = 0  # open elements whose message is not the case's, such as assertions

    def start(self, name: str, rest: str) -> None:
        if name == "test-suite":
            self._suites.append(clean_line(self._tokens.attributes(rest).get("name", "")))
        elif name == "test-case":
            self._case, self._texts, self._skips = self._tokens.attributes(rest), {}, 0
        elif name == "assertions":
            self._skips += 1
        elif name in _TEXTS and self._case is not None and not self._skips:
            limit = self._limits.output if name == "output" else self._limits.text
            self._part = self._texts.setdefault(name, TextPart(limit))
            self._tokens.wants_text = True

    def text(self, piece: str) -> None:
        if self._part is not None:
            self._part.add(piece)

    def end(self, name: str) -> Iterator[CaseResult]:
        if name in _TEXTS:
            self._part, self._tokens.wants_text = None, False
        elif name == "assertions":
            self._skips -= 1
        elif name == "test-suite" and len(self._suites) > 1:
            self._suites.pop()
        elif name == "test-case" and self._case is not None:
            yield self._result(self._case)
            self._case = None

    def _result(self, values: dict[str, str]) -> CaseResult:
        texts = {name: part.text().strip("\n") for name, part in self._texts.items()}
        word = clean_line(values.get("label") or values.get("result") or "")
        outcome = _OUTCOMES.get(values.get("result", "").lower(), Outcome.ERROR)
        is_error = outcome is Outcome.FAILED and word.lower() == "error"
        name, parameters = split_parameters(clean_line(values.get("name", "")))
        return CaseResult(
            suite=self._suites[-1],
            class_name=clean_line(values.get("classname", "")),
            name=name,
            outcome=Outcome.ERROR if is_error else outcome,
            word=word[:80],
            seconds=seconds(values.get("duration", "")),
            parameters=parameters,
            message=texts.get("message", "")[:MAX_MESSAGE],
            text=texts.get("stack-trace", ""),
            stdout=texts.get("output", ""),
            started=clean_line(values.get("start-time", "")),
            left_out=sum(part.left_out for part in self._texts.values()),
        )
