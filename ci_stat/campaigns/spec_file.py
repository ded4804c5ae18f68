"""Reads `campaign.toml`, and rejects what could not work. Errors name the line and the key."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ci_stat.campaigns.model import Budget, Ending, FileMode, Spec
from ci_stat.campaigns.presets import PRESETS, CampaignFile, Schedule
from ci_stat.campaigns.spec_checks import check_keys, time_of, zone_of
from ci_stat.campaigns.spec_keys import BudgetTable, CampaignKeys, FileTable, ScheduleTable
from ci_stat.errors import SettingsError
from ci_stat.formats.strict_toml import InvalidValue, located, parse_toml, read_text

_SAME = (
    "repo",
    "branch",
    "fork",
    "count",
    "title",
    "body",
    "labels",
    "draft",
    "commands",
    "comment_each",
    "contexts",
    "kept_limit",
    "target_rate",
    "until_decided",
)
"""Keys that `Spec` spells and holds in the same way."""
_LENGTHS = {
    "stagger_minutes": ("stagger", timedelta(minutes=1)),
    "deadline_hours": ("deadline", timedelta(hours=1)),
    "grace_minutes": ("grace", timedelta(minutes=1)),
}
_ENDINGS = ("passed", "failed")
_ALWAYS = frozenset({"count", "title", "stagger_minutes", "deadline_hours"})
"""Keys that are written with their default values too: people look for them first."""


def read_campaign(path: Path) -> CampaignFile:
    """The campaign of a TOML file. Raises SettingsError, which names file and line."""
    return parse_campaign(read_text(path, "the campaign"), str(path))


def parse_campaign(text: str, where: str = "the campaign") -> CampaignFile:
    """The campaign that `text` states. Raises SettingsError."""
    keys = parse_toml(text, CampaignKeys, where)
    try:
        base = _base(keys)
        campaign = _campaign(keys, base)
        check_keys(campaign)
    except InvalidValue as problem:
        raise located(text, where, problem) from None
    return campaign


def preset(name: str) -> CampaignFile:
    """The campaign of a known project. Raises SettingsError."""
    try:
        return _preset(name)
    except InvalidValue as problem:
        raise SettingsError(f"{_upper(problem.reason)}.", problem.hint) from None


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _preset(name: str) -> CampaignFile:
    if name in PRESETS:
        return PRESETS[name]
    near = get_close_matches(name, PRESETS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known presets: {', '.join(PRESETS)}."
    raise InvalidValue(("preset",), f"unknown preset {name[:80]!r}", hint)


def _base(keys: CampaignKeys) -> CampaignFile:
    """The values of keys that are absent."""
    if keys.preset is not None:
        return _preset(keys.preset)
    for name in ("repo", "branch"):
        if getattr(keys, name) is None:
            raise InvalidValue((), f"the file has no `{name}`", f'Add {name} = "..." or a preset.')
    return CampaignFile(Spec(repo="", branch=""))


def _campaign(keys: CampaignKeys, base: CampaignFile) -> CampaignFile:
    changes = {**_plain(keys), **_lengths(keys), **_tables(keys)}
    spec = replace(base.spec, **changes)
    schedule = _schedule(keys.schedule) if keys.schedule else base.schedule
    channels = keys.report.channels if keys.report else base.channels
    return CampaignFile(spec, schedule, channels)


def _plain(keys: CampaignKeys) -> dict[str, Any]:
    values = {name: getattr(keys, name) for name in _SAME}
    endings = {name: getattr(keys, name) for name in _ENDINGS}
    present = {name: value for name, value in values.items() if value is not None}
    return present | {name: Ending(value) for name, value in endings.items() if value is not None}


def _lengths(keys: CampaignKeys) -> dict[str, timedelta]:
    lengths = {}
    for key, (name, unit) in _LENGTHS.items():
        number = getattr(keys, key)
        if number is None:
            continue
        if not 0 <= number <= 100_000:
            raise InvalidValue((key,), f"`{key}` is {number:g}, not a number from 0 to 100,000")
        lengths[name] = number * unit
    return lengths


def _tables(keys: CampaignKeys) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    if keys.file:
        tables |= {"file_mode": FileMode(keys.file.mode), "file": keys.file.path}
    if keys.budget:
        limits = keys.budget
        tables["budget"] = Budget(limits.pull_requests, limits.comments, limits.hours)
    return tables


def _schedule(table: ScheduleTable) -> Schedule:
    return Schedule(time_of(table.at), zone_of(table.zone))


def keys_of(campaign: CampaignFile) -> dict[str, Any]:
    """The keys that state a campaign; most of those with default values are left out."""
    spec, default = campaign.spec, Spec(repo="", branch="")
    keys: dict[str, Any] = {}
    for name in (*_SAME, *_ENDINGS):
        if name in _ALWAYS or getattr(spec, name) != getattr(default, name):
            keys[name] = getattr(spec, name)
    for key, (name, unit) in _LENGTHS.items():
        if key in _ALWAYS or getattr(spec, name) != getattr(default, name):
            keys[key] = getattr(spec, name) / unit
    return keys | _table_keys(campaign)


def _table_keys(campaign: CampaignFile) -> dict[str, Mapping[str, Any]]:
    spec = campaign.spec
    tables: dict[str, Mapping[str, Any]] = {}
    file = FileTable(spec.file_mode.value, spec.file)
    if file != FileTable():
        tables["file"] = {"mode": file.mode, "path": file.path}
    limits = spec.budget
    budget = BudgetTable(limits.pull_requests, limits.comments, limits.hours)
    if budget != BudgetTable():
        tables["budget"] = {
            "pull_requests": budget.pull_requests,
            "comments": budget.comments,
            "hours": budget.hours,
        }
    if campaign.schedule:
        at: time = campaign.schedule.at
        tables["schedule"] = {"at": f"{at:%H:%M}", "zone": campaign.schedule.zone.key}
    if campaign.channels:
        tables["report"] = {"channels": campaign.channels}
    return tables
