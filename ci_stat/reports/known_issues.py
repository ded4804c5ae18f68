"""The file of known issues: links by the name of a case."""

import json
import logging
from pathlib import Path
from typing import Any

from ci_stat.errors import SettingsError
from ci_stat.escape import visible, web_link
from ci_stat.failures import case_key

log = logging.getLogger(__name__)


def known_issues(path: Path | None) -> dict[str, str]:
    """Links by the key of a case, from a JSON file `{case: link}`. Raises SettingsError."""
    if path is None:
        return {}
    links = _read(path)
    if not _are_links(links):
        raise SettingsError(
            f"known_issues: {path} does not map cases to links.",
            'Write {"testSuite.TestName": "https://..."}.',
        )
    return {case_key(name): link for name, link in links.items()}


def _read(path: Path) -> Any:
    """The content of the JSON file."""
    try:
        return json.loads(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError) as error:  # RuntimeError: ~nobody
        reason = getattr(error, "strerror", None) or "it is not JSON"
        raise SettingsError(f"known_issues: {path} cannot be read: {reason}.") from None


def _are_links(content: object) -> bool:
    if not isinstance(content, dict):
        return False
    return all(isinstance(link, str) and web_link(link) for link in content.values())


def with_known_issues(own: dict[str, str], file: Path | None) -> dict[str, str]:
    """Our own issues and those of the file, which take precedence. An unusable file is logged."""
    try:
        return own | known_issues(file)
    except SettingsError as error:
        log.warning("%s", visible(error))
        return own
