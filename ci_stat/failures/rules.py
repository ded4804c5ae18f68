"""The rules: data in `rules.toml` (and in a user's own file), read and checked here."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from ci_stat.errors import SettingsError
from ci_stat.records import FailureKind

CAUSE, HINT, SUMMARY, EFFECT = WEIGHTS = ("cause", "hint", "summary", "effect")
_KINDS = frozenset(kind.value for kind in FailureKind)
_MOST_LINES = 5000
SCANNER = 1  # raised with every change of what is found that is not a change of the rules


@dataclass(frozen=True, eq=False)  # compared by identity: sets of rules are keys of a cache
class Rule:
    """How one sort of failure looks in a log.

    - `anchors`: literals, one of which stands in the first line of every such failure; they are searched first.
    - `pattern`: what that line looks like; groups `case`, `suite`, `file`, `line`, `message` are taken from it.
    - `next`: what the line below must look like, if that decides.
    - The block begins there. It goes up while lines match `back`. It goes down over `head` lines in any case, then
      to the first line that matches `until` (left out) or `through` (taken), that does not match `down`, that
      is not `indent`ed deeper than the first, or to more than `blank` empty lines; at most `lines` in all.
      `tail` more lines are taken after lines that were indented.
    - `items`: the block is a list; each line that matches begins a failure of its own.
    - `says`: which line of the block is the message (the last match counts with `last`), or its group `message`.
    - `weight`: `cause`, or `effect`: it says that something failed and not what, and is told when nothing else is.
    - `bare`: its weight where the block is one line only, if that is another.
    - `jobs`: patterns of job names it is limited to.
    """

    name: str
    kind: str
    pattern: str
    anchors: tuple[str, ...]
    next: str = ""
    back: str = ""
    head: int = 1
    until: str = ""
    through: str = ""
    down: str = ""
    indent: bool = False
    tail: int = 0
    blank: int = 0
    lines: int = 100
    items: str = ""
    says: str = ""
    last: bool = False
    weight: str = CAUSE
    bare: str = ""
    jobs: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind is {self.kind!r}, not one of {', '.join(sorted(_KINDS))}")
        for name, value in (("weight", self.weight), ("bare", self.bare or self.weight)):
            if value not in WEIGHTS:
                raise ValueError(f"{name} is {value!r}, not one of {', '.join(WEIGHTS)}")
        if not self.anchors or not all(3 <= len(anchor.encode()) <= 100 for anchor in self.anchors):
            raise ValueError("anchors must be literals of 3 to 100 bytes, one at least")
        if any("\n" in anchor for anchor in self.anchors):
            raise ValueError("an anchor stands in one line, and holds no line end")
        for name, least in (("lines", 1), ("head", 1), ("blank", 0), ("tail", 0)):
            if not least <= getattr(self, name) <= _MOST_LINES:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, not from {least} to {_MOST_LINES}"
                )

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def match(self, text: str, below: str) -> re.Match[str] | None:
        """The rule's match in a block's first line."""
        found = self._regex.search(text)
        return found if found and (not self.next or compiled(self.next).search(below)) else None

    def for_job(self, job: str) -> bool:
        return not self.jobs or not job or any(fnmatchcase(job, pattern) for pattern in self.jobs)

    def compile_all(self) -> None:
        """Raises re.error for a pattern that is none."""
        for pattern in (
            self.pattern,
            self.next,
            self.back,
            self.until,
            self.through,
            self.down,
            self.items,
            self.says,
        ):
            re.compile(pattern)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def builtin() -> tuple[Rule, ...]:
    """The rules of this package, in their order."""
    text = files("ci_stat.failures").joinpath("rules.toml").read_text(encoding="utf-8")
    return tuple(_rule(each) for each in tomllib.loads(text)["rule"])


@cache
def rule_set(rules: tuple[Rule, ...] | None = None) -> str:
    """A short name for a set of rules and the scanner's version: with another one, logs are read anew."""
    said = repr(builtin() if rules is None else rules)
    return f"{SCANNER}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def parse(text: str, where: str) -> tuple[Rule, ...]:
    """A user's own rules. Raises SettingsError that names the rule and what is wrong with it."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            f"{where} is not valid TOML: {error}.", "See docs/rules.md for an example."
        ) from None
    rules = content.get("rule")
    if (
        set(content) - {"rule"}
        or not isinstance(rules, list)
        or not all(isinstance(each, dict) for each in rules)
    ):
        raise SettingsError(
            f"{where} holds no list of rules.", "Each rule begins with [[rule]]; see docs/rules.md."
        )
    return tuple(_checked(each, index, where) for index, each in enumerate(rules, 1))


def _checked(values: dict[str, Any], index: int, where: str) -> Rule:
    try:
        rule = _rule(values)
        rule.compile_all()
    except (ValueError, TypeError, OverflowError, RecursionError, re.error) as error:
        raise SettingsError(
            f"{where}: rule {index} ({str(values.get('name', 'without a name'))[:80]!r}): {error}.",
            "See docs/rules.md for what a rule holds.",
        ) from None
    return rule


_TYPES: dict[str, Any] = {each.name: each.type for each in fields(Rule)}  # what a rule may hold


def _rule(values: dict[str, Any]) -> Rule:
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    missing = [name for name in ("name", "kind", "pattern", "anchors") if not values.get(name)]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    for name, value in values.items():
        _check_type(name, value)
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Rule(**given)


def _check_type(name: str, value: object) -> None:
    kind = _TYPES[name]
    if kind in (str, int, bool) and type(value) is not kind:
        raise ValueError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")
    if kind not in (str, int, bool) and not (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    ):
        raise ValueError(f"{name} is not a list of texts")


def anchors_of(rules: Iterable[Rule]) -> set[str]:
    return {anchor for rule in rules for anchor in rule.anchors}
