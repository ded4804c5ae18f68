"""Who may connect: tokens, and the pages from which a browser may."""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from ci_stat.commit_tests.server.hub import ANYONE
from ci_stat.commit_tests.server.tokens import Tokens
from ci_stat.errors import SettingsError

log = logging.getLogger(__name__)

_BEARER = "bearer "


class Access:
    """`origins`: of pages on other hosts, such as https://ci.example.org."""

    def __init__(self, tokens: Tokens, origins: tuple[str, ...] = ()) -> None:
        self._tokens = tokens
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    @property
    def needs_token(self) -> bool:
        """Whether any token is registered: then each connection needs one. Raises SettingsError."""
        return self._tokens.exist

    def user_of(self, token: str) -> str | None:
        """Return the user of a token; None to refuse it. A damaged token file refuses all."""
        try:
            return self._tokens.user_of(token) if self.needs_token else ANYONE
        except SettingsError as error:
            log.error("Nobody can connect: %s", error)
            return None

    def permits_origin(self, headers: Mapping[str, str]) -> bool:
        """Whether the page that connects may. Programs other than browsers name no page.

        Without this check, any page that a user visits could run commands with what is on loopback.
        """
        origin = headers.get("origin", "").lower()
        if not origin:
            return True
        return urlsplit(origin).netloc == headers.get("host", "").lower() or (
            origin in self._origins
        )


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the token of the header Authorization; empty if there is none."""
    value = headers.get("authorization", "")
    return value[len(_BEARER) :].strip() if value.lower().startswith(_BEARER) else ""
