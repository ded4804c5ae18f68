"""Secrets masked in texts that others wrote: responses of servers, and log lines of the HTTP
library.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ci_stat.escape import visible

MASKED = "***"
MIN_SECRET = 4  # characters; masking shorter secrets would make texts unreadable
# The loggers of urllib3 that show paths: a filter does not apply to the loggers below its own.
_LOGGERS = (
    "urllib3",
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.poolmanager",
    "urllib3.util.retry",
)


class Mask:
    """The secrets of one server. Several threads may use it."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"<Mask of {len(self._secrets)} secrets>"

    def add(self, secret: str) -> None:
        """Add a secret, e.g. an access token that the server issued."""
        if len(secret) < MIN_SECRET or secret in self._secrets:
            return
        # Longest first: a path is masked as a whole, before the token at its end.
        self._secrets = tuple(sorted((*self._secrets, secret), key=len, reverse=True))

    def masked(self, text: str) -> str:
        """`text` with *** for each secret."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return text

    def shown(self, text: object, limit: int = 200) -> str:
        """`text` for an error message: masked, one line, cut to `limit` characters and a note."""
        # Masked before it is cut: a part of a secret would not be recognised.
        return visible(self.masked("" if text is None else str(text)), limit).strip()

    @contextmanager
    def over_logs(self) -> Iterator[None]:
        """Mask urllib3's log lines of this thread inside the block.

        Other threads are not affected.
        """
        _install_filter()
        token = _active.set((*_active.get(), self))
        try:
            yield
        finally:
            _active.reset(token)


_active: ContextVar[tuple[Mask, ...]] = ContextVar("_active", default=())
_installing = threading.Lock()


class _Filter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        masks = _active.get()
        if not masks:
            return True
        text = record.getMessage()
        for mask in masks:
            text = mask.masked(text)
        record.msg, record.args = text, ()
        record.exc_info, record.exc_text = None, None  # an exception may quote the server
        return True


_FILTER = _Filter()


def _install_filter() -> None:
    """Add the filter once.

    It stays: removing it while another thread logs could unmask that line.
    """
    with _installing:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_FILTER)
