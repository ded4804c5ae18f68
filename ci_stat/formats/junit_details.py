"""The elements in a `testcase` of JUnit XML: problems, output, properties."""

from ci_stat.formats.numbers import seconds
from ci_stat.formats.text_parts import TextPart, clean_line, tidy
from ci_stat.formats.xml_names import unescape
from ci_stat.formats.xml_tokens import XmlTokens
from ci_stat.records.case_results import MAX_MESSAGE, MAX_NAME, Limits, Outcome

PROBLEMS = {"error": Outcome.ERROR, "failure": Outcome.FAILED, "skipped": Outcome.SKIPPED}
"""Elements that state an outcome, the worst first."""

BEFORE = {"flakyError": Outcome.ERROR, "flakyFailure": Outcome.FAILED}
AFTER = {"rerunError": Outcome.ERROR, "rerunFailure": Outcome.FAILED}
_ALL = PROBLEMS | BEFORE | AFTER


class Output:
    """Standard output and error. `left_out`: characters beyond their limits."""

    __slots__ = ("_limit", "_stderr", "_stdout")

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.output
        self._stdout: TextPart | None = None
        self._stderr: TextPart | None = None

    def part(self, element: str) -> TextPart:
        """Return where the text of `system-out` or `system-err` goes."""
        if element == "system-out":
            self._stdout = self._stdout or TextPart(self._limit)
            return self._stdout
        self._stderr = self._stderr or TextPart(self._limit)
        return self._stderr

    @property
    def stdout(self) -> str:
        return self._stdout.text() if self._stdout else ""

    @property
    def stderr(self) -> str:
        return self._stderr.text() if self._stderr else ""

    @property
    def left_out(self) -> int:
        return sum(part.left_out for part in (self._stdout, self._stderr) if part)


class Problem(Output):
    """An element that states an outcome, with its texts."""

    __slots__ = ("_content", "_values", "name", "outcome")

    def __init__(
        self, name: str, values: dict[str, str], content: TextPart, limits: Limits
    ) -> None:
        super().__init__(limits)
        self.name = name
        self.outcome = _ALL[name]
        self._values = values
        self._content = content

    @property
    def text(self) -> str:
        return self._content.text().strip("\n").rstrip()

    @property
    def message(self) -> str:
        return message_of(self._values, self.text)

    @property
    def word(self) -> str:
        return word_of(self.name, self.outcome, self._values)

    @property
    def seconds(self) -> float | None:
        return seconds(self._values.get("time", ""))

    @property
    def started(self) -> str:
        return clean_line(self._values.get("timestamp", ""))[:MAX_NAME]

    @property
    def left_out(self) -> int:
        return super().left_out + self._content.left_out


def message_of(values: dict[str, str], text: str) -> str:
    """Return the message of a problem, else the first line of its text, else its type."""
    message = tidy(values.get("message", "")).strip() or text.lstrip().partition("\n")[0]
    return (message or values.get("type", ""))[:MAX_MESSAGE]


def word_of(name: str, outcome: Outcome, values: dict[str, str]) -> str:
    """Return the producer's word: the type of a skip, such as `pytest.xfail`, else the element."""
    is_skip = outcome is Outcome.SKIPPED
    return (is_skip and clean_line(values.get("type", ""))) or name


class CaseDetails(Output):
    """The elements in a `testcase`, or a problem of a whole suite with what is in it."""

    __slots__ = ("_limits", "_open", "_problem", "_tokens", "problems", "properties")

    def __init__(self, tokens: XmlTokens, limits: Limits) -> None:
        super().__init__(limits)
        self.problems: list[Problem] = []
        self.properties: list[tuple[str, TextPart]] = []
        self._tokens = tokens
        self._limits = limits
        self._open: list[TextPart | None] = []  # where the text of each open element goes
        self._problem: Problem | None = None

    def start(self, name: str, rest: str) -> None:
        part = self._part(name, rest)
        self._open.append(part)
        self._tokens.wants_text = part is not None

    def text(self, piece: str, is_cdata: bool) -> None:
        part = self._open[-1] if self._open else None
        if part is not None:
            part.add(piece if is_cdata else unescape(piece))

    @property
    def depth(self) -> int:
        """How many elements within the case are open."""
        return len(self._open)

    def end(self) -> None:
        """End the innermost open element."""
        self._open.pop()
        part = self._open[-1] if self._open else None
        self._tokens.wants_text = part is not None
        if not self._open:
            self._problem = None

    def _part(self, name: str, rest: str) -> TextPart | None:
        """Return where the text of an element that begins goes; None to skip it."""
        if name in ("system-out", "system-err"):
            return (self._problem or self).part(name)
        if self._problem is not None:
            return self._open[-1]  # stackTrace and others belong to the problem's text
        if name in _ALL:
            return self._add_problem(name, self._tokens.attributes(rest))
        if name == "property":
            return self._add_property(self._tokens.attributes(rest))
        return None

    def _add_problem(self, name: str, values: dict[str, str]) -> TextPart:
        content = TextPart(self._limits.text)
        self._problem = Problem(name, values, content, self._limits)
        self.problems.append(self._problem)
        return content

    def _add_property(self, values: dict[str, str]) -> TextPart:
        content = TextPart(MAX_MESSAGE)
        content.add(values.get("value", ""))
        self.properties.append((clean_line(values.get("name", ""))[:MAX_NAME], content))
        return content
