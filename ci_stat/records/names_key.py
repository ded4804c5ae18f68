"""The stored form of a filter's names, which is part of keys in our state.

Keys are data and do not depend on the wording of reports. Another form needs another version.
"""

import json
from dataclasses import asdict

import msgspec

from ci_stat.records.window import Names

_V1, _REPORT = "v1:", "report:"


def names_key(names: Names) -> str:
    """The key of names in any order, e.g. `v1:{"jobs":["unit"]}`; "" for all names."""
    given = {kind: sorted(set(values)) for kind, values in asdict(names).items() if values}
    return _V1 + json.dumps(given, separators=(",", ":")) if given else ""


def report_key(name: str) -> str:
    """The key of a report with a name in the settings: it stays when its filter changes."""
    return _REPORT + json.dumps(name)


def report_name_of(key: str) -> str:
    """The name in a key of `report_key`; "" for another key, or one that was cut."""
    if not key.startswith(_REPORT):
        return ""
    try:
        return str(json.loads(key.removeprefix(_REPORT)))
    except ValueError:
        return ""


def names_of(key: str) -> Names | None:
    """The names of a key of version 1, or no names for "". None for version 0, or a cut key."""
    if not key:
        return Names()
    if not key.startswith(_V1):
        return None
    try:
        return msgspec.convert(json.loads(key.removeprefix(_V1)), Names)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def names_key_v0(names: Names) -> str:
    """The key of version 0, which was text of reports. It finds old rows and must never change."""
    kinds = (
        ("job", names.jobs),
        ("repo", names.repos),
        ("branch", names.branches),
        ("status", names.statuses),
    )
    return " · ".join(
        f"{kind} {', '.join(map(_quoted, values))}" for kind, values in kinds if values
    )


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name or " · " in name else name
