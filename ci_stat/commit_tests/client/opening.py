"""Opens a WebSocket, and says in plain words why that does not work."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from ci_stat.commit_tests.protocol.frames import MAX_SERVER_FRAME
from ci_stat.errors import CiStatError, SettingsError, SourceError, UsageError
from ci_stat.escape import visible

_OPEN_SECONDS = 20.0
_CLOSE_SECONDS = 2.0
_RETRIED = frozenset({429, 500, 502, 503, 504})  # of a proxy whose server restarts


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, message: str, /) -> None: ...
    async def recv(self) -> str | bytes: ...
    async def close(self) -> None: ...


OpenSocket = Callable[[], Awaitable[Socket]]


class Unreachable(SourceError):
    """No server answers now. It may do so later."""


def socket_opener(url: str, token: str = "", ca: Path | None = None) -> OpenSocket:
    """Return a function that connects. `ca`: PEM file of an authority of your own.

    Raises UsageError, SettingsError. The function raises Unreachable, and CiStatError for what does
    not get better with time.
    """
    shown = _checked_url(url)
    context = _tls(url, ca)
    headers = {"Authorization": f"Bearer {_checked_token(token)}"} if token else {}

    async def open_socket() -> Socket:
        try:
            return await connect(
                url,
                additional_headers=headers,
                ssl=context,
                max_size=MAX_SERVER_FRAME,
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                ping_interval=None,  # the protocol has its own pings, which a browser sees too
                compression=None,
            )
        except InvalidStatus as error:
            raise _refused(error.response.status_code, shown) from None
        except ssl.SSLCertVerificationError as error:
            hint = "Name its authority with --ca FILE, or check the host name."
            problem = f"The certificate of {shown} is not valid: {error.verify_message}."
            raise SettingsError(problem, hint) from None
        except ssl.SSLError:
            hint = "Is it ws:// without TLS?"
            raise SettingsError(f"{shown} does not speak TLS.", hint) from None
        except (OSError, TimeoutError, EOFError) as error:
            reason = visible(getattr(error, "strerror", "") or error or "no answer", 200)
            hint = "Is `ci-stat serve` running there?"
            raise Unreachable(f"No server answers at {shown}: {reason}.", hint) from None
        except InvalidHandshake as error:
            hint = "The address ends in /ws; with TLS it begins with wss://."
            problem = f"{shown} is no server of commit tests: {visible(error, 200)}."
            raise Unreachable(problem, hint) from None

    return open_socket


def _checked_url(url: str) -> str:
    """Return the address for messages. Raises UsageError."""
    hint = "Write it like wss://ci.example.org/ws."
    shown = visible(url, 200)
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except (ValueError, InvalidURI):
        host = None
    if host is None or parts.scheme not in ("ws", "wss"):
        raise UsageError(f"The address {shown!r} is not valid.", hint)
    if parts.username or parts.password:
        raise UsageError("The address of the server contains a login.", "Use a token.")
    return shown


def _checked_token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError("The token contains an invalid character.", "Copy it again.")
    return token


def _tls(url: str, ca: Path | None) -> ssl.SSLContext | None:
    if not url.startswith("wss://"):
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise SettingsError(f"{ca} is no PEM file of an authority: {error.strerror}.") from None


def _refused(status: int, shown: str) -> CiStatError:
    if status == 401:
        hint = "Check commits_token, or ask for a token: ci-stat serve --add-token USER."
        return SettingsError(f"{shown} does not accept the token.", hint)
    if status in _RETRIED:
        return Unreachable(f"{shown} is not ready (HTTP {status}).", "Try again later.")
    hint = "The address of a server ends in /ws."
    return SourceError(f"{shown} refuses the connection (HTTP {status}).", hint)
