"""The log folder of the settings, and the key by which our state knows the places of logs."""

import hashlib
import json
import logging
from pathlib import Path

from ci_stat.config import Jenkins, Logs
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.logs.folder import FolderPlace

log = logging.getLogger(__name__)


def folder_place(logs: Logs) -> FolderPlace:
    """Return the log folder of the settings. Raises SettingsError for an invalid template."""
    _require_valid(logs.template)
    folder = (logs.folder or Path()).expanduser()
    if not folder.is_dir():
        log.warning("log_dir %s is not an existing folder: it has no logs.", visible(folder))
    return FolderPlace(folder, logs.template or None, logs.limit)


def _require_valid(template: str) -> None:
    missing = [field for field in ("{job}", "{number}") if field not in template]
    if template and missing:
        raise SettingsError(
            f"log_template lacks {' and '.join(missing)}, so builds would share a log: "
            f"{template[:200]!r}.",
            "Write a path below log_dir, e.g. {job}/{number}.log.",
        )


def places_key(logs: Logs, jenkins: Jenkins, github: str = "") -> str:
    """Hash the settings that decide whether a log can be read.

    - `github`: the address of GitHub's API, if logs are read from it.

    The tokens are left out: no trace of them may be stored.
    """
    folder = str(logs.folder or "")
    parts = [folder, logs.template, str(logs.megabytes), jenkins.url, jenkins.user]
    parts += [github] if github else []
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
