"""Read TRX, the results of Visual Studio and `dotnet test --logger trx`.

Results come before the definitions that name their classes, so the results of a file are kept until
its end, without their texts beyond the limits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from ci_stat.formats.numbers import seconds
from ci_stat.formats.parameters import split_parameters
from ci_stat.formats.text_parts import TextPart, clean_line
from ci_stat.formats.xml_names import unescape
from ci_stat.formats.xml_tokens import CDATA, EMPTY, END, START, TEXT, Token, XmlTokens
from ci_stat.records.case_results import MAX_MESSAGE, CaseResult, Limits, Outcome, Unreadable

ROOT = "TestRun"
_OUTCOMES = {
    **dict.fromkeys(("passed", "passedbutrunaborted", "warning", "completed"), Outcome.PASSED),
    "failed": Outcome.FAILED,
    **dict.fromkeys(
        ("notexecuted", "notrunnable", "inconclusive", "pending", "disconnected", "inprogress"),
        Outcome.SKIPPED,
    ),
}  # any other word, such as Error, Timeout or Aborted, is an error
_TEXTS = ("Message", "StackTrace", "StdOut", "StdErr")


@dataclass
class _Result:
    """A `UnitTestResult` with its texts."""

    values: dict[str, str]
    texts: dict[str, TextPart] = field(default_factory=dict)

    def text(self, name: str) -> str:
        part = self.texts.get(name)
        return part.text().strip("\n") if part else ""


def trx_cases(tokens: XmlTokens, stream: Iterator[Token], limits: Limits) -> Iterator[CaseResult]:
    """Yield the results. Those before the end of a cut file are yielded too."""
    reader = _Reader(tokens, limits)
    problem: Unreadable | None = None
    try:
        _read(stream, reader)
    except Unreadable as error:
        problem = error
    yield from reader.finished()
    if problem is not None:
        raise problem


def _read(stream: Iterator[Token], reader: "_Reader") -> None:
    for kind, value, rest in stream:
        name = value.rpartition(":")[2]
        if kind in (START, EMPTY):
            reader.start(name, rest)
        if kind in (END, EMPTY):
            reader.end(name)
        if kind in (TEXT, CDATA) and reader.part is not None:
            reader.part.add(value if kind == CDATA else unescape(value))


class _Reader:
    """The results so far, and the classes of tests by the id of the test."""

    def __init__(self, tokens: XmlTokens, limits: Limits) -> None:
        self.part: TextPart | None = None
        self._tokens = tokens
        self._limits = limits
        self._open: list[_Result] = []  # data-driven tests have inner results
        self._results: list[tuple[str, CaseResult]] = []
        self._classes: dict[str, tuple[str, str]] = {}
        self._test = ""

    def start(self, name: str, rest: str) -> None:
        if name == "UnitTestResult":
            self._open.append(_Result(self._tokens.attributes(rest)))
        elif name == "UnitTest":
            self._test = self._tokens.attributes(rest).get("id", "")
        elif name == "TestMethod":
            values = self._tokens.attributes(rest)
            # Older files append the assembly: `Namespace.Class, Assembly, Version=1.0.0.0`.
            class_name = clean_line(values.get("className", "")).partition(",")[0]
            self._classes[self._test] = class_name, clean_line(values.get("name", ""))
        elif name in _TEXTS and self._open:
            limit = self._limits.output if name.startswith("Std") else self._limits.text
            self.part = self._open[-1].texts.setdefault(name, TextPart(limit))
            self._tokens.wants_text = True

    def end(self, name: str) -> None:
        if name in _TEXTS:
            self.part, self._tokens.wants_text = None, False
        elif name == "UnitTestResult":
            result = self._open.pop()
            has_inner = result.values.get("resultType", "").lower() == "datadriventest"
            if not has_inner:  # its inner results say the same in detail
                self._results.append((result.values.get("testId", ""), self._case(result)))

    def _case(self, result: _Result) -> CaseResult:
        values = result.values
        word = values.get("outcome", "")
        message, trace = result.text("Message"), result.text("StackTrace")
        name, parameters = split_parameters(clean_line(values.get("testName", "")))
        # Visual Studio leaves the word out for an error.
        return CaseResult(
            suite="",
            class_name="",
            name=name,
            outcome=_OUTCOMES.get(word.lower(), Outcome.ERROR),
            word=clean_line(word)[:80],
            seconds=seconds(values.get("duration", "")),
            parameters=parameters,
            message=message[:MAX_MESSAGE],
            text="\n".join(filter(None, (message, trace))) if trace else "",
            stdout=result.text("StdOut"),
            stderr=result.text("StdErr"),
            started=clean_line(values.get("startTime", "")),
            left_out=sum(part.left_out for part in result.texts.values()),
        )

    def finished(self) -> Iterator[CaseResult]:
        for test, case in self._results:
            class_name, method = self._classes.get(test, ("", ""))
            prefix = f"{class_name}."
            name = case.name.removeprefix(prefix) if class_name else case.name
            yield replace(case, class_name=class_name, name=name or method)
