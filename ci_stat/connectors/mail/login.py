"""Login and certificates of an SMTP server, checked before it is connected."""

import base64
import hmac
import smtplib
import ssl
import unicodedata
from collections.abc import Callable

from ci_stat.connectors.http.address import is_loopback
from ci_stat.errors import SettingsError

_CONTROLS = ("Cc", "Cs")  # categories of control characters and of lone surrogates


def check_login(host: str, tls: str, user: str, password: str) -> None:
    if bool(user) != bool(password):
        raise SettingsError(
            "Only one of mail_user and mail_password is set.", "Set both, or neither."
        )
    if any(unicodedata.category(letter) in _CONTROLS for letter in user + password):
        raise SettingsError(
            "mail_user or mail_password contains a line end or another control character.",
            "Copy it again.",
        )
    if password and tls == "none" and not is_loopback(host):
        raise SettingsError(
            "mail_password would be sent unencrypted over the network.",
            "Set mail_tls to starttls or ssl.",
        )


class _Utf8(str):
    """Text that smtplib sends as UTF-8, which servers expect (RFC 4616); it would ask for ASCII."""

    def encode(self, _encoding: str = "", _errors: str = "") -> bytes:
        return str.encode(self, "utf-8")


def log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Log in by the first mechanism that the server accepts. Raises smtplib.SMTPException."""
    if (user + password).isascii():
        smtp.login(user, password)
        return

    offered = smtp.esmtp_features["auth"].upper().split()
    refusal = smtplib.SMTPException("No suitable authentication method found.")
    for name, respond in _responses(user, password).items():
        if name not in offered:
            continue
        try:
            smtp.auth(name, respond, initial_response_ok=name == "PLAIN")
            return
        except smtplib.SMTPAuthenticationError as error:
            refusal = error
    raise refusal


def _responses(user: str, password: str) -> dict[str, Callable[..., str]]:
    """By mechanism, in smtplib's order: the response to a challenge."""

    def cram_md5(challenge: bytes | None = None) -> str:
        digest = hmac.new(password.encode(), challenge or b"", "md5").hexdigest()
        return _Utf8(f"{user} {digest}")

    def plain(_challenge: bytes | None = None) -> str:
        return _Utf8(f"\0{user}\0{password}")

    parts = iter((user, password))

    def login(_challenge: bytes | None = None) -> str:
        return _Utf8(next(parts, ""))

    return {"CRAM-MD5": cram_md5, "PLAIN": plain, "LOGIN": login}


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        pass
    raise SettingsError(
        "mail_ca cannot be read as a file of certificates.", "It takes the path of a PEM file."
    )


def encoded(text: str) -> str:
    """As a password is sent, and may be quoted by the server."""
    return base64.b64encode(text.encode()).decode() if text.strip("\0") else ""
