"""The language in which card shapes are written down, and the comparison of a value with one.

A rule says what a value must be: `Is` a plain value, `Tags` an element of certain kinds, `Each` a
list, `ByName` an object with free keys, `Shape` an object with these keys and no others.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Why a card is refused. `code`: the sub-code that stands as `ErrCode` in the answer's text."""

    code: int
    message: str
    path: str = ""
    value: str = ""

    def __str__(self) -> str:
        parts = {
            "ErrCode": str(self.code),
            "ErrPath": self.path,
            "ErrMsg": self.message,
            "ErrorValue": self.value,
        }
        return "".join(f"{name}: {text}; " for name, text in parts.items() if text)


def malformed(what: str, path: str) -> Fault:
    """Code 200621, whose text has the place at the end of its value."""
    told = "parse card json err, please check whether the card json is correct"
    return Fault(200621, told, value=f"{what}, path: {path}")


@dataclass(frozen=True)
class Is:
    name: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Named:
    """A size or a colour: one of Feishu's own, or one that the card's `config.style` defines."""

    kind: str
    own: re.Pattern[str]


@dataclass(frozen=True)
class Tags:
    allowed: frozenset[str]


@dataclass(frozen=True)
class Each:
    rule: "Rule"
    least: int = 0
    most: int = 10_000


@dataclass(frozen=True)
class ByName:
    rule: "Rule"


@dataclass(frozen=True)
class Shape:
    """`any_of`: at least one of these optional keys must be there."""

    required: Mapping[str, "Rule"] = field(default_factory=dict)
    optional: Mapping[str, "Rule"] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()


Rule = Is | Named | Tags | Each | ByName | Shape


@dataclass(frozen=True)
class Book:
    """The shapes of one schema. `gone`: tags that only the other schema has."""

    shapes: Mapping[str, Shape]
    gone: frozenset[str] = frozenset()
    custom: Mapping[str, Collection[str]] = field(default_factory=dict)

    def faults(self, rule: Rule, value: Any, path: str) -> Iterator[Fault]:
        match rule:
            case Is():
                if not rule.holds(value):
                    yield malformed(f"invalid {rule.name}: {value!r:.80}", path)
            case Named():
                yield from self._named(rule, value, path)
            case Tags():
                yield from self._element(rule, value, path)
            case Each():
                yield from self._list(rule, value, path)
            case ByName():
                yield from self._free(rule, value, path)
            case Shape():
                yield from self._object(rule, value, path)

    def _named(self, rule: Named, value: Any, path: str) -> Iterator[Fault]:
        known = isinstance(value, str) and (
            rule.own.fullmatch(value) or value in self.custom.get(rule.kind, ())
        )
        if not known:
            yield malformed(f"invalid {rule.kind}: {value!r:.80}", path)

    def _element(self, rule: Tags, value: Any, path: str) -> Iterator[Fault]:
        tag = value.get("tag") if isinstance(value, dict) else None
        if not isinstance(tag, str):
            yield malformed("an element without tag", path)
        elif tag in self.gone:
            told = "cards of schema V2 no longer support this capability"
            yield Fault(200861, told, path, f"unsupported tag {tag}")
        elif tag not in self.shapes:
            yield Fault(11310, "unsupported type of block", path, tag)
        elif tag not in rule.allowed:
            yield malformed(f"tag {tag} is not allowed here", path)
        else:
            yield from self._object(self.shapes[tag], value, path)

    def _list(self, rule: Each, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, list) or not rule.least <= len(value) <= rule.most:
            yield malformed(f"not a list of {rule.least} to {rule.most}", path)
            return
        for at, each in enumerate(value):
            yield from self.faults(rule.rule, each, step(path, f"[{at}]", each))

    def _free(self, rule: ByName, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield malformed("not an object", path)
            return
        for name, each in value.items():
            yield from self.faults(rule.rule, each, step(path, name, each))

    def _object(self, shape: Shape, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield malformed("not an object", path)
            return
        yield from (
            malformed(f"missing property: {name}", path)
            for name in shape.required
            if name not in value
        )
        if shape.any_of and not any(name in value for name in shape.any_of):
            yield malformed(f"missing property: {' or '.join(shape.any_of)}", path)
        for name, each in value.items():
            rule = shape.required.get(name) or shape.optional.get(name)
            if rule is None:
                yield malformed(f"unknown property, property: {name}", path)
            else:
                yield from self.faults(rule, each, step(path, name, each))


def step(path: str, name: str, value: Any) -> str:
    """`ROOT -> body -> elements -> [3](tag: table)`, as the real answers write it."""
    tag = value.get("tag") if isinstance(value, dict) else None
    return f"{path} -> {name}" + (f"(tag: {tag})" if isinstance(tag, str) else "")


def element(required: Mapping[str, Rule], optional: Mapping[str, Rule], *any_of: str) -> Shape:
    return Shape({"tag": TEXT, **required}, optional, any_of)


def tags(*names: str) -> Tags:
    return Tags(frozenset(names))


def one_of(*words: str) -> Is:
    return Is(
        f"value, not one of {'|'.join(words)}",
        lambda value: isinstance(value, str) and value in words,
    )


def whole(low: int, high: int) -> Is:
    """A whole number; JSON's `true` is none."""
    return Is(
        f"number from {low} to {high}", lambda value: type(value) is int and low <= value <= high
    )


def pixels(low: int, high: int, *words: str, unit: str = "px") -> Is:
    """`40px` within the limits, or one of the words."""

    def holds(value: Any) -> bool:
        found = re.fullmatch(rf"(-?\d+){unit}", value) if isinstance(value, str) else None
        return (isinstance(value, str) and value in words) or (
            found is not None and low <= int(found[1]) <= high
        )

    return Is(f"size from {low}{unit} to {high}{unit}", holds)


def edges(low: int, high: int) -> Is:
    """One, two or four sizes with blanks between; a 0 may go without its unit."""

    def holds(value: Any) -> bool:
        parts = value.split(" ") if isinstance(value, str) else []
        sizes = [re.fullmatch(r"(-?\d+)px|0", part) for part in parts]
        return len(parts) in (1, 2, 4) and all(
            found and low <= int(found[1] or 0) <= high for found in sizes
        )

    return Is(f"edges from {low}px to {high}px", holds)


def _clickable(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"https?://[^\s/?#\x00-\x1f]+[^\s\x00-\x1f]*", value) is not None
    )


TEXT = Is("text", lambda value: isinstance(value, str))
FLAG = Is("flag", lambda value: isinstance(value, bool))
NUMBER = Is("number", lambda value: isinstance(value, int | float) and not isinstance(value, bool))
OBJECT = Is("object", lambda value: isinstance(value, dict))
URL = Is("link, neither http nor https", _clickable)
ID = Is(
    "element_id",
    lambda value: (
        isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,19}", value))
    ),
)
