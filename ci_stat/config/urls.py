"""Database URLs: made from settings, checked, and shown without password.

They are handled here and not by SQLAlchemy: its import costs more than all of this package.
"""

import re
from pathlib import Path
from urllib.parse import quote, unquote

from platformdirs import user_data_path

from ci_stat.errors import SettingsError


def data_folder() -> Path:
    """The user's data folder (not created here)."""
    return user_data_path("ci_stat", appauthor=False)


def embedded_url(file: str) -> str:
    """The SQLite file of that name in the data folder."""
    return f"sqlite:///{data_folder() / file}"


def server_url(host: str, port: int, user: str, password: str, database: str) -> str:
    """The URL of a MySQL server; characters that a URL acts on are written as %40 and so on."""
    is_bare_ipv6 = host.count(":") > 1 and not host.startswith("[")
    server = f"[{host}]" if is_bare_ipv6 else host
    account = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"mysql+pymysql://{account}@{server}:{port}/{quote(database, safe='')}"


def hidden_url(text: str) -> str:
    """A URL without password and options; nothing of one in which they cannot be told apart."""
    scheme, separator, rest = text.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite"):
        return text.partition("?")[0]  # a path, in which @ and : are letters
    place, _, options = rest.partition("?")
    account, at, server = place.rpartition("@")
    if not separator or "@" in options or "/" in account:
        return "(set, hidden)"
    user = account.partition(":")[0]
    return f"{scheme}://{user}:***@{server}" if at else f"{scheme}://{server}"


def secret_parts(text: str) -> set[str]:
    """What an address must not show: its password, as written and as sent, and a hook's token."""
    scheme, _, rest = text.partition("://")
    if scheme.startswith("sqlite"):
        return set()
    account, _, place = rest.rpartition("@")
    password = account.partition(":")[2]
    token = place.rpartition("/")[2] if "hook" in place or "services" in place else ""
    return {part for part in (password, unquote(password), token) if part}


def check_url(text: str, what: str) -> None:
    """Raises SettingsError where a part of the password would be taken for the host, and shown."""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        return
    account, _, place = rest.rpartition("@")
    server = re.split("[/?]", place, maxsplit=1)[0]
    port = server.rpartition("]")[2].partition(":")[2]
    password = account.partition(":")[2]
    if "@" in password or not re.fullmatch("[0-9]{0,5}", port):
        raise SettingsError(
            f"{what} cannot be read: "
            "after the user and the password comes one @, then HOST:PORT/DATABASE.",
            "Write characters such as @ : / in the password as %40 %3A %2F, "
            "or set host, user, password and so on instead.",
        )
