"""Reads a matrix, and rejects one that names what it does not have, or that leaves nothing."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import prod
from pathlib import Path

from ci_stat.formats.strict_toml import InvalidValue, Path_, located, parse_toml, read_text
from ci_stat.test_results.matrix.expand import entries_of, product_of
from ci_stat.test_results.matrix.model import (
    ALL,
    Limits,
    Matrix,
    Value,
    as_values,
    text_of,
    variable_of,
)

MAX_PRODUCT = 10_000  # entries before excludes
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_CRON = re.compile(r"[\dA-Za-z*/,?#-]+( [\dA-Za-z*/,?#-]+){4}")
_MAX_VALUE = 200  # characters
_KEY = "key"  # ours: the stable key of an entry


def read_matrix(path: Path) -> Matrix:
    """Return the matrix of a TOML file. Raises SettingsError, which names file and line."""
    return parse_matrix(read_text(path, "the matrix"), str(path))


def parse_matrix(text: str, where: str = "the matrix") -> Matrix:
    """Return the matrix that `text` states. Raises SettingsError."""
    matrix = parse_toml(text, Matrix, where)
    try:
        _check_names(matrix)
        _check_dimensions(matrix)
        _check_limits(matrix)
        _check_includes(matrix)
        _check_pins(matrix)
        _check_excludes(matrix)
        _check_types(matrix)
        _check_schedule(matrix)
    except InvalidValue as problem:
        raise located(text, where, problem) from None
    return matrix


def normalized_cron(line: str) -> str:
    return " ".join(line.split())


def unknown(what: str, name: str, known: Iterable[str], path: Path_ = ()) -> InvalidValue:
    """The error about a name that does not exist: it lists those that do."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return InvalidValue(path, f"unknown {what} {name[:80]!r}", f"{hint}Known: {', '.join(names)}.")


def _check_names(matrix: Matrix) -> None:
    for name in (*matrix.dimensions, *matrix.extra, *matrix.types):
        if not _NAME.fullmatch(name) or name == _KEY:
            reason = f"{name[:80]!r} is not a name: letters, digits, _ and -, and not {_KEY!r}"
            raise InvalidValue(("dimensions", name), reason)
    seen: dict[str, str] = {}
    for name in (*matrix.dimensions, *matrix.extra):
        variable = variable_of(name)
        if variable in seen:
            reason = f"{seen[variable]!r} and {name!r} would be one variable, {variable}"
            raise InvalidValue(("dimensions", name), reason)
        seen[variable] = name


def _check_dimensions(matrix: Matrix) -> None:
    if not matrix.dimensions:
        raise InvalidValue(("dimensions",), "[dimensions] is empty")
    for name, values in matrix.dimensions.items():
        path = ("dimensions", name)
        if not values:
            raise InvalidValue(path, f"dimension {name!r} has no values")
        if len({text_of(value) for value in values}) < len(values):
            raise InvalidValue(path, f"dimension {name!r} has a value twice")
        for value in values:
            _check_value(value, path)
    size = prod(len(values) for values in matrix.dimensions.values())
    if size > MAX_PRODUCT:
        reason = f"the product has {size:,} entries; at most {MAX_PRODUCT:,} are read"
        raise InvalidValue(("dimensions",), reason)


def _check_value(value: Value, path: Path_) -> None:
    text = text_of(value)
    if not text.strip() or not text.isprintable() or len(text) > _MAX_VALUE:
        reason = f"{text[:40]!r} is not a value: it is empty, too long or has control characters"
        raise InvalidValue(path, reason)


def _limits(matrix: Matrix) -> Iterator[tuple[Path_, Limits]]:
    for place, exclude in enumerate(matrix.exclude):
        yield ("exclude", place), exclude
    for name, limits in matrix.types.items():
        yield ("types", name), limits
    for place, pin in enumerate(matrix.pin):
        yield ("pin", place, "when"), pin.when


def _check_limits(matrix: Matrix) -> None:
    """Dimensions and values must be those of the matrix."""
    known = _known_values(matrix)
    for path, limits in _limits(matrix):
        if path[0] == "exclude" and not limits:
            raise InvalidValue(path, "[[exclude]] names no dimension, so it excludes everything")
        for name, values in limits.items():
            if name not in matrix.dimensions:
                raise unknown("dimension", name, matrix.dimensions, (*path, name))
            for value in as_values(values):
                if not _has(known[name], value):
                    names = map(text_of, known[name])
                    what = f"value of {name!r}"
                    raise unknown(what, text_of(value), names, (*path, name))


def _known_values(matrix: Matrix) -> dict[str, list[Value]]:
    """Values of each dimension, with those that only an include has."""
    known = {name: list(values) for name, values in matrix.dimensions.items()}
    for include in matrix.include:
        for name, values in known.items():
            if name in include and not _has(values, include[name]):
                values.append(include[name])
    return known


def _has(values: Collection[Value], value: Value) -> bool:
    """Whether `value` is among them, as the same type: 1 is not true."""
    return any(one == value and type(one) is type(value) for one in values)


def _check_includes(matrix: Matrix) -> None:
    product = [entry.values for entry in product_of(matrix)]
    for place, include in enumerate(matrix.include):
        path = ("include", place)
        _check_include(matrix, include, path)

        values = {name: include[name] for name in matrix.dimensions}
        earlier = matrix.include[:place]
        is_double = any(values.items() <= other.items() for other in earlier)
        if is_double or values in product:
            raise InvalidValue(path, "[[include]] adds an entry that the matrix has already")


def _check_include(matrix: Matrix, include: Mapping[str, Value], path: tuple[str, int]) -> None:
    known = (*matrix.dimensions, *matrix.extra)
    for name, value in include.items():
        if name not in known:
            raise unknown("dimension", name, known, (*path, name))
        _check_value(value, (*path, name))

    missing = [name for name in matrix.dimensions if name not in include]
    if missing:
        raise InvalidValue(path, f"[[include]] has no value of {missing[0]!r}")


def _check_pins(matrix: Matrix) -> None:
    known = _known_values(matrix)
    for place, pin in enumerate(matrix.pin):
        path = ("pin", place)
        if not pin.set:
            raise InvalidValue((*path, "set"), "[[pin]] sets nothing")
        for name, value in pin.set.items():
            if name not in matrix.dimensions and name not in matrix.extra:
                names = (*matrix.dimensions, *matrix.extra)
                raise unknown("dimension", name, names, (*path, "set"))
            if name in known and not _has(known[name], value):
                names = tuple(map(text_of, known[name]))
                raise unknown(f"value of {name!r}", text_of(value), names, (*path, "set"))
            _check_value(value, (*path, "set"))


def _check_excludes(matrix: Matrix) -> None:
    """Each exclude must leave something out that those before it do not."""
    remaining = list(product_of(matrix, with_excludes=False))
    for place, exclude in enumerate(matrix.exclude):
        kept = [entry for entry in remaining if not entry.fits(exclude)]
        if len(kept) == len(remaining):
            raise InvalidValue(("exclude", place), "[[exclude]] excludes nothing")
        remaining = kept


def _check_types(matrix: Matrix) -> None:
    if ALL in matrix.types:
        raise InvalidValue(("types", ALL), f"{ALL!r} is the union of all types: do not define it")
    for name in (*matrix.types, ALL):
        if not entries_of(matrix, name):
            raise InvalidValue(("types", name), f"type {name!r} has no entries")


def _check_schedule(matrix: Matrix) -> None:
    seen = set()
    for line, name in matrix.schedule.items():
        path = ("schedule", line)
        cron = normalized_cron(line)
        if not _CRON.fullmatch(cron):
            raise InvalidValue(path, f"{line[:80]!r} is not a cron line of five fields")
        if cron in seen:
            raise InvalidValue(path, f"the cron line {cron!r} is there twice")
        seen.add(cron)
        if name != ALL and name not in matrix.types:
            raise unknown("type", name, (*matrix.types, ALL), path)
