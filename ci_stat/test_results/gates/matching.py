"""Which tests a selector of a policy selects."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ci_stat.failures.case_identity import dotted
from ci_stat.test_results.gates.model import GateCase
from ci_stat.test_results.gates.policy import Category, Names, Selector, as_names

_WILD = re.compile(r"[*?]")


class Subject:
    """A test with what selectors ask of it, computed once."""

    __slots__ = ("_markers", "_names", "case")

    def __init__(self, case: GateCase) -> None:
        self.case = case
        self._markers: frozenset[str] | None = None
        self._names: tuple[str, ...] | None = None

    @property
    def markers(self) -> frozenset[str]:
        if self._markers is None:
            self._markers = self.case.markers if self.case.properties else frozenset()
        return self._markers

    @property
    def names(self) -> tuple[str, ...]:
        if self._names is None:
            self._names = _case_names(self.case)
        return self._names


Test = Callable[[Subject], bool]


class Pattern:
    """Names, in which `*` stands for any characters and `?` for one. All others are literal."""

    def __init__(self, names: Names) -> None:
        texts = as_names(names)
        self.exact = frozenset(text for text in texts if not _WILD.search(text))
        self._wild = [_regex(text) for text in texts if _WILD.search(text)]

    @property
    def has_wildcards(self) -> bool:
        return bool(self._wild)

    def fits(self, candidates: Iterable[str]) -> bool:
        """Whether one of the candidates fits one of the names."""
        texts = tuple(candidates)
        return not self.exact.isdisjoint(texts) or any(
            wild.fullmatch(text) for wild in self._wild for text in texts
        )


def _regex(text: str) -> re.Pattern[str]:
    """A pattern whose time grows linearly with the text for each `*`, as of fnmatch."""
    pieces = re.split(r"\*+", text)
    literal = [re.escape(piece).replace(r"\?", ".") for piece in pieces]
    middle = "".join(f"(?>.*?{piece})" for piece in literal[1:-1])
    return re.compile(
        f"{literal[0]}{middle}.*{literal[-1]}" if len(literal) > 1 else literal[0], re.S
    )


def _case_names(case: GateCase) -> tuple[str, ...]:
    """How a policy may spell a test: with and without its place and its parameters."""
    full, name, parameters = case.dotted_name, case.name, case.parameters
    place = case.class_name or case.file or case.suite
    names: tuple[str, ...] = (full, f"{place} :: {name}", name)
    if f"{place}.{name}" != full:
        names = (*names, f"{place}.{name}")
    return (*names, *(one + parameters for one in names)) if parameters else names


def compiled(selector: Selector, categories: Sequence[Category] = ()) -> Test:
    """Return a function that says whether the selector selects a test."""
    parts = list(_parts(selector, categories))
    if len(parts) == 1:
        return parts[0]
    return lambda subject: all(fits(subject) for fits in parts)


def _parts(selector: Selector, categories: Sequence[Category]) -> Iterable[Test]:
    """The conditions, those that are cheap to check first."""
    if selector.labels:
        wanted = selector.labels.items()
        yield lambda subject: wanted <= dict(subject.case.labels).items()
    if selector.marker:
        markers = set(as_names(selector.marker))
        yield lambda subject: not markers.isdisjoint(subject.markers)
    if selector.except_marker:
        forbidden = set(as_names(selector.except_marker))
        yield lambda subject: forbidden.isdisjoint(subject.markers)
    if selector.category:
        yield compiled(next(one for one in categories if one.name == selector.category))
    if selector.suite:
        suite = Pattern(selector.suite)
        yield lambda subject: suite.fits((subject.case.suite,))
    if selector.file:
        file = Pattern(selector.file)
        yield lambda subject: file.fits((subject.case.file,))
    if selector.case:
        names = Pattern(_spellings(selector.case))
        yield lambda subject: names.fits(subject.names)
    if selector.below:
        yield lambda subject: _is_below(subject.case, selector.below)


def _spellings(names: Names) -> tuple[str, ...]:
    """The names, and each of them with points as separators."""
    texts = as_names(names)
    return (*texts, *(dotted(text) for text in texts))


def exact_names(selector: Selector) -> frozenset[str]:
    """Return spellings one of which a selected test has; empty if it may have others."""
    names = Pattern(_spellings(selector.case))
    return frozenset() if names.has_wildcards else names.exact


def _is_below(case: GateCase, limits: Mapping[str, float]) -> bool:
    values = {**dict(case.labels), **dict(case.properties)}
    return all(_number(values.get(key)) < limit for key, limit in limits.items())


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else float("inf")
    except ValueError:
        return float("inf")


def is_bare_name(selector: Selector, case: GateCase) -> bool:
    """Whether the selector spells the test without its place and without wildcards."""
    full, own = case.dotted_name, (case.name + case.parameters, case.name)
    if own[1] == full or not selector.case:
        return False
    exact = Pattern(_spellings(selector.case)).exact
    with_place = exact.intersection(_case_names(case)) - set(own)
    return not with_place and not exact.isdisjoint(own)


def words_of(selector: Selector) -> str:
    """What a selector selects, for people, e.g. `case TestA, marker slow`."""
    parts = []
    for key in ("case", "suite", "file", "marker"):
        if names := as_names(getattr(selector, key)):
            parts.append(f"{key} {' or '.join(names)}")
    if selector.except_marker:
        parts.append(f"without marker {' or '.join(as_names(selector.except_marker))}")
    parts += [f"{key}={value}" for key, value in sorted(selector.labels.items())]
    parts += [f"{key} below {limit:g}" for key, limit in sorted(selector.below.items())]
    parts += [f"category {selector.category}"] if selector.category else []
    return ", ".join(parts)
