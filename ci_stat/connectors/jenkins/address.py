"""The address and the credentials of a Jenkins. The credentials are sent to this address only."""

import base64
from urllib.parse import unquote, urljoin, urlsplit

from ci_stat.connectors.http.address import PORTS, Address, is_loopback, origin, root_of, split
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

_OTHER_SERVER = (
    "which is another server: not followed. Is jenkins_url the address that Jenkins has for itself,"
    " and are user and token right?"
)


class RequestFailed(NoLog):
    """A request without a valid response. `status` is the HTTP status, 0 without a response."""

    def __init__(self, state: LogState, detail: str, status: int = 0) -> None:
        super().__init__(state, detail)
        self.status = status


def parse_root(url: str) -> tuple[Address, str, str]:
    """Address, user and token in a URL. Raises SettingsError, which does not quote it."""
    parts = split(url)
    if parts is None:
        raise SettingsError(
            "The address of Jenkins is invalid.",
            "Write it as https://HOST/ or https://HOST:PORT/PATH/ (jenkins_url).",
        )
    loopback = is_loopback(parts.hostname or "")
    address = Address(root_of(parts), parts.path.rstrip("/"), loopback)
    return address, unquote(parts.username or ""), unquote(parts.password or "")


def authorization(user: str, token: str) -> str:
    """Basic for user and token, Bearer for a token alone.

    Raises SettingsError without the token's text.
    """
    if user and not token:
        raise SettingsError(
            "jenkins_user is set, but jenkins_token is not.",
            "Create a token on the user's page in Jenkins.",
        )
    if not user.isprintable() or not token.isprintable() or ":" in user:
        raise SettingsError("jenkins_user or jenkins_token contains an invalid character.")
    if user:
        return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()
    if not token:
        return ""
    if not token.isascii() or " " in token:
        raise SettingsError("jenkins_token contains an invalid character.")
    return f"Bearer {token}"


def next_hop(url: str, location: str, where: str) -> str:
    """The target of a redirect on the same server. Raises RequestFailed (REFUSED) for any other."""
    try:
        target = urlsplit(urljoin(url, location))
        same_server = origin(target.geturl()) in _own_origins(url)
    except ValueError:
        raise RequestFailed(LogState.REFUSED, f"{where} redirects to an invalid address.") from None
    if not location or "\\" in location or not same_server:
        other = visible(f"{target.scheme}://{target.hostname}", 100)
        raise RequestFailed(LogState.REFUSED, f"{where} redirects to {other}, {_OTHER_SERVER}")
    # A user in the target would be sent instead of ours.
    host = target.netloc.rpartition("@")[2]
    return target._replace(netloc=host, fragment="").geturl()


def _own_origins(url: str) -> list[tuple[str, str | None, int | None]]:
    """The origin of `url`, and for HTTP the same host with HTTPS."""
    scheme, host, port = origin(url)
    if scheme != "http":
        return [(scheme, host, port)]
    return [(scheme, host, port), ("https", host, PORTS["https"]), ("https", host, port)]
