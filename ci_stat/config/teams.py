"""The settings `reports` and `nightly_repos`: JSON objects, as values.

Errors name the path of the entry, such as `reports.storage.jobs`, and never its text.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ci_stat.config.urls import secret_parts
from ci_stat.errors import SettingsError

FILTERS = ("jobs", "repos", "branches")
FEISHU_APP = frozenset({"app_id", "app_secret", "chat_id"})
FEISHU_WEBHOOK = frozenset({"webhook", "webhook_secret", "webhook_keyword"})
MAIL = frozenset({"mail_to", "mail_from"})
SLACK_BOT = frozenset({"slack_token", "slack_channel"})
SLACK_WEBHOOK = frozenset({"slack_webhook"})
CHANNEL_KEYS = {
    "feishu": FEISHU_APP | FEISHU_WEBHOOK,
    "mail": MAIL,
    "slack": SLACK_BOT | SLACK_WEBHOOK,
}
# Settings that a report may have of its own.
OWN_KEYS = frozenset({"channels", *(key for keys in CHANNEL_KEYS.values() for key in keys)})
SECRETS = frozenset({"webhook", "webhook_secret", "app_secret", "slack_webhook", "slack_token"})
# The other way to the same service, which would lead to the chat of the other reports.
_REPLACED = (
    (FEISHU_APP, FEISHU_WEBHOOK),
    (FEISHU_WEBHOOK, FEISHU_APP),
    (SLACK_BOT, SLACK_WEBHOOK),
)
_LONGEST_NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class TeamReport:
    """A report of its own for one team: its filter, and its own settings as texts by key."""

    name: str
    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict, repr=False)

    def settings(self) -> dict[str, str]:
        """The texts that replace the other settings; "" for one that does not apply to it.

        A report that names recipients goes only to them: to the channels that it names.
        """
        replaced = {
            key: ""
            for given, others in _REPLACED
            if given & self.own.keys() and not others & self.own.keys()
            for key in others
        }
        # A webhook of its own has a secret and a keyword of its own, or none.
        if "webhook" in self.own:
            replaced |= dict.fromkeys(FEISHU_WEBHOOK, "")
        channels = [name for name, keys in CHANNEL_KEYS.items() if keys & self.own.keys()]
        named = {"channels": ",".join(channels)} if channels else {}
        return {**named, **replaced, **self.own}


def team_reports(text: str, place: str) -> dict[str, TeamReport]:
    """The reports by name. Raises SettingsError with the path of an invalid entry."""
    if not text:
        return {}
    entries = _object(text, place, '{"storage": {"repos": ["tikv/tikv"], "chat_id": "oc_..."}}')
    return {name: _team_report(name, value, place) for name, value in entries.items()}


def _team_report(name: str, value: object, place: str) -> TeamReport:
    setting, _, source = place.partition(" ")
    path = f"{setting}.{name[:_LONGEST_NAME]}"
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise SettingsError(
            f"{path} {source} is not a name of a report.",
            f"Use up to {_LONGEST_NAME} printable characters.",
        )
    if not isinstance(value, dict):
        raise SettingsError(
            f"{path} {source} is {_kind(value)}, not an object.",
            'Write {"jobs": [...], "repos": [...], "chat_id": "..."}.',
        )
    for key in value:
        if key not in OWN_KEYS and key not in FILTERS:
            raise _unknown(f"{path}.{key[:_LONGEST_NAME]} {source}", key, (*FILTERS, *OWN_KEYS))

    filters = {key: _names(value.get(key), f"{path}.{key} {source}") for key in FILTERS}
    own = {
        key: _text(key, value[key], f"{path}.{key} {source}") for key in value if key in OWN_KEYS
    }
    return TeamReport(name, **filters, own={key: text for key, text in own.items() if text})


def nightly_repos(text: str, place: str) -> dict[str, str]:
    """Repositories by nightly job. Raises SettingsError."""
    if not text:
        return {}
    repos = _object(text, place, '{"tidb-unit-test-nightly": "pingcap/tidb"}')
    setting, _, source = place.partition(" ")
    for job, repo in repos.items():
        if not isinstance(repo, str) or not repo.strip():
            raise SettingsError(
                f"{setting}.{job[:200]} {source} is {_kind(repo)}, not a repository."
            )
    return repos


def secrets_of(text: str) -> Iterator[str]:
    """The secrets in the text of `reports`, also if it is otherwise invalid."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return
    values = entries.values() if isinstance(entries, dict) else ()
    for value in values:
        for key in SECRETS & value.keys() if isinstance(value, dict) else ():
            secret = str(value[key] or "")
            yield from {secret, *secret_parts(secret)} - {""}


def _object(text: str, place: str, example: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{place} is not JSON.", f"Write {example}.") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{place} is {_kind(value)}, not an object.", f"Write {example}.")
    return value


def _names(value: object, place: str) -> tuple[str, ...]:
    """A list of names, or one text with commas."""
    if value is None:
        return ()
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"{place} is {_kind(value)}, not a list of names.", 'Write ["a", "b"].')
    return tuple(sorted({name.strip() for name in names} - {""}))


def _text(key: str, value: object, place: str) -> str:
    if isinstance(value, list) and key in ("channels", "mail_to"):
        return ",".join(_names(value, place))
    is_text_or_number = isinstance(value, (str, int)) and not isinstance(value, bool)
    if value is not None and not is_text_or_number:
        raise SettingsError(f"{place} is {_kind(value)}, not a string.")
    return "" if value is None else str(value)


def _unknown(place: str, key: str, known: Iterable[str]) -> SettingsError:
    near = get_close_matches(key, sorted(known), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(sorted(known))}."
    return SettingsError(f"{place} is not a known setting of a report.", hint)


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return kinds.get(type(value), f"a {type(value).__name__}")
