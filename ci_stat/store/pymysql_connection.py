"""PyMySQL's connection, without what it repeats for each connection at the cost of 28 ms."""

import ssl
from functools import cache
from typing import Any

from pymysql.connections import Connection


class LightConnection(Connection):  # type: ignore[misc]  # PyMySQL has no types
    """Without TLS options, PyMySQL encrypts if the server can, and verifies no certificate.

    It loads all certificate authorities of the system for that, which nothing reads.
    """

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        if sslp:
            return super()._create_ssl_ctx(sslp)  # type: ignore[no-any-return]
        return _unverified()


@cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
