"""The message of a report of gocheck: what was obtained and expected, and what was asserted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_MOST = 160  # characters of a value, an expression or a comment
_PLACE = re.compile(r"^\S+\.go:\d+:$")
_VALUE = re.compile(r"^\.\.\. (?P<name>[a-z]\w*) (?P<type>\S.*?) = (?P<value>.*)$")
_CHECKER = re.compile(r"\b(IsTrue|IsFalse|IsNil|NotNil)\b")
_EXPECTED = {"IsTrue": "true", "IsFalse": "false", "IsNil": "nil", "NotNil": "not nil"}
_FRAME = re.compile(r"^(?P<path>/\S+\.go):(?P<line>\d+)$")
_COUNTER = re.compile(r" \(PC=0x[0-9A-Fa-f]+\)$")
_FUNCTION = re.compile(r"^  in (?P<function>\S+\.\S+)$")


@dataclass(slots=True)
class _Assertion:
    """What a report says about an assertion; values as name: (type, value)."""

    expression: str = ""
    values: dict[str, tuple[str, str]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    @property
    def checker(self) -> str:
        """One that has a single expected value, or ""."""
        match = _CHECKER.search(self.expression)
        return match[1] if match else ""


def gocheck_message(texts: Sequence[str]) -> str:
    """`obtained 2, expected 3: c.Assert(len(rows), Equals, 3)`; "" for no report of gocheck."""
    assertion = _parsed(texts)
    if not assertion.values and assertion.comments:
        return short(assertion.comments[0]) + _innermost_frame(texts)

    values = ", ".join(_values(assertion))
    own_words = assertion.comments[:2]
    tells = "expected" in assertion.values
    parts = [values, *own_words] if tells else [*own_words, values]
    return ": ".join(short(part) for part in (*parts, assertion.expression) if part)


def _parsed(texts: Sequence[str]) -> _Assertion:
    assertion = _Assertion()
    code: list[str] = []
    places = 0
    for text in texts:
        if _PLACE.match(text):
            places += 1
        elif match := _VALUE.match(text):
            assertion.values[match["name"]] = (match["type"], match["value"])
        elif text.startswith("... "):
            assertion.comments.append(_comment(text))
        elif places == 1 and text[:1].isspace() and not assertion.values:
            # Below the first place, that of the test: the others are helpers that it calls.
            code.append(text.strip())
    assertion.expression = " ".join(code)
    return assertion


def _comment(text: str) -> str:
    words = text.removeprefix("... ").removeprefix("Error: ").strip()
    return _COUNTER.sub("", words)


def _values(assertion: _Assertion) -> Iterator[str]:
    """`obtained 2`, `expected 3`: with their types if these differ."""
    values = dict(assertion.values)
    if assertion.checker and "expected" not in values:
        obtained = values.get("value") or values.get("obtained")
        values = {"obtained": obtained} if obtained else {}
        values["expected"] = ("", _EXPECTED[assertion.checker])
    types = {kind for kind, _ in values.values() if kind}
    is_typed = {"obtained", "expected"} <= values.keys() and len(types) > 1
    for name, (kind, value) in values.items():
        typed = f" {kind}" if is_typed and kind else ""
        yield f"{name}{typed} {short(_readable(value))}"


def _readable(value: str) -> str:
    """An error by its words; gocheck prints them in brackets behind a dump of the value."""
    dump, bracket, words = value.partition(' ("')
    if not bracket or not words.endswith('")'):
        return value
    is_dump = dump.startswith("&") or "{" in dump
    return f'"{words.removesuffix(")")}' if is_dump else dump


def _innermost_frame(texts: Sequence[str]) -> str:
    """` in worker.run (worker.go:12)`: where a panic began, outside Go itself; "" if unknown."""
    for place, function in pairwise(texts):
        frame, name = _FRAME.match(place), _FUNCTION.match(function)
        if frame and name and "/go/src/runtime/" not in frame["path"]:
            file = frame["path"].rpartition("/")[2]
            return f" in {name['function']} ({file}:{frame['line']})"
    return ""


def short(text: str) -> str:
    """The text, cut if it is long."""
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
