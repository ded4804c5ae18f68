"""The rules: data in `families/*.toml` and in a user's own file, read and checked here."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from ci_stat.errors import SettingsError
from ci_stat.records import FailureKind

CAUSE, HINT, SUMMARY, EFFECT = WEIGHTS = ("cause", "hint", "summary", "effect")
_KINDS = frozenset(kind.value for kind in FailureKind)
_MAX_LINES = 5000
# Files of rules, one for each family of tools, in the order in which rules are tried: the first
# rule that matches a line wins.
FAMILIES = (
    *("machines", "network", "formats", "go", "python", "rust", "jvm", "javascript", "ruby"),
    *("dotnet", "cpp", "others", "tidb", "deploy", "packages", "linters", "frameworks"),
    *("build_tools", "formatters", "hints"),
)
SCANNER = 4  # raise it if results change for another reason than a change of the rules

_REQUIRED = ("name", "kind", "pattern", "anchors")
_PATTERNS = (
    "pattern",
    "next",
    "signs",
    "back",
    "until",
    "through",
    "down",
    "items",
    "says",
    "tells",
)
_MINIMA = {"lines": 1, "head": 1, "blank": 0, "tail": 0}


@dataclass(frozen=True, eq=False)  # compared by identity: tuples of rules are keys of a cache
class Rule:
    """How one type of failure looks in a log. The fields are the keys of a rule in TOML.

    - `anchors`: literals; the first line of every such failure contains one of them. The scanner
      searches for them before any pattern. A line end at the start or end of a literal stands for
      the start or end of the line.
    - `pattern`: what the first line looks like; its groups `case`, `suite`, `file`, `line` and
      `message` become fields of the failure.
    - `next`: what the line below must look like, if that decides.
    - `signs`: what a line near this one must look like, where other tools write such lines too.
    - The block begins at this line. It extends up while lines match `back`. It extends down over
      `head` lines in any case, then to the first line that matches `until` (excluded) or
      `through` (included), that does not match `down`, or that is not `indent`ed deeper than
      the first line, and over `blank` empty lines at most. `lines` limits the whole block.
      `tail` more lines follow indented lines.
    - `exact`: the block ends there. Otherwise a short block runs on to the end of its paragraph,
      and a panic reaches up to the start of its own (`extents`).
    - `items`: the block is a list; each line that matches begins a failure of its own.
    - `says`: the line of the block that is the message, or its group `message`; with `last` the
      last match counts, otherwise the first.
    - `tells`: the line of the block that readers see in place of the message, if that says only
      that something failed. It does not tell failures apart.
    - `ended`: what happened to the command that ended here; the failure is named after the
      command, if the log shows it, and these words.
    - `weight`: `cause`; `hint`: a possible cause; `summary`: the result of many tests; `effect`:
      the line reports a failure without its reason, and is shown only on request.
    - `bare`: the weight of a block of a single line, if it differs.
    - `jobs`: patterns of job names that the rule is limited to.
    """

    name: str
    kind: str
    pattern: str
    anchors: tuple[str, ...]
    next: str = ""
    signs: str = ""
    back: str = ""
    head: int = 1
    until: str = ""
    through: str = ""
    down: str = ""
    indent: bool = False
    tail: int = 0
    blank: int = 0
    lines: int = 100
    exact: bool = False
    items: str = ""
    says: str = ""
    last: bool = False
    tells: str = ""
    ended: str = ""
    weight: str = CAUSE
    bare: str = ""
    jobs: tuple[str, ...] = field(default=())
    own: bool = field(default=False, repr=False)  # a user's own rule; no key of a rule

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind is {self.kind!r}, not one of {', '.join(sorted(_KINDS))}")

        for name, value in (("weight", self.weight), ("bare", self.bare or self.weight)):
            if value not in WEIGHTS:
                raise ValueError(f"{name} is {value!r}, not one of {', '.join(WEIGHTS)}")

        if not self.anchors or not all(3 <= len(anchor.encode()) <= 100 for anchor in self.anchors):
            raise ValueError("anchors must be one or more literals of 3 to 100 bytes")
        if any("\n" in anchor[1:-1] for anchor in self.anchors):
            raise ValueError("an anchor must not contain a line end inside")

        for name, minimum in _MINIMA.items():
            value = getattr(self, name)
            if not minimum <= value <= _MAX_LINES:
                raise ValueError(f"{name} is {value}, not from {minimum} to {_MAX_LINES}")

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def match(self, text: str, below: str) -> re.Match[str] | None:
        """Return the match in the first line of a block; `below` is the line after it."""
        match = self._regex.search(text)
        if match and self.next and not compiled(self.next).search(below):
            return None
        return match

    def for_job(self, job: str) -> bool:
        """Whether the rule applies to a job; "" is an unknown job, to which every rule applies."""
        return not self.jobs or not job or any(fnmatchcase(job, pattern) for pattern in self.jobs)

    def compile_all(self) -> None:
        """Raises re.error for an invalid pattern."""
        for name in _PATTERNS:
            re.compile(getattr(self, name))


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def builtin() -> tuple[Rule, ...]:
    """Return the rules of this package, in order."""
    return tuple(rule for family in FAMILIES for rule in family_rules(family))


@cache
def family_rules(family: str) -> tuple[Rule, ...]:
    """Return the rules of one family of tools, in order."""
    path = files("ci_stat.failures").joinpath("families", f"{family}.toml")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_rule(values) for values in content["rule"])


@cache
def rule_set(rules: tuple[Rule, ...] | None = None) -> str:
    """Return a key for the version of the scanner and the rules; a log is read once per key."""
    content = repr(builtin() if rules is None else rules)
    return f"{SCANNER}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def parse(text: str, where: str) -> tuple[Rule, ...]:
    """Parse a user's own rules. Raises SettingsError that names the rule and what is wrong."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            f"{where} is not valid TOML: {error}.", "See docs/rules.md for an example."
        ) from None

    rules = content.get("rule")
    is_list = isinstance(rules, list) and all(isinstance(values, dict) for values in rules)
    if set(content) != {"rule"} or not is_list:
        raise SettingsError(
            f"{where} does not contain a list of rules.",
            "Each rule begins with [[rule]]; see docs/rules.md.",
        )
    return tuple(_checked(values, index, where) for index, values in enumerate(content["rule"], 1))


def _checked(values: dict[str, Any], index: int, where: str) -> Rule:
    try:
        rule = replace(_rule(values), own=True)
        rule.compile_all()
    except (ValueError, TypeError, OverflowError, RecursionError, re.error) as error:
        name = str(values.get("name", "without a name"))[:80]
        raise SettingsError(
            f"{where}: rule {index} ({name!r}): {error}.",
            "See docs/rules.md for the keys of a rule.",
        ) from None
    return rule


_TYPES: dict[str, Any] = {field.name: field.type for field in fields(Rule) if field.repr}


def _rule(values: dict[str, Any]) -> Rule:
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")

    missing = [name for name in _REQUIRED if not values.get(name)]
    if missing:
        raise ValueError(f"{missing[0]} is missing")

    arguments: dict[str, Any] = {}
    for name, value in values.items():
        _check_type(name, value)
        arguments[name] = tuple(value) if isinstance(value, list) else value
    return Rule(**arguments)


def _check_type(name: str, value: object) -> None:
    kind = _TYPES[name]
    if kind in (str, int, bool):
        if type(value) is not kind:
            raise ValueError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")
    elif not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} is not a list of strings")


def anchors_of(rules: Iterable[Rule]) -> set[str]:
    return {anchor for rule in rules for anchor in rule.anchors}
