"""The expressions of GitHub Actions that our files use: contexts, ! && || == !=, functions.

Stricter than GitHub, which takes an unknown name for an empty text: here it is an error, except
below `github.event`, whose content depends on the event.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)|(?P<sign>&&|\|\||==|!=|[!(),]))"
)
_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}

Contexts = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


class ExpressionError(Exception):
    """An expression that this evaluator does not know, or a name that does not exist."""


def evaluate(text: str, contexts: Contexts, functions: Functions) -> Any:
    """Return the value of an expression, without `${{ }}`."""
    parser = _Parser(_tokens(text), contexts, functions)
    value = parser.any_of()
    if parser.tokens:
        raise ExpressionError(f"{text!r}: {parser.tokens[0][1]!r} is too much")
    return value


def filled(text: str, contexts: Contexts, functions: Functions) -> str:
    """Return a text in which each `${{ }}` is replaced by its value."""
    return _HOLE.sub(lambda hole: as_text(evaluate(hole[1], contexts, functions)), text)


def condition(text: str, contexts: Contexts, functions: Functions) -> bool:
    """Return whether a step runs. `text`: its `if`; success() counts if it asks for no status."""
    inside = text.strip()
    whole = re.fullmatch(r"\$\{\{(.*)\}\}", inside, re.DOTALL)
    expression = whole[1] if whole else inside
    asks_status = re.search(r"\b(?:success|failure|always|cancelled)\(", expression)
    if not asks_status and not functions["success"]():
        return False
    return bool(evaluate(expression, contexts, functions)) if expression else True


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ExpressionError(f"{value!r} is no text")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"{text!r}: cannot read {stripped[place:]!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return tokens


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    contexts: Contexts
    functions: Functions
    _end: tuple[str, str] = field(default=("", ""))

    def any_of(self) -> Any:
        value = self._all_of()
        while self._takes("||"):
            other = self._all_of()
            value = value or other
        return value

    def _all_of(self) -> Any:
        value = self._compared()
        while self._takes("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._negated()
        for sign in ("==", "!="):
            if self._takes(sign):
                is_equal = _folded(value) == _folded(self._negated())
                return is_equal is (sign == "==")
        return value

    def _negated(self) -> Any:
        return not self._negated() if self._takes("!") else self._value()

    def _value(self) -> Any:
        if self._takes("("):
            value = self.any_of()
            self._require(")")
            return value
        kind, text = self.tokens.pop(0) if self.tokens else self._end
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind != "name":
            raise ExpressionError(f"a value is missing before {text!r}")
        if self._takes("("):
            return self._called(text)
        return _WORDS[text] if text in _WORDS else _looked_up(text, self.contexts)

    def _called(self, name: str) -> Any:
        if name not in self.functions:
            raise ExpressionError(f"unknown function {name!r}")
        arguments: list[Any] = []
        while not self._takes(")"):
            if arguments:
                self._require(",")
            arguments.append(self.any_of())
        return self.functions[name](*arguments)

    def _takes(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def _require(self, sign: str) -> None:
        if not self._takes(sign):
            raise ExpressionError(f"{sign!r} is missing")


def _folded(value: Any) -> Any:
    """Texts are compared without case; null is an empty text beside one."""
    if value is None:
        return ""
    return value.lower() if isinstance(value, str) else value


def _looked_up(name: str, contexts: Contexts) -> Any:
    value: Any = contexts
    for place, part in enumerate(name.split(".")):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif name.startswith("github.event.") and place >= 2:
            return None
        else:
            raise ExpressionError(f"{name!r} does not exist")
    return value
