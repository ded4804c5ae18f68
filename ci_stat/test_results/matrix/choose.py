"""Chooses the entries that a person, or a cron line, asks for."""

from collections import defaultdict
from collections.abc import Sequence

from ci_stat.errors import UsageError
from ci_stat.formats.strict_toml import InvalidValue
from ci_stat.test_results.matrix.expand import entries_of
from ci_stat.test_results.matrix.file import normalized_cron, unknown
from ci_stat.test_results.matrix.model import ALL, Entry, Matrix, text_of

Pair = tuple[str, str]


def choose(matrix: Matrix, type_: str = ALL, pairs: Sequence[Pair] = ()) -> list[Entry]:
    """Return the entries of a type that have one of the given values in each given dimension.

    Raises UsageError for a type, a dimension or a value that does not exist, and if nothing is
    left.
    """
    try:
        return _choose(matrix, type_, pairs)
    except InvalidValue as problem:
        reason = problem.reason[:1].upper() + problem.reason[1:]
        raise UsageError(f"{reason}.", problem.hint) from None


def type_of_cron(matrix: Matrix, line: str) -> str:
    """Return the type that a cron line starts. Raises UsageError."""
    cron = normalized_cron(line)
    types = {normalized_cron(one): name for one, name in matrix.schedule.items()}
    if not cron:
        hint = "This run was not started by a schedule: use --type."
        raise UsageError("The cron line is empty.", hint)
    if cron not in types:
        known = ", ".join(repr(one) for one in types) or "none; add a [schedule] table"
        raise UsageError(f"Unknown cron line {cron[:80]!r}.", f"Known: {known}.")
    return types[cron]


def _choose(matrix: Matrix, type_: str, pairs: Sequence[Pair]) -> list[Entry]:
    if type_ != ALL and type_ not in matrix.types:
        raise unknown("type", type_, (*matrix.types, ALL))
    choice: dict[str, list[str]] = defaultdict(list)
    everything = entries_of(matrix)
    for name, text in pairs:
        if name not in matrix.dimensions:
            raise unknown("dimension", name, matrix.dimensions)
        known = dict.fromkeys(text_of(entry.values[name]) for entry in everything)
        if text not in known:
            raise unknown(f"value of {name!r}", text, known)
        choice[name].append(text)

    entries = entries_of(matrix, type_, choice)
    if not entries:
        chosen = ", ".join(f"{name}={text}" for name, text in pairs)
        raise InvalidValue((), f"no entry of type {type_!r} has {chosen}")
    return entries
