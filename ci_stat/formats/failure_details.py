"""The field `failures` of a JSON line: failures with message, file and link."""

import json
from difflib import get_close_matches
from typing import Any

from ci_stat.errors import BadRecord
from ci_stat.escape import web_link
from ci_stat.records import ANALYSIS_KEYS, DETAILS_KEY, HALF_PAIR, named_by_kind

FAILURE_FIELDS = ("name", "kind", "message", "file", "line", "link")
_KINDS = tuple(kind.value for kind in ANALYSIS_KEYS)
_MAX_SHOWN = 60  # characters of a wrong value in a message


def failure_details(value: object) -> list[dict[str, Any]]:
    """The checked failures, each with the fields that it has. Raises BadRecord."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"failures is {shown(value)}, not a list of objects")
    return [_failure(entry, position) for position, entry in enumerate(value)]


def with_details(analysis: dict[str, Any], details: list[dict[str, Any]]) -> dict[str, Any]:
    """`analysis_res` with the names of the failures in its arrays, and their details."""
    if not details:
        return analysis
    named = named_by_kind((entry.get("kind", "case"), entry["name"]) for entry in details)
    for key, names in named.items():
        analysis[key] = list(dict.fromkeys([*analysis.get(key, ()), *names]))
    return {**analysis, DETAILS_KEY: details}


def is_names(value: object) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def shown(value: object) -> str:
    """A wrong value for a message: JSON in ASCII, cut."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _failure(entry: object, position: int) -> dict[str, Any]:
    where = f"failures[{position}]"
    if not isinstance(entry, dict):
        raise BadRecord(f"{where} is {shown(entry)}, not an object")
    unknown = next((name for name in entry if name not in FAILURE_FIELDS), None)
    if unknown is not None:
        similar = get_close_matches(unknown, FAILURE_FIELDS, n=1)
        hint = f", did you mean {similar[0]!r}?" if similar else ""
        raise BadRecord(f"{where} has an unknown field {unknown[:80]!r}{hint}")
    given = {name: entry[name] for name in FAILURE_FIELDS if entry.get(name) not in (None, "")}
    if "name" not in given:
        raise BadRecord(f"{where} has no name")
    for name, value in given.items():
        _check_value(f"{where}.{name}", name, value)
    return given


def _check_value(where: str, name: str, value: object) -> None:
    if name == "line":
        if type(value) is not int or not 0 <= value < 2**63:
            raise BadRecord(f"{where} is {shown(value)}, not a whole number")
        return
    if not isinstance(value, str):
        raise BadRecord(f"{where} is {shown(value)}, not a string")
    if HALF_PAIR.search(value):
        raise BadRecord(f"{where} contains a lone surrogate")
    if name == "kind" and value not in _KINDS:
        raise BadRecord(f"{where} is {shown(value)}, not one of {', '.join(_KINDS)}")
    if name == "link" and web_link(value) is None:
        raise BadRecord(f"{where} is {shown(value)}, not an absolute http(s) address")
