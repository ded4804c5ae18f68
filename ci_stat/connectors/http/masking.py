"""Secrets kept out of texts that others wrote: answers of servers, and the log lines of the HTTP library."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ci_stat.escape import visible

MASKED = "***"
MIN_SECRET = 4  # characters; to mask a shorter word would tear up every text
# Those of urllib3 that show paths: filters do not apply to the loggers below one.
_LOGGERS = (
    "urllib3",
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.poolmanager",
    "urllib3.util.retry",
)


class Mask:
    """The secrets of one far end. May be used by several threads."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"<Mask of {len(self._secrets)} secrets>"

    def add(self, secret: str) -> None:
        """One more secret, e.g. a token that the far end gave us."""
        if len(secret) >= MIN_SECRET and secret not in self._secrets:
            # The longest first: a path goes as a whole, before the token that is its end.
            self._secrets = tuple(sorted((*self._secrets, secret), key=len, reverse=True))

    def hides(self, text: str) -> str:
        """`text` with *** in place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return text

    def shown(self, text: object, limit: int = 200) -> str:
        """Foreign `text` for a message of ours: no secret, one line, at most `limit` characters and a note."""
        # Masked before it is cut: half a secret would not be found.
        return visible(self.hides("" if text is None else str(text)), limit).strip()

    @contextmanager
    def over_logs(self) -> Iterator[None]:
        """While the block runs, this thread's log lines of urllib3 are masked. Those of other threads stay."""
        _install()
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
        if masks:
            text = record.getMessage()
            for mask in masks:
                text = mask.hides(text)
            # Its exception, where there is one, quotes what the server sent.
            record.msg, record.args, record.exc_info, record.exc_text = text, (), None, None
        return True


_FILTER = _Filter()


def _install() -> None:
    """Put the filter on, once. It stays: to take one off while another thread logs can make that thread skip one."""
    with _installing:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_FILTER)
