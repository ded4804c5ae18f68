"""The effective settings, as typed groups.

A group is converted and checked when a command first reads it. An invalid setting stops only the
commands that need its group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TypeVar

from ci_stat.config.groups import (
    GROUPS,
    KEYS,
    CiData,
    Feishu,
    GitHub,
    Issues,
    Jenkins,
    Logging,
    Logs,
    Mail,
    Project,
    Reports,
    Results,
    Slack,
    State,
    Timeouts,
    keys_of,
)
from ci_stat.config.keys import Secret
from ci_stat.config.presets import PRESETS
from ci_stat.config.teams import secrets_of
from ci_stat.config.urls import embedded_url, hidden_url, secret_parts, server_url
from ci_stat.errors import SettingsError

PATH_VARIABLE = "STAT_ENV_PATH"
PREFIX = "CI_STAT_"
FILE_NAME = "env.json"
VARIABLE = "variable "  # prefix of the source of a value from an environment variable

_URLS = frozenset(
    {"url", "state_url", "results_url", "jenkins_url"}
)  # shown without their password
_WEBHOOKS = frozenset({"webhook", "slack_webhook"})
_HIDDEN = "(set, hidden)"
_DEFAULT, _NOT_SET = "default", "not set"

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Value:
    """The text of a setting and its source. The repr does not show the text."""

    text: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as `ci-stat config` shows it, without secrets."""

    group: str
    key: str
    value: str
    source: str
    purpose: str

    @property
    def is_set(self) -> bool:
        """Whether the file, a variable or the preset sets it."""
        return self.source not in (_NOT_SET, _DEFAULT)


def _group(kind: type[G]) -> "cached_property[G]":
    """A property of `Settings`: the group, converted when it is first read."""
    return cached_property(lambda settings: _converted(settings, kind))


def _converted(settings: "Settings", kind: type[G]) -> G:
    values = {}
    if kind is not Project:
        _ = settings.preset  # an unknown name is an error, not a preset without values
    for name, key in keys_of(kind).items():
        value = settings._value(key.name)
        values[name] = key.convert(value.text, f"{key.name} (from {value.source})")
    return kind(**values)


@dataclass(frozen=True)
class Settings:
    """The effective settings: `texts` by key, from `file` and the environment. Read the groups.

    Each group raises SettingsError for an invalid value, with its key and its source.
    `implied_preset`: the preset of the file, if the file names none: see `config.read`.
    """

    texts: Mapping[str, Value] = field(default_factory=dict)
    file: str | None = None
    warnings: tuple[str, ...] = ()
    implied_preset: str = ""

    project = _group(Project)
    timeouts = _group(Timeouts)
    logging = _group(Logging)
    logs = _group(Logs)
    jenkins = _group(Jenkins)
    reports = _group(Reports)
    feishu = _group(Feishu)
    mail = _group(Mail)
    slack = _group(Slack)
    github = _group(GitHub)
    issues = _group(Issues)

    @cached_property
    def ci_data(self) -> CiData:
        """The CI database. Raises SettingsError with all missing keys of an incomplete server."""
        group = _converted(self, CiData)
        return replace(group, url=self._ci_url(group))

    @cached_property
    def state(self) -> State:
        """Our own state: by default a SQLite file in the data folder."""
        group = _converted(self, State)
        return replace(group, url=group.url or Secret(embedded_url("state.sqlite")))

    @cached_property
    def results(self) -> Results:
        """The results of tests: by default a SQLite file in the data folder."""
        group = _converted(self, Results)
        return replace(group, url=group.url or Secret(embedded_url("results.sqlite")))

    @cached_property
    def preset(self) -> str:
        """The name of the preset in force, or "". Raises SettingsError for an unknown name."""
        return self.project.preset

    @property
    def zone_is_set(self) -> bool:
        """Whether the file or the environment sets `time_zone`."""
        return "time_zone" in self.texts

    def of_team(self, name: str) -> "Settings":
        """The settings of the team's report. Raises SettingsError for an unknown name."""
        teams = self.reports.teams
        if name not in teams:
            raise self._unknown_report(name)
        source = self.texts["reports"].source
        own = {
            key: Value(text, f"reports.{name} in {source}")
            for key, text in teams[name].settings().items()
        }
        texts = {key: value for key, value in {**self.texts, **own}.items() if value.text}
        return replace(self, texts=texts)

    def _unknown_report(self, name: str) -> SettingsError:
        names = sorted(self.reports.teams)
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        known = f"Reports are {', '.join(names)}." if names else "The setting reports is not set."
        hint = f"Did you mean {near[0]!r}?" if near else known
        return SettingsError(f"The settings have no report {name[:80]!r}.", hint)

    def shown(self) -> list[Shown]:
        """Return every setting with its value, source and purpose."""
        return [
            Shown(title, key, self._shown(key), self._value(key).source, KEYS[key].purpose)
            for title, group in GROUPS.items()
            for key in (key.name for key in keys_of(group).values())
        ]

    def secrets(self) -> set[str]:
        """Return the texts that logs must mask: secrets, and the secret parts of URLs."""
        secrets: set[str] = set()
        for key, value in self.texts.items():
            if key == "reports":
                secrets |= set(secrets_of(value.text))
                continue
            if KEYS[key].secret and key not in _URLS:
                secrets.add(value.text)
            if key in _URLS | _WEBHOOKS:
                secrets |= secret_parts(value.text)
        return secrets

    def _value(self, key: str) -> Value:
        if key in self.texts:
            return self.texts[key]
        if key == "preset" and self.implied_preset:
            return Value(self.implied_preset, "published keys")

        preset = self._value("preset").text if key != "preset" else ""
        if key in PRESETS.get(preset, {}):
            return Value(PRESETS[preset][key], f"preset {preset}")
        default = KEYS[key].default
        return Value(default, _DEFAULT if default else _NOT_SET)

    def _shown(self, key: str) -> str:
        text = self._value(key).text
        if not text:
            return ""
        if key in _URLS:
            return hidden_url(text)
        if key == "reports":
            return self._report_names()
        return _HIDDEN if KEYS[key].secret else text

    def _report_names(self) -> str:
        try:
            return ", ".join(self.reports.teams) or _HIDDEN
        except SettingsError:
            return _HIDDEN

    def _ci_url(self, group: CiData) -> Secret:
        """The setting `url`, or the URL of the server, or the embedded SQLite file."""
        if group.url and not self._server_overrides_url():
            return group.url

        needed = {"host": group.host, "user": group.user, "database": group.database}
        if not any(needed.values()) and not group.password:
            return Secret(embedded_url("ci.sqlite"))

        missing = [f"  {key}: {KEYS[key].purpose}" for key, value in needed.items() if not value]
        if missing:
            raise SettingsError(
                "The settings of the CI database are incomplete. Missing:\n" + "\n".join(missing),
                f"Add them to {self.file or FILE_NAME} (or set {PREFIX}<KEY>), or set only `url`.",
            )
        password = group.password.reveal()
        return Secret(server_url(group.host, group.port, group.user, password, group.database))

    def _server_overrides_url(self) -> bool:
        """Whether variables name a server and only the file names a URL: variables win."""
        from_variables = {
            key for key, value in self.texts.items() if value.source.startswith(VARIABLE)
        }
        names_server = bool(from_variables & {"host", "user", "database"})
        return names_server and "url" not in from_variables
