"""Log places as the settings name them."""

import hashlib
import json
import logging
from pathlib import Path

from ci_stat.config.clients import Jenkins
from ci_stat.config.groups import Logs
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.logs.folder import FolderPlace

log = logging.getLogger(__name__)


def folder_place(logs: Logs) -> FolderPlace:
    """The folder of the settings. Raises SettingsError for a template that cannot be used."""
    folder, template = (logs.folder or Path()).expanduser(), logs.template
    if template and not all(field in template for field in ("{job}", "{number}")):
        raise SettingsError(
            f"log_template is {template[:200]!r}, without {{job}} or {{number}}: all builds would have one log.",
            "Write a path below log_dir, e.g. {job}/{number}.log.",
        )
    if not folder.is_dir():
        log.warning("log_dir is %s, which is not there: no log is found in it.", visible(folder))
    return FolderPlace(folder, template or None, logs.limit)


def places_key(logs: Logs, jenkins: Jenkins) -> str:
    """Hash the settings that decide whether a log can be read.

    The token is left out: no trace of it may be stored.
    """
    folder = str(logs.folder or "")
    parts = [folder, logs.template, str(logs.megabytes), jenkins.url, jenkins.user]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
