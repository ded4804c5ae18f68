"""The log of a command or a job: stderr, and the file of the setting `log_file`.

The log contains no secret of the settings. A command continues if the file cannot be written.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from ci_stat.config import Settings
from ci_stat.connectors.http.masking import Mask
from ci_stat.escape import visible, visible_lines

MAX_BYTES = 10 * 2**20
OLD_FILES = 5  # PATH.1 is the newest
_MAX_CHARACTERS = 10_000  # of one message
_IN_FILE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_ON_STDERR = "%(levelname)s: %(message)s"

log = logging.getLogger(__name__)


class MaskedFormatter(logging.Formatter):
    """Masks secrets, and escapes control characters, in messages and tracebacks."""

    converter = staticmethod(time.gmtime)

    def __init__(self, mask: Mask, form: str) -> None:
        super().__init__(form, "%Y-%m-%dT%H:%M:%SZ")
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        masked = copy(record)
        masked.msg = visible(self._mask.masked(record.getMessage()), _MAX_CHARACTERS)
        masked.args, masked.exc_text = (), None
        return super().format(masked)

    def formatException(self, ei: Any) -> str:
        return visible_lines(self._mask.masked(super().formatException(ei)))


class LogFile(RotatingFileHandler):
    """A log file that rotates and that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._broken = False
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        file = open(  # noqa: SIM115
            self.baseFilename, self.mode, encoding=self.encoding, opener=_private
        )
        assert isinstance(file, TextIOWrapper)
        return file

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Print the error once. The inherited method prints the message with its secrets."""
        if not self._broken:
            self._broken = True
            error = sys.exc_info()[1]
            print(f"ci-stat: log_file cannot be written: {visible(error)}", file=sys.stderr)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def logging_as_set(settings: Settings) -> Iterator[None]:
    """Log as the settings say while the block runs. Raises SettingsError."""
    level = settings.logging.level
    path = settings.logging.file
    mask = Mask(*settings.secrets())
    root = logging.getLogger()
    ours = logging.getLogger("ci_stat")
    level_before = ours.level
    ours.setLevel(min(level, root.getEffectiveLevel()))
    for handler in root.handlers:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(MaskedFormatter(mask, _ON_STDERR))
            if path is None:
                handler.setLevel(min(level, handler.level))
    file = _open_log(path.expanduser(), level, mask) if path else None
    try:
        yield
    finally:
        ours.setLevel(level_before)
        if file is not None:
            root.removeHandler(file)
            with suppress(OSError):  # a full disk
                file.close()


def _open_log(path: Path, level: int, mask: Mask) -> LogFile | None:
    """Open the file for all loggers. Return None, after a warning, if it cannot be opened."""
    try:
        file = LogFile(path)
    except OSError as error:
        log.warning("log_file: %s cannot be opened: %s", visible(path), error.strerror)
        return None
    file.setLevel(level)
    file.setFormatter(MaskedFormatter(mask, _IN_FILE))
    logging.getLogger().addHandler(file)
    return file
