"""Database URLs: build them from settings, check them, show them without their password.

This module parses URLs itself: importing SQLAlchemy costs more time than this whole package.
"""

import re
from pathlib import Path
from urllib.parse import quote, unquote

from platformdirs import user_data_path

from ci_stat.errors import SettingsError

_BRANCH = "git+branch:"
_BRANCH_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def data_folder() -> Path:
    """Return the user's data folder. It may not exist."""
    return user_data_path("ci_stat", appauthor=False)


def embedded_url(file: str) -> str:
    """Return the URL of a SQLite file in the data folder."""
    return f"sqlite:///{data_folder() / file}"


def branch_of(url: str) -> str:
    """Return the name in git+branch:NAME, or "" for another URL. Raises SettingsError."""
    if not url.startswith(_BRANCH):
        return ""
    name = url.removeprefix(_BRANCH)
    if not _BRANCH_NAME.fullmatch(name) or ".." in name or name.endswith((".lock", ".")):
        raise SettingsError(
            "results_url does not name a branch.", "Write e.g. git+branch:ci-stat-history."
        )
    return name


def server_url(host: str, port: int, user: str, password: str, database: str) -> str:
    """Return the URL of a MySQL server, percent-encoded where needed."""
    is_bare_ipv6 = host.count(":") > 1 and not host.startswith("[")
    server = f"[{host}]" if is_bare_ipv6 else host
    account = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"mysql+pymysql://{account}@{server}:{port}/{quote(database, safe='')}"


def hidden_url(text: str) -> str:
    """Return a URL without password and options, or a placeholder if they are ambiguous."""
    scheme, separator, rest = text.partition("://")
    if text.startswith(_BRANCH):
        return text
    if scheme in ("sqlite", "sqlite+pysqlite"):
        return text.partition("?")[0]  # a path: @ and : have no meaning
    place, _, options = rest.partition("?")
    account, at, server = place.rpartition("@")
    if not separator or "@" in options or "/" in account:
        return "(set, hidden)"
    user = account.partition(":")[0]
    return f"{scheme}://{user}:***@{server}" if at else f"{scheme}://{server}"


def secret_parts(text: str) -> set[str]:
    """Return the secret parts of a URL: its password, raw and decoded, and a webhook's token."""
    scheme, _, rest = text.partition("://")
    if scheme.startswith("sqlite"):
        return set()
    account, _, place = rest.rpartition("@")
    password = account.partition(":")[2]
    token = place.rpartition("/")[2] if "hook" in place or "services" in place else ""
    return {part for part in (password, unquote(password), token) if part}


def account_of(text: str) -> tuple[str, str, str]:
    """Return host, user and password of a server's URL, decoded; "" for what it lacks."""
    scheme, _, rest = text.partition("://")
    if scheme.startswith("sqlite"):
        return "", "", ""
    account, _, place = rest.rpartition("@")
    user, _, password = account.partition(":")
    server = re.split("[/?]", place, maxsplit=1)[0]
    host = re.sub(r":[0-9]*\Z", "", server).strip("[]").lower()
    return host, unquote(user), unquote(password)


def check_url(text: str, setting: str) -> None:
    """Raises SettingsError if a part of the password would be parsed, and shown, as the host."""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        return
    account, _, place = rest.rpartition("@")
    server = re.split("[/?]", place, maxsplit=1)[0]
    port = server.rpartition("]")[2].partition(":")[2]
    password = account.partition(":")[2]
    is_port = re.fullmatch("[0-9]{0,5}", port) and int(port or 1) in range(1, 65_536)
    if "@" in password or not is_port:
        raise SettingsError(
            f"{setting} cannot be parsed: "
            "one @ and HOST:PORT/DATABASE must follow the user and the password,"
            " and PORT is a whole number from 1 to 65535.",
            "Write the characters @ : / in the password as %40 %3A %2F, "
            "or set host, user, password and database instead.",
        )
