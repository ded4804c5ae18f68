"""From a matrix to its entries. Pure.

The product of all dimensions, without what is excluded, with what is included, and with pins set.
Entries that pins make equal are one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from ci_stat.test_results.matrix.model import ALL, Entry, Matrix, Value, text_of

Choice = Mapping[str, Sequence[str]]
"""Texts of values by dimension; an entry is chosen if it has one of them in each."""


def entries_of(matrix: Matrix, type_: str = ALL, choice: Choice | None = None) -> list[Entry]:
    """Return the entries of a type, in the order of the file. Names are known to exist."""
    pinned = [_pinned(matrix, entry) for entry in _all_entries(matrix)]
    types = list(matrix.types.values()) if type_ == ALL else [matrix.types[type_]]
    unique: dict[str, Entry] = {}
    for entry in pinned:
        is_of_type = not types or any(entry.fits(limits) for limits in types)
        if is_of_type and _is_chosen(entry, choice or {}):
            unique.setdefault(entry.key, entry)
    return list(unique.values())


def product_of(matrix: Matrix, with_excludes: bool = True) -> Iterator[Entry]:
    """Yield the product of the dimensions."""
    names = list(matrix.dimensions)
    for values in product(*matrix.dimensions.values()):
        entry = Entry(dict(zip(names, values, strict=True)))
        if not with_excludes or not any(entry.fits(exclude) for exclude in matrix.exclude):
            yield entry


def _all_entries(matrix: Matrix) -> Iterator[Entry]:
    yield from product_of(matrix)
    for include in matrix.include:
        values = {name: include[name] for name in matrix.dimensions}
        extra = {name: value for name, value in include.items() if name not in values}
        yield Entry(values, extra)


def _pinned(matrix: Matrix, entry: Entry) -> Entry:
    """Apply the pins in order; each sees what those before it set."""
    for pin in matrix.pin:
        if entry.fits(pin.when):
            own: dict[str, Value] = {k: v for k, v in pin.set.items() if k in matrix.dimensions}
            extra = {name: value for name, value in pin.set.items() if name not in own}
            entry = Entry(entry.values | own, entry.extra | extra)
    return entry


def _is_chosen(entry: Entry, choice: Choice) -> bool:
    return all(text_of(entry.values[name]) in texts for name, texts in choice.items())
