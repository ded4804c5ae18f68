"""A matrix as its TOML file states it, and its entries. docs/gates.md describes each key."""

from urllib.parse import quote

import msgspec

Value = str | int | bool
"""A value of a dimension. No fraction: 3.10 would become 3.1."""

Values = Value | tuple[Value, ...]
Limits = dict[str, Values]
"""Values of some dimensions; an entry fits if it has one of them in each."""

ALL = "all"


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Entries that fit `when` get the values of `set`."""

    set: dict[str, Value]
    when: Limits = {}


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file.

    - `dimensions`: names and values. `extra`: more keys that `include` and `pin` may set.
    - `exclude`, `include`: entries to leave out of the product, and to add to it.
    - `types`: named parts of the matrix. `schedule`: cron lines and the types they start.
    """

    dimensions: dict[str, tuple[Value, ...]]
    extra: tuple[str, ...] = ()
    exclude: tuple[Limits, ...] = ()
    include: tuple[dict[str, Value], ...] = ()
    pin: tuple[Pin, ...] = ()
    types: dict[str, Limits] = {}
    schedule: dict[str, str] = {}


class Entry(msgspec.Struct, frozen=True):
    """One entry. `values`: of all dimensions. `extra`: of other keys."""

    values: dict[str, Value]
    extra: dict[str, Value] = {}

    @property
    def key(self) -> str:
        """A stable name for artifacts and folders, e.g. `db=tidb,spark=3.5.7`.

        It does not depend on the order of the file. Characters that a file name cannot have are
        written as in a URL.
        """
        pairs = sorted(self.labels.items())
        return ",".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs)

    @property
    def labels(self) -> dict[str, str]:
        """The values of the dimensions as labels of results."""
        return {name: text_of(value) for name, value in self.values.items()}

    def fits(self, limits: Limits) -> bool:
        own = self.values | self.extra
        return all(
            name in own and text_of(own[name]) in map(text_of, as_values(values))
            for name, values in limits.items()
        )


_SAFE = "+.-_~"


def as_values(values: Values) -> tuple[Value, ...]:
    return values if isinstance(values, tuple) else (values,)


def text_of(value: Value) -> str:
    """A value as the command line and labels spell it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def variable_of(name: str) -> str:
    """The environment variable of a dimension, which is none that a system has."""
    return f"MATRIX_{name.replace('-', '_').upper()}"
