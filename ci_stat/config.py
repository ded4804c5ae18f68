"""Settings: from `env.json` at `STAT_ENV_PATH` and from environment variables `CI_STAT_<KEY>`, which win.

Nothing is connected here, and a secret is in no repr. Only the doors and the command line read settings.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ci_stat.errors import SettingsError
from ci_stat.records import DEFAULT_RUN_URL, DEFAULT_ZONE

PATH_VARIABLE = "STAT_ENV_PATH"
PREFIX = "CI_STAT_"
FILE_NAME = "env.json"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: what it is for, and what holds when it is not given."""

    purpose: str
    default: str | None = None
    secret: bool = False


KEYS: dict[str, Key] = {
    "host": Key("server of the CI database (MySQL, MariaDB or TiDB)"),
    "port": Key("its port", "3306"),
    "user": Key("its user; SELECT is enough"),
    "password": Key("the user's password", secret=True),
    "database": Key("name of the CI database, usually sync_ci_data"),
    "url": Key(
        "the CI database as a SQLAlchemy URL, instead of host, port, user, password and database",
        secret=True,
    ),
    "time_zone": Key("zone of the times in the CI database", DEFAULT_ZONE),
    "connect_timeout": Key("seconds to wait for the database to answer", "10"),
    "read_timeout": Key("seconds to wait for a query", "600"),
    "run_url": Key("link to a run; {job} and {number} are filled in", DEFAULT_RUN_URL),
    "state_url": Key(
        "our own state as a SQLAlchemy URL (default: a SQLite file in the data folder)", secret=True
    ),
    "log_dir": Key("folder of the build logs: a Jenkins home, or any with log_template"),
    "log_template": Key(
        "where a log is below log_dir, e.g. {job}/{number}.log (default: as in a Jenkins home)"
    ),
    "log_limit": Key("megabytes of text that are read of one log", "65536"),
    "rules": Key("file of your own extraction rules (TOML), tried before ours"),
    "jenkins_url": Key("root of the Jenkins that `ci-stat sync jenkins` and the logs come from"),
    "jenkins_user": Key("user in Jenkins, for whom the token was made"),
    "jenkins_token": Key("the user's API token", secret=True),
    "channels": Key(
        "where reports go, e.g. feishu,mail,slack (default: everything that is set up)"
    ),
    "webhook": Key("Feishu custom bot to post to: its whole address", secret=True),
    "webhook_secret": Key("the bot's signing secret, if it asks for signatures", secret=True),
    "webhook_keyword": Key("a word that the bot wants in each message, if it asks for one"),
    "app_id": Key("Feishu app to post as; with a webhook too, the webhook is the spare way"),
    "app_secret": Key("the Feishu app's secret", secret=True),
    "chat_id": Key("chat that the app posts to: its id (oc_...), or a name that only one chat has"),
    "feishu_url": Key(
        "Feishu's API; Lark's international side is https://open.larksuite.com",
        "https://open.feishu.cn",
    ),
    "mail_host": Key("SMTP server to send reports by"),
    "mail_port": Key("its port (default: 587, or 465 for ssl)"),
    "mail_tls": Key("encryption: starttls, ssl or none", "starttls"),
    "mail_ca": Key("file of a certificate authority of your own, to check the mail server by"),
    "mail_user": Key("user in the mail server"),
    "mail_password": Key("the user's password", secret=True),
    "mail_from": Key("sender of reports"),
    "mail_to": Key("who gets reports: addresses with commas between"),
    "slack_webhook": Key("Slack incoming webhook to post to", secret=True),
    "slack_token": Key("Slack bot token to post with, instead of a webhook", secret=True),
    "slack_channel": Key("channel that the token posts to"),
    "slack_url": Key("Slack's API", "https://slack.com/api"),
    "stale_hours": Key(
        "hours without any new row after which a report says that its data is old", "2"
    ),
    "history_days": Key("days before a window that decide what is new, and what is usual", "14"),
    "report_delay": Key("minutes that a report waits for builds that are still going", "0"),
    "known_issues": Key("file (JSON) of cases that somebody already knows: {case: link}"),
    "gh_token": Key("GitHub token to read and file issues with", secret=True),
    "github_repo": Key("repository that issues are filed in", "pingcap/tidb"),
    "github_url": Key(
        "GitHub's API; of GitHub Enterprise https://HOST/api/v3", "https://api.github.com"
    ),
    "issue_labels": Key(
        "labels of new issues, if the repository has them", "type/bug,component/test"
    ),
    "issue_owners": Key("file (JSON) of owners: {case, suite, prefix* or repository: @login}"),
    "issue_failures": Key("failed runs of a case in the window that make an issue", "2"),
    "issue_windows": Key(
        "windows of the last 7 days, with a failure in each, that make an issue too", "2"
    ),
    "issue_together": Key("more failing cases than that in one run are one incident", "10"),
    "issue_new": Key("new issues at most in one run", "3"),
    "issue_changes": Key("changes at the tracker at most in one run", "10"),
    "issue_implausible": Key("new issues planned at once, above which nothing is done", "20"),
    "issue_history": Key("days before the window that are evidence too", "30"),
    "issue_mute_label": Key("label that switches us off for an issue", "ci_stat/mute"),
    "issue_refile_label": Key(
        "label that allows to file again what was closed as not planned", "ci_stat/refile"
    ),
    "issue_reproduce": Key(
        "how to reproduce a case, e.g. make ut X={case} (default: by the case's language)"
    ),
    "private_hosts": Key(
        "hosts that no issue may name: host, *.domain or network, with commas between"
    ),
}
_SERVER = ("host", "user", "database")  # what a server needs at least
_MAX_NUMBER = {
    "port": 65_535, "mail_port": 65_535, "history_days": 366, "stale_hours": 8_760, "report_delay": 10_080,
    "issue_history": 366, "issue_new": 100, "issue_changes": 500, "issue_windows": 7,
}  # fmt: skip
_MAX_SECONDS = 31_536_000  # a year, where PyMySQL stops too


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from. A secret's text is not in the repr."""

    text: str = field(repr=False)
    source: str


@dataclass(frozen=True)
class Settings:
    """What is in force. Read it with the properties; `origin(key)` says where a value came from."""

    values: Mapping[str, Value] = field(default_factory=dict)
    file: str | None = None
    warnings: tuple[str, ...] = ()

    def get(self, key: str) -> str | None:
        """The text of a setting, its default, or None."""
        value = self.values.get(key)
        return value.text if value else KEYS[key].default

    def origin(self, key: str) -> str:
        """`env.json`'s path, the variable's name, `default` or `not set`."""
        value = self.values.get(key)
        if value:
            return value.source
        return "default" if KEYS[key].default is not None else "not set"

    def shown(self, key: str) -> str:
        """The value for people: a secret only says that it is there."""
        text = self.get(key)
        if text is None:
            return ""
        if key in ("url", "state_url", "jenkins_url") and key in self.values:
            return _hidden_url(text)
        return "(set, hidden)" if KEYS[key].secret and text else text

    @property
    def zone(self) -> ZoneInfo:
        """Raises SettingsError with the nearest names for a zone that does not exist."""
        return zone_of(
            self.get("time_zone") or DEFAULT_ZONE, f"time_zone (from {self.origin('time_zone')})"
        )

    @property
    def database_url(self) -> str:
        """The CI database: `url`, or one made of host and so on, or the embedded SQLite file.

        Raises SettingsError that names every missing key when a server is half described.
        """
        given = self.get("url")
        if given and not self._server_is_nearer():
            return _usable_url(given, f"url (from {self.origin('url')})")
        if not any(self.get(key) for key in (*_SERVER, "password")):
            return f"sqlite:///{data_folder() / 'ci.sqlite'}"
        missing = [f"  {key}: {KEYS[key].purpose}" for key in _SERVER if not self.get(key)]
        if missing:
            raise SettingsError(
                "The CI database is only half described; missing:\n" + "\n".join(missing),
                f"Add them to {self.file or FILE_NAME} (or set {PREFIX}<KEY>), or give `url` alone.",
            )
        return self._server_url()

    def _server_is_nearer(self) -> bool:
        """Whether variables describe a server while `url` is only in the file: variables win."""

        def from_variable(key: str) -> bool:
            return key in self.values and self.values[key].source.startswith("variable ")

        return not from_variable("url") and any(map(from_variable, _SERVER))

    def _server_url(self) -> str:
        # Built here and not by SQLAlchemy: its import costs more than all of this module.
        from urllib.parse import quote

        user, password = (
            quote(self.get("user") or "", safe=""),
            quote(self.get("password") or "", safe=""),
        )
        host = self.get("host") or ""
        host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
        database = quote(self.get("database") or "", safe="")
        return f"mysql+pymysql://{user}:{password}@{host}:{self.number('port')}/{database}"

    @property
    def state_url(self) -> str:
        given = self.get("state_url")
        if given:
            return _usable_url(given, f"state_url (from {self.origin('state_url')})")
        return f"sqlite:///{data_folder() / 'state.sqlite'}"

    @property
    def run_url(self) -> str:
        return self.get("run_url") or DEFAULT_RUN_URL

    def number(self, key: str) -> int:
        """A setting that must be a whole number > 0, of a size that can be meant. Raises SettingsError."""
        text, most = self.get(key) or "", _MAX_NUMBER.get(key, _MAX_SECONDS)
        # The length first: Python refuses to read numbers of thousands of digits.
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and 0 < int(text) <= most):
            raise SettingsError(
                f"{key} is {text[:80]!r} (from {self.origin(key)}), not a whole number from 1 to {most}."
            )
        return int(text)

    def minutes(self, key: str) -> int:
        """A whole number that may be 0. Raises SettingsError."""
        return 0 if self.get(key) == "0" else self.number(key)


def _hidden_url(text: str) -> str:
    """A URL without password and options; nothing of one in which they cannot be told apart for certain."""
    scheme, found, rest = text.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite"):
        return text.partition("?")[0]  # a path, in which @ and : are letters
    place, _, options = rest.partition("?")
    account, at, server = place.rpartition("@")
    if not found or "@" in options or "/" in account:
        return "(set, hidden)"
    return f"{scheme}://{account.partition(':')[0] + ':***@' if at else ''}{server}"


def _usable_url(text: str, what: str) -> str:
    """Raises SettingsError where a sign in the password would be taken for the host: it would be shown as such."""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        return text
    account, _, place = rest.rpartition("@")
    server = re.split("[/?]", place, maxsplit=1)[0]
    port = server.rpartition("]")[2].partition(":")[2]
    if "@" in account.partition(":")[2] or not re.fullmatch("[0-9]{0,5}", port):
        raise SettingsError(
            f"{what} cannot be read: after the user and the password comes one @, then HOST:PORT/DATABASE.",
            "Signs such as @ : / in the password are written %40 %3A %2F; or give host, user, password and so on.",
        )
    return text


def zone_of(name: str, what: str) -> ZoneInfo:
    """Raises SettingsError with the nearest names for a zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
        hint = (
            f"Did you mean {' or '.join(near)}?"
            if near
            else "Use a name like Asia/Shanghai or UTC."
        )
        raise SettingsError(f"{what} is {name[:80]!r}: there is no such time zone.", hint) from None


def data_folder() -> Path:
    """The user's data folder (not created here)."""
    from platformdirs import user_data_path

    return user_data_path("ci_stat", appauthor=False)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force now: defaults, then `env.json`, then variables.

    Raises SettingsError for a file that is not there, cannot be read or is no JSON object.
    """
    environ = os.environ if environ is None else environ
    file = _file(environ)
    values: dict[str, Value] = {}
    warnings: list[str] = []
    for key, text in _read(file).items() if file else ():
        if key in KEYS:
            values[key] = Value(text, str(file))
        else:
            warnings.append(_unknown(key, KEYS, str(file)))
    known = {PREFIX + key.upper(): key for key in KEYS}
    for name in sorted(environ):
        if name in known:
            values[known[name]] = Value(environ[name], f"variable {name}")
        elif name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            warnings.append(_unknown(name, known, "the environment"))
    for key, value in values.items():
        if _NO_TEXT.search(value.text):
            raise SettingsError(
                f"{key} (from {value.source}) is not text: it holds a NUL or is not UTF-8."
            )
    # An empty text is how a key of the template is left out.
    return Settings(
        {k: v for k, v in values.items() if v.text != ""},
        str(file) if file else None,
        tuple(warnings),
    )


def _unknown(name: str, known: Mapping[str, Any], where: str) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Unknown setting {name[:80]!r} in {where}" + (
        f": did you mean {near[0]!r}?" if near else "; it is ignored."
    )


def _file(environ: Mapping[str, str]) -> Path | None:
    given = environ.get(PATH_VARIABLE)
    if not given:
        return None
    path = Path(given)
    try:
        path = path.expanduser()
        path = path / FILE_NAME if path.is_dir() else path
        there = path.is_file()
    except (OSError, RuntimeError):  # no right to look, a name too long, ~nobody
        there = False
    if not there:
        raise SettingsError(
            f"{PATH_VARIABLE} is {given[:500]!r}, but {str(path)[:500]} does not exist.",
            "Copy env.example.json there and fill it in, or unset the variable.",
        )
    return path


def _read(path: Path) -> dict[str, str]:
    """The file's settings as texts. Errors name line and column, and never repeat a value."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Check quotes and commas there; JSON knows neither comments nor a comma before }.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}."
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"{path} holds a number of thousands of digits, or is nested too deeply."
        ) from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path} holds a {type(content).__name__}, not an object.",
            'Write {"host": "...", ...}.',
        )
    return {key: _as_text(key, value, path) for key, value in content.items() if value is not None}


def _as_text(key: str, value: object, path: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        if key in KEYS:
            raise SettingsError(
                f"{key} in {path} is a {type(value).__name__}, not a text or a whole number."
            )
        return ""
    return str(value)
