"""Turns the `config.env` of a hand-written campaign script into our campaign and settings.

Secrets become settings for `env.json`, and never part of the campaign.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ci_stat.campaigns.env_text import EnvText, parse_env
from ci_stat.campaigns.imported_keys import (
    IGNORED,
    KNOWN,
    SETTINGS,
    is_placeholder,
    number_of,
    setting_of,
    truth_of,
)
from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.presets import PRESETS, TICDC, CampaignFile
from ci_stat.campaigns.spec_checks import check_keys
from ci_stat.config.groups import KEYS
from ci_stat.errors import SettingsError
from ci_stat.formats.strict_toml import InvalidValue, read_text

Settings = Mapping[str, str | int]
_KEYS_OF = {
    "repo": ("REPO_OWNER", "REPO_NAME"),
    "branch": ("BASE_BRANCH",),
    "fork": ("GITHUB_USERNAME",),
    "count": ("PR_COUNT",),
    "title": ("PR_TITLE_PREFIX",),
    "body": ("PR_BODY",),
    "deadline_hours": ("TEST_TIMEOUT_HOURS",),
}
"""The keys that state a value, by its name in `campaign.toml`."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read.

    - `settings`: for `env.json`; they contain secrets, so the repr does not show them.
    - `notes`: what a person should know, without secrets. `unknown`: keys without a meaning.
    """

    campaign: CampaignFile
    settings: Settings = field(repr=False)
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_import(path: Path) -> Imported:
    """Read a `config.env`. Raises SettingsError, which names file and line."""
    return parse_import(read_text(path, "the configuration"), str(path))


def parse_import(text: str, where: str = "config.env") -> Imported:
    """What `text` states. Raises SettingsError."""
    parsed = parse_env(text)
    values = {key: entry.value for key, entry in parsed.entries.items() if entry.value}
    placeholders = tuple(key for key, value in values.items() if is_placeholder(value))
    values = {key: value for key, value in values.items() if key not in placeholders}
    try:
        campaign = _campaign(values)
        check_keys(campaign)
        settings = _settings(values)
    except InvalidValue as problem:
        raise _located(where, parsed, problem) from None
    _check_settings(settings, where)
    notes = (*_notes(campaign, values), *_reading_notes(parsed, placeholders))
    unknown = tuple(key for key in parsed.entries if key not in KNOWN)
    return Imported(campaign, settings, notes, unknown)


def _located(where: str, parsed: EnvText, problem: InvalidValue) -> SettingsError:
    """The error with the line of the key that states the value."""
    names = [part for part in problem.path if isinstance(part, str)]
    keys = [key for name in names for key in _KEYS_OF.get(name, (name,))]
    lines = [parsed.entries[key].line for key in keys if key in parsed.entries]
    place = f"{where}:{lines[0]}" if lines else where
    return SettingsError(f"{place}: {problem.reason}.", problem.hint)


def _campaign(values: Mapping[str, str]) -> CampaignFile:
    owner, name = _required(values, "REPO_OWNER"), _required(values, "REPO_NAME")
    repo = f"{owner}/{name}"
    base = _base(repo)
    spec = replace(base.spec, **_changes(values, owner, name))
    return replace(base, spec=spec, channels=tuple(_channels(values)))


def _required(values: Mapping[str, str], key: str) -> str:
    if key not in values:
        raise InvalidValue((key,), f"{key} is missing")
    return values[key]


def _base(repo: str) -> CampaignFile:
    """TiCDC's jobs are known; of another repository nothing is."""
    if repo.lower() == TICDC:
        return PRESETS["ticdc"]
    return CampaignFile(Spec(repo=repo, branch="master"))


def _changes(values: Mapping[str, str], owner: str, name: str) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    user = values.get("GITHUB_USERNAME", owner)
    if user.lower() != owner.lower():
        changes["fork"] = f"{user}/{name}"
    texts = {"branch": "BASE_BRANCH", "title": "PR_TITLE_PREFIX", "body": "PR_BODY"}
    for field_name, key in texts.items():
        if key in values:
            changes[field_name] = values[key]
    if "PR_COUNT" in values:
        changes["count"] = int(number_of("PR_COUNT", values["PR_COUNT"], whole=True))
    if "TEST_TIMEOUT_HOURS" in values:
        hours = number_of("TEST_TIMEOUT_HOURS", values["TEST_TIMEOUT_HOURS"])
        changes["deadline"] = timedelta(hours=hours)
    return changes


def _channels(values: Mapping[str, str]) -> Iterator[str]:
    for key, channel in (("FEISHU_ENABLED", "feishu"), ("EMAIL_ENABLED", "mail")):
        if key in values and truth_of(key, values[key]):
            yield channel


def _is_off(values: Mapping[str, str], switch: str) -> bool:
    """Whether a channel is switched off, or not on."""
    return bool(switch) and not truth_of(switch, values.get(switch, "false"))


def _settings(values: Mapping[str, str]) -> dict[str, str | int]:
    settings: dict[str, str | int] = {}
    for key, (switch, names) in SETTINGS.items():
        if key in values and not _is_off(values, switch):
            settings |= dict.fromkeys(names, setting_of(key, values[key]))
    if settings.get("mail_port") == 465:
        settings["mail_tls"] = "ssl"
    return settings


def _check_settings(settings: Settings, where: str) -> None:
    """Raises SettingsError, as reading `env.json` would."""
    for name, value in settings.items():
        KEYS[name].convert(str(value), f"{name} (from {where})")


def _notes(campaign: CampaignFile, values: Mapping[str, str]) -> Iterator[str]:
    spec = campaign.spec
    if spec.fork:
        yield f"Branches are created in {spec.fork}, by GITHUB_USERNAME: remove `fork` if wrong."
    if spec.repo.lower() == TICDC:
        yield "Jobs, commands and schedule are those of the preset ticdc."
    else:
        yield "No job is known: add `contexts` and `commands`, or learn them from pull requests."
    if not campaign.channels:
        yield "No channel is enabled: the verdict goes to every channel that the settings set up."
    for key, reason in IGNORED.items():
        if key in values:
            yield f"{key} is not needed: {reason}"
    for key, (switch, _) in SETTINGS.items():
        if key in values and _is_off(values, switch):
            yield f"{key} is left out: {switch} is not true."


def _reading_notes(parsed: EnvText, placeholders: tuple[str, ...]) -> Iterator[str]:
    for key in placeholders:
        yield f"{key} is left out: its value is a placeholder."
    for key in parsed.repeated:
        yield f"{key} is there more than once: the last value counts."
    for line in parsed.unread:
        yield f"Line {line} is not KEY=VALUE, and is left out."
    for key, entry in parsed.entries.items():
        if key in KNOWN and "${" in entry.value:
            yield f"{key} contains ${{...}}, which is not expanded."
