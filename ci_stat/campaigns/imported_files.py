"""Writes what was imported: the campaign, and the settings with their secrets."""

from pathlib import Path

from ci_stat.campaigns.imported import Imported
from ci_stat.campaigns.spec_write import campaign_text
from ci_stat.config.write import require_new, write_settings
from ci_stat.formats.files import open_output, require_writable


def write_import(imported: Imported, campaign: Path, settings: Path, force: bool) -> list[str]:
    """Write both files; return the settings whose value was replaced.

    `campaign`: `campaign.toml`, which has no secrets. `settings`: `env.json`, with mode 0600. With
    `force`, existing files change, and `env.json` keeps its other keys. Raises WriteError, without
    `force` if a file exists, before anything is written.
    """
    if not force:
        require_new(campaign)
        if imported.settings:
            require_new(settings)
    require_writable(str(campaign))
    replaced = write_settings(settings, imported.settings, force) if imported.settings else []
    with open_output(str(campaign)) as file:
        file.write(campaign_text(imported.campaign, _comments(imported)))
    return replaced


def _comments(imported: Imported) -> list[str]:
    return ["Written by `ci-stat campaign import`.", *imported.notes]
