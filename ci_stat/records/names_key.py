"""How our state spells the names of a filter in keys. Reports have words of their own for them (`reports.words`).

A key is data: no key of version 1 changes when somebody rewords a report. Another spelling needs another version.
"""

import json
from dataclasses import asdict

import msgspec

from ci_stat.records.window import Names

_V1 = "v1:"


def names_key(names: Names) -> str:
    """The same text for the same names in any order, e.g. `v1:{"jobs":["unit"]}`; "" for all names."""
    kept = {kind: sorted(set(values)) for kind, values in asdict(names).items() if values}
    return _V1 + json.dumps(kept, separators=(",", ":")) if kept else ""


def names_of(key: str) -> Names | None:
    """The names of a key of version 1, or of all names. None for a key of version 0, and for one that was cut."""
    if not key:
        return Names()
    if not key.startswith(_V1):
        return None
    try:
        return msgspec.convert(json.loads(key.removeprefix(_V1)), Names)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def names_key_v0(names: Names) -> str:
    """The key of version 0, a sentence of that time's reports. Only for finding old rows: it must never change."""
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
