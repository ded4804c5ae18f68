"""The settings in force, as typed groups.

Each group is converted and checked once, when first asked for. So a wrong setting stops the commands that need it, and no others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from ci_stat.config.clients import Feishu, GitHub, Jenkins, Mail, Slack
from ci_stat.config.features import Issues, Reports
from ci_stat.config.groups import (
    KEYS,
    CiData,
    Logging,
    Logs,
    State,
    Timeouts,
    keys_of,
)
from ci_stat.config.keys import Given, Secret
from ci_stat.config.urls import embedded_url, hidden_url, secret_parts, server_url
from ci_stat.errors import SettingsError

PATH_VARIABLE = "STAT_ENV_PATH"
PREFIX = "CI_STAT_"
FILE_NAME = "env.json"
VARIABLE = "variable "  # how the source of a value begins that an environment variable gave
_URLS = ("url", "state_url", "jenkins_url")

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from. No text is in the repr."""

    text: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting for people: a secret only says that it is set."""

    key: str
    value: str
    source: str
    purpose: str


@dataclass(frozen=True)
class Settings:
    """What is in force: `texts` by key, from `file` and the environment. Read it by its groups.

    Each group raises SettingsError for a value that cannot be used, with its key and its source.
    """

    texts: Mapping[str, Value] = field(default_factory=dict)
    file: str | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def ci_data(self) -> CiData:
        """The CI database. Raises SettingsError with every key that a server lacks."""
        group = self._group(CiData)
        return replace(group, url=self._ci_url(group))

    @cached_property
    def timeouts(self) -> Timeouts:
        return self._group(Timeouts)

    @cached_property
    def state(self) -> State:
        group = self._group(State)
        return replace(group, url=group.url or Secret(embedded_url("state.sqlite")))

    @cached_property
    def logging(self) -> Logging:
        return self._group(Logging)

    @cached_property
    def logs(self) -> Logs:
        return self._group(Logs)

    @cached_property
    def jenkins(self) -> Jenkins:
        return self._group(Jenkins)

    @cached_property
    def reports(self) -> Reports:
        return self._group(Reports)

    @cached_property
    def feishu(self) -> Feishu:
        return self._group(Feishu)

    @cached_property
    def mail(self) -> Mail:
        return self._group(Mail)

    @cached_property
    def slack(self) -> Slack:
        return self._group(Slack)

    @cached_property
    def github(self) -> GitHub:
        return self._group(GitHub)

    @cached_property
    def issues(self) -> Issues:
        return self._group(Issues)

    def shown(self) -> list[Shown]:
        """Every setting with its value, its source and its purpose."""
        return [
            Shown(name, self._shown(name), self._given(name).source, key.purpose)
            for name, key in KEYS.items()
        ]

    def secrets(self) -> set[str]:
        """What no log may show: secrets as they are given, and the parts of addresses that are."""
        whole = {key for key in self.texts.keys() - set(_URLS) if KEYS[key].secret}
        found = {self.texts[key].text for key in whole}
        for key in self.texts.keys() & {*_URLS, "webhook", "slack_webhook"}:
            found |= secret_parts(self.texts[key].text)
        return found

    def _group(self, group: type[G]) -> G:
        values = {name: key.convert(self._given(key.name)) for name, key in keys_of(group).items()}
        return group(**values)

    def _given(self, key: str) -> Given:
        value = self.texts.get(key)
        if value:
            return Given(key, value.text, value.source)
        default = KEYS[key].default
        return Given(key, default or "", "not set" if default is None else "default")

    def _shown(self, key: str) -> str:
        given = self._given(key)
        if key in _URLS and key in self.texts:
            return hidden_url(given.text)
        is_hidden = KEYS[key].secret and given.text
        return "(set, hidden)" if is_hidden else given.text

    def _ci_url(self, group: CiData) -> Secret:
        """The CI database: `url`, or one made of host and so on, or the embedded SQLite file."""
        if group.url and not self._server_is_nearer():
            return group.url
        needed = {"host": group.host, "user": group.user, "database": group.database}
        if not any(needed.values()) and not group.password:
            return Secret(embedded_url("ci.sqlite"))
        missing = [f"  {key}: {KEYS[key].purpose}" for key, value in needed.items() if not value]
        if missing:
            raise SettingsError(
                "The CI database is only half described; missing:\n" + "\n".join(missing),
                f"Add them to {self.file or FILE_NAME} (or set {PREFIX}<KEY>), "
                "or give `url` alone.",
            )
        password = group.password.reveal()
        return Secret(server_url(group.host, group.port, group.user, password, group.database))

    def _server_is_nearer(self) -> bool:
        """Whether variables describe a server while `url` is only in the file: variables win."""
        from_variables = {
            key for key, value in self.texts.items() if value.source.startswith(VARIABLE)
        }
        return "url" not in from_variables and bool(from_variables & {"host", "user", "database"})
