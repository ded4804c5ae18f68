"""Read a TOML file into a typed value. Each error names the line, the key, and a key that is near.

msgspec says what is wrong with a value, but neither in which line nor in which entry of a list.
"""

import re
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from ci_stat.errors import SettingsError

T = TypeVar("T", bound=msgspec.Struct)

_MAX_SIZE = 4 * 2**20  # bytes of a file
_HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"(?P<a>[^"]+)"|'(?P<b>[^']+)'|(?P<c>[\w-]+))\s*=""")
_NAMED_KEY = re.compile(r"`(\w+)`")
_KINDS = re.compile(r"`(\w+(?: \| \w+)*)`")
_INVALID_DATE = "Invalid RFC3339 encoded date"
_DATE = "a date such as 2026-12-31"
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": _DATE,
    "datetime": "a date with a time",
    "time": "a time of day",
    "array": "a list",
    "object": "a table",
}
_PLACE = re.compile(r" - at `\$[^`]*`$")

Path_ = tuple[str | int, ...]


class InvalidValue(ValueError):
    """`path`: keys and places in lists that lead to the value. `hint`: the next step."""

    def __init__(self, path: Path_, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason
        self.hint = hint


def read_text(path: Path, what: str) -> str:
    """Return the text of a file. `what`: for errors, e.g. "the policy". Raises SettingsError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SIZE + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"Cannot read {what} {path}: {reason}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"Cannot read {what} {path}: it is not UTF-8 text.") from None
    except ValueError:  # the name contains NUL
        raise SettingsError(f"Cannot read {what} {path}: this is no name of a file.") from None
    if len(content) > _MAX_SIZE:
        raise SettingsError(f"{path} is larger than {_MAX_SIZE // 2**20} MiB.")
    return text


def parse_toml(text: str, kind: type[T], where: str) -> T:
    """Return the value that `text` states. `where`: names the text. Raises SettingsError."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise SettingsError(f"{where} is not valid TOML: {reason[:300]}.") from None
    try:
        return checked(content, kind)
    except InvalidValue as problem:
        raise located(text, where, problem) from None


def located(text: str, where: str, problem: InvalidValue) -> SettingsError:
    """Return the error with the line of the value."""
    line = line_of(text, problem.path)
    return SettingsError(f"{where}:{line}: {problem.reason}.", problem.hint)


def checked(value: dict[str, Any], kind: type[T], path: Path_ = ()) -> T:
    """Return the table as a `kind`. Raises InvalidValue."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, item in value.items():
        if key not in fields:
            raise _unknown_key(key, fields, path)
        _check_item(item, fields[key].type, (*path, key))
    for field in fields.values():
        if field.required and field.encode_name not in value:
            raise InvalidValue(path, f"{_table(path)} has no `{field.encode_name}`")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = _PLACE.sub("", str(error))
        named = _NAMED_KEY.match(reason)
        raise InvalidValue((*path, named[1]) if named else path, reason) from None


def _check_item(item: object, kind: Any, path: Path_) -> None:
    """Check what a key has: a table, a list of tables, or a plain value."""
    table = kind if _is_struct(kind) else None
    if isinstance(kind, UnionType):
        table = next(filter(_is_struct, get_args(kind)), None)
    if table and isinstance(item, dict):
        checked(item, table, path)
        return
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    if _is_struct(inner) and isinstance(item, list):
        for place, entry in enumerate(item):
            _check_item(entry, inner, (*path, place))
        return
    try:
        msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        reason = _plain(_PLACE.sub("", str(error)))
        raise InvalidValue(path, f"`{path[-1]}` is invalid: {_lower(reason)}") from None


def _plain(reason: str) -> str:
    """Name kinds of values in words: "`int | str | null`" is "a string or a whole number"."""
    reason = reason.replace(_INVALID_DATE, f"expected {_DATE}")
    return _KINDS.sub(lambda match: _in_words(match[1], match[0]), reason)


def _in_words(kinds: str, unknown: str) -> str:
    names = set(kinds.split(" | ")) - {"null"}
    if not names <= _WORDS.keys():
        return unknown
    if names == {"str", "array"}:
        return "a string or a list of strings"
    return " or ".join(words for name, words in _WORDS.items() if name in names)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _unknown_key(key: str, known: Sequence[str] | dict[str, Any], path: Path_) -> InvalidValue:
    near = get_close_matches(key, sorted(known), n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(sorted(known))}."
    return InvalidValue((*path, key), f"unknown key `{key[:80]}` in {_table(path)}", hint)


def _table(path: Path_) -> str:
    """The table as its header in the file spells it."""
    name = ".".join(part for part in path if isinstance(part, str))
    if not name:
        return "the file"
    is_entry = isinstance(path[-1], int)
    return f"[[{name}]]" if is_entry else f"[{name}]"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def line_of(text: str, path: Path_) -> int:
    """Return the line, from 1, of a key or of the header of its table."""
    names = [part for part in path if isinstance(part, str)]
    place = next((part for part in reversed(path) if isinstance(part, int)), 0)
    best, depth = 1, 0
    table, seen = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header[1]
            seen[table] = seen.get(table, -1) + 1
            fits = table.split(".") == names[: table.count(".") + 1] and seen[table] == place
            if fits and table.count(".") + 1 > depth:
                best, depth = number, table.count(".") + 1
            continue
        key = _KEY.match(line)
        is_here = not table if depth == 0 else table.split(".") == names[:depth]
        if key and is_here and depth < len(names) and key[key.lastgroup or 0] == names[depth]:
            if depth and seen[table] != place:
                continue
            return number
    return best
