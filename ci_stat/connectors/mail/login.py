"""Login and certificates of an SMTP server, checked before it is connected."""

import base64
import ssl

from ci_stat.connectors.http.address import is_loopback
from ci_stat.errors import SettingsError


def check_login(host: str, tls: str, user: str, password: str) -> None:
    if bool(user) != bool(password):
        raise SettingsError(
            "Only one of mail_user and mail_password is set.", "Set both, or neither."
        )
    if not (user + password).isascii() or not (user + password).isprintable():
        raise SettingsError(
            "mail_user or mail_password contains an invalid character.", "Use ASCII."
        )
    if password and tls == "none" and not is_loopback(host):
        raise SettingsError(
            "mail_password would be sent unencrypted over the network.",
            "Set mail_tls to starttls or ssl.",
        )


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
