"""Writes a campaign as `campaign.toml`; reading it returns an equal campaign."""

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from ci_stat.campaigns.presets import CampaignFile
from ci_stat.campaigns.spec_file import keys_of


def campaign_text(campaign: CampaignFile, comments: Sequence[str] = ()) -> str:
    """The text of the file. `comments`: lines at its begin."""
    head = "".join(f"# {' '.join(line.split())}\n" for line in comments)
    return head + "".join(f"{line}\n" for line in _lines(keys_of(campaign)))


def _lines(keys: Mapping[str, Any]) -> Iterator[str]:
    tables = {key: value for key, value in keys.items() if isinstance(value, Mapping)}
    for key, value in keys.items():
        if key not in tables:
            yield f"{key} = {_value(value)}"
    for name, table in tables.items():
        yield ""
        yield f"[{name}]"
        yield from (f"{key} = {_value(value)}" for key, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum):
        return _string(value.value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    assert isinstance(value, Sequence)
    return _list(value)


def _list(values: Sequence[object]) -> str:
    items = [_value(value) for value in values]
    line = f"[{', '.join(items)}]"
    if len(line) <= 80:
        return line
    return "\n".join(["[", *(f"  {item}," for item in items), "]"])


def _string(text: str) -> str:
    """A basic string. JSON escapes as TOML does, but for DEL, which TOML forbids raw."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
