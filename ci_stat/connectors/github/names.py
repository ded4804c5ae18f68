"""The name of a repository, as people write it: OWNER/NAME, or an address. Pure."""

import re
from urllib.parse import urlsplit

from ci_stat.errors import UsageError

# Owners have letters, digits and single hyphens; managed users end in _ and a company's short name.
REPO_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}(?<!\.git)"
)
# https://USER:TOKEN@HOST/OWNER/NAME.git, git@HOST:OWNER/NAME.git; USER is stripped before.
_ADDRESS = re.compile(
    r"(?:(?:https?|ssh|git)://)?(?P<host>[^/:\s]+)(?::[0-9]+)?[/:](?P<name>[^/\s]+/[^/\s]+?)/?"
)
_USER = re.compile(r"^((?:[a-z+]+://)?)\S*@", re.IGNORECASE)
_HOSTS = ("github.com", "www.github.com", "ssh.github.com")
_SHOWN = 200  # characters of a text that is refused


def repository_name(text: str, api_url: str = "") -> str:
    """OWNER/NAME, also from an address at GitHub, or at the host of `api_url`.

    Raises UsageError. A user or a token in the address is dropped, and is not in the message.
    """
    address = _USER.sub(r"\1", text.strip())
    match = _ADDRESS.fullmatch(address)
    name = match["name"] if match and match["host"].lower() in _hosts(api_url) else address
    if REPO_NAME.fullmatch(name.removesuffix(".git")):
        return name.removesuffix(".git")
    shown = re.split("[?#]", address)[0][:_SHOWN]
    raise UsageError(
        f"{shown!r} is not the name of a repository.",
        "Write OWNER/NAME, e.g. me/app, or its address at GitHub.",
    )


def _hosts(api_url: str) -> tuple[str, ...]:
    try:
        host = urlsplit(api_url).hostname or ""
    except ValueError:
        host = ""
    return (*_HOSTS, host, host.removeprefix("api."))
