"""Requests as text for golden files: a line for each read, the whole body of each write."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

from tests.support.github import cursors
from tests.support.github.records import Call


def transcript(calls: Iterable[Call]) -> str:
    return "".join(map(_entry, calls))


def _entry(call: Call) -> str:
    query = "&".join(
        f"{name}={_parameter(name, value)}" for name, value in sorted(call.query.items())
    )
    request = f"{call.method} {unquote(call.path)}{'?' if query else ''}{query}"
    return f"{request} -> {_outcome(call)}\n" + (
        _body(call.json) if call.writes and call.json is not None else ""
    )


def _parameter(name: str, value: str) -> str:
    """A cursor is shown as the number of its issue."""
    key = cursors.read(value) if name in ("after", "before") else None
    return quote(value, safe="/:,+ \"'<>=[]") if key is None else f"#{key[-1]}"


def _outcome(call: Call) -> str:
    status = "no answer" if call.status is None else str(call.status)
    items = "" if call.items is None else f"{call.items} item{'' if call.items == 1 else 's'}"
    done = "done" if call.processed else "not done"
    fault = f"[{call.fault}{f': {done}' if call.writes else ''}]" if call.fault else ""
    return ", ".join(part for part in (status, items, call.made, fault) if part)


def _body(value: Any) -> str:
    """JSON, but the lines of a text are kept, because people review them."""
    if not isinstance(value, dict):
        return f"  {json.dumps(value, ensure_ascii=False)}\n"
    return "".join(f"  {name}: {_value(field)}\n" for name, field in value.items())


def _value(value: Any) -> str:
    if not isinstance(value, str) or "\n" not in value:
        return json.dumps(value, ensure_ascii=False)
    lines = value.replace("\r", "\\r").split("\n")
    return "|" + "".join(
        f"\n    {line}".rstrip(" ") if not line.strip() else f"\n    {line}" for line in lines
    )
