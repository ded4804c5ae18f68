"""The answers to `ci-stat init` as settings and as the commands to type next. Pure."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from ci_stat.config.presets import PRESETS
from ci_stat.config.read import implied_preset
from ci_stat.config.urls import account_of, check_url
from ci_stat.connectors.github.names import repository_name
from ci_stat.errors import UsageError

_NEW: Mapping[str, Any] = MappingProxyType({})
_SERVER = ("host", "user", "password", "database")
_ACCOUNT = ("host", "user", "password")
_SINCE = "30d"  # what the first sync of GitHub Actions copies


@dataclass(frozen=True)
class Answers:
    """The options of `ci-stat init`, or the answers to its questions; "" for what is not given."""

    github: str = ""
    github_token: str = ""
    github_url: str = ""
    jenkins: str = ""
    jenkins_user: str = ""
    jenkins_token: str = ""
    database: str = ""
    password: str = ""
    files: str = ""
    logs: str = ""
    log_template: str = ""
    time_zone: str = ""
    run_url: str = ""
    preset: str = ""

    @property
    def repository(self) -> str:
        """OWNER/NAME of `github`; "" for none. Raises UsageError."""
        return repository_name(self.github, self.github_url) if self.github else ""

    @property
    def has_source(self) -> bool:
        """Whether they name a source of runs."""
        return any((self.github, self.jenkins, self.database, self.files))


def values_of(answers: Answers, existing: Mapping[str, Any] = _NEW) -> dict[str, str]:
    """Return the settings, without those that keep their defaults. Raises UsageError.

    `existing`: the file that they are added to. The preset that a published file implies is written
    into it, because with other keys it would be lost.
    """
    _require_own_database(answers, existing)
    stored = stored_password(answers.database, existing)
    implied_zone = "UTC" if answers.database and not zone_in_force(answers, existing) else ""
    values = {
        "preset": answers.preset or implied_preset(existing.keys(), existing),
        "url": _with_password(answers.database, answers.password or stored),
        "time_zone": answers.time_zone or implied_zone,
        "run_url": answers.run_url or _jenkins_runs(answers.jenkins),
        "log_dir": str(Path(answers.logs).expanduser().absolute()) if answers.logs else "",
        "log_template": answers.log_template,
        "jenkins_url": answers.jenkins,
        "jenkins_user": answers.jenkins_user,
        "jenkins_token": answers.jenkins_token if answers.jenkins else "",
        "gh_token": answers.github_token if answers.github else "",
        "github_repo": answers.repository,
        "github_url": answers.github_url,
    }
    return {key: value for key, value in values.items() if value}


def _require_own_database(answers: Answers, existing: Mapping[str, Any]) -> None:
    """Raises UsageError if the runs of a file would be stored on a server of the existing file."""
    if not answers.files or answers.database:
        return
    url = str(existing.get("url") or "")
    keys = ["url"] if url else [key for key in _SERVER if existing.get(key)]
    if keys and not url.startswith("sqlite"):
        raise UsageError(
            f"The file points to a server ({', '.join(keys)}): `ci-stat import` would store the"
            " runs there.",
            "Name the database for the runs, e.g. --database sqlite:////path/to/ci.sqlite, or write"
            " another file with --file PATH.",
        )


def zone_in_force(answers: Answers, existing: Mapping[str, Any] = _NEW) -> str:
    """The zone that the file or its preset sets; "" for the default."""
    preset = answers.preset or existing.get("preset") or ""
    preset = preset or implied_preset(existing.keys(), existing)
    of_preset = PRESETS.get(str(preset), {}).get("time_zone", "")
    return str(existing.get("time_zone") or of_preset)


def stored_password(url: str, existing: Mapping[str, Any]) -> str:
    """The password in the file, for a URL that has none but the same host and user; else ""."""
    if not lacks_password(url):
        return ""
    if existing.get("url"):
        stored = account_of(str(existing["url"]))
    else:
        host, user, password = (str(existing.get(key) or "") for key in _ACCOUNT)
        stored = (host.strip("[]").lower(), user, password)
    host, user, _ = account_of(url)
    return stored[2] if stored[:2] == (host, user) else ""


def holds_password(existing: Mapping[str, Any]) -> bool:
    """Whether the file has a password of a CI database."""
    return bool(existing.get("password") or account_of(str(existing.get("url") or ""))[2])


def _with_password(url: str, password: str) -> str:
    """Put the password into a URL that has a user without one. Raises SettingsError."""
    if not url:
        return ""
    check_url(url, "--database")
    scheme, _, rest = url.partition("://")
    user, at, server = rest.rpartition("@")
    if not password or not at or ":" in user:
        return url
    return f"{scheme}://{user}:{quote(password, safe='')}@{server}"


def lacks_password(url: str) -> bool:
    """Whether a URL names a user without a password."""
    user, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at) and ":" not in user


def _jenkins_runs(url: str) -> str:
    """The page of a build, from the root of Jenkins without user and token."""
    if not url:
        return ""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    return f"{root}/{{job_path}}/{{number}}/"


def next_commands(answers: Answers, exported: str) -> Iterator[tuple[str, str]]:
    """Yield the commands to type next, each with its purpose.

    `exported`: the file that STAT_ENV_PATH must name, or "".
    """
    if exported:
        yield f"export STAT_ENV_PATH={shlex.quote(exported)}", "so that the file is found"
    if answers.github:
        repo = shlex.quote(answers.repository)
        yield f"ci-stat sync github --repo {repo}", "copy the runs of GitHub Actions"
    if answers.jenkins:
        yield f"ci-stat sync jenkins --since {_SINCE}", "copy the builds of Jenkins"
    if answers.files:
        yield f"ci-stat import {shlex.quote(answers.files)}", "import the runs of the file"
    yield f"ci-stat failures --since {_SINCE}", "what fails, and since when"
    yield f"ci-stat summary --since {_SINCE}", "how much fails"
