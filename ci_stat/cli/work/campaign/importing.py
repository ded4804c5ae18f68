"""`ci-stat campaign import`: the settings of a known script become a campaign and settings."""

import os
from pathlib import Path

import click

from ci_stat.campaigns.imported import read_import
from ci_stat.campaigns.imported_files import write_import
from ci_stat.config import FILE_NAME, PATH_VARIABLE, default_file
from ci_stat.escape import visible


def import_(env_file: Path, output: Path, force: bool) -> None:
    imported = read_import(env_file)
    settings = _settings_file()
    replaced = write_import(imported, output, settings, force)
    click.echo(f"Written: {visible(output)}")
    if imported.settings:
        keys = ", ".join(imported.settings)
        click.echo(f"Written: {visible(settings)} with {keys} (mode 0600)")
    for key in replaced:
        click.echo(f"Replaced in {visible(settings)}: {key}")
    for note in imported.notes:
        click.echo(f"Note: {visible(note)}", err=True)
    click.echo(f"Next: ci-stat campaign plan {visible(output)}")


def _settings_file() -> Path:
    named = os.environ.get(PATH_VARIABLE)
    return Path(named) / FILE_NAME if named else default_file()
