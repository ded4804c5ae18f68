"""The address of a Jenkins and the secret for it: taken apart, kept apart, and never sent to anybody else."""

import base64
import re
from urllib.parse import unquote, urljoin, urlsplit

from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

PORTS = {"http": 80, "https": 443}


class NoAnswer(NoLog):
    """A request that gave nothing usable. `status` is the HTTP status, 0 where there was none."""

    def __init__(self, state: LogState, detail: str, status: int = 0) -> None:
        super().__init__(state, detail)
        self.status = status


def address(url: str) -> tuple[str, str, str]:
    """Root without a slash at its end, user and token of an URL. Raises SettingsError that does not repeat it."""
    bad = SettingsError(
        "The address of Jenkins cannot be used.",
        "Write it as https://HOST/ or https://HOST:PORT/PATH/ (jenkins_url).",
    )
    url = url.strip()
    # What splits differently in different hands could send the token elsewhere.
    if visible(url) != url or re.search(r"[\s\\]", url):
        raise bad
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
        raise bad
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port}" if port is not None else host
    root = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
    return root, unquote(parts.username or ""), unquote(parts.password or "")


def authorization(user: str, token: str) -> str:
    """Basic for user and token, Bearer for a token alone. Raises SettingsError without the token's text."""
    if user and not token:
        raise SettingsError(
            "jenkins_user is set, but no jenkins_token.",
            "Make a token on the user's page in Jenkins.",
        )
    if not all(map(str.isprintable, (user, token))) or ":" in user:
        raise SettingsError("jenkins_user or jenkins_token holds a sign that cannot be sent.")
    if user:
        return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()
    if not token:
        return ""
    if not token.isascii() or " " in token:
        raise SettingsError("jenkins_token holds a sign that cannot be sent.")
    return f"Bearer {token}"


def next_hop(url: str, location: str, where: str) -> str:
    """Where a redirect leads, if we may follow. Raises NoAnswer (REFUSED) that names at most the other host."""
    try:
        target = urlsplit(urljoin(url, location))
        here, there = (
            urlsplit(url),
            (target.scheme, target.hostname, target.port or PORTS.get(target.scheme)),
        )
    except ValueError:
        raise NoAnswer(
            LogState.REFUSED, f"{where} redirects to an address that cannot be read."
        ) from None
    port = here.port or PORTS[here.scheme]
    homes = [(here.scheme, here.hostname, port)]
    if here.scheme == "http":  # to the same host, encrypted
        homes += [("https", here.hostname, 443), ("https", here.hostname, port)]
    if not location or "\\" in location or there not in homes:
        other = visible(f"{target.scheme}://{target.hostname}", 100)
        raise NoAnswer(
            LogState.REFUSED,
            f"{where} redirects to {other}, which is another server: not followed. Is jenkins_url the address"
            " that Jenkins has for itself, and are user and token right?",
        )
    # Without a user in it, which would be sent in place of ours.
    return target._replace(netloc=target.netloc.rpartition("@")[2], fragment="").geturl()
