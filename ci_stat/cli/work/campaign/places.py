"""The repository whose campaigns a command asks about."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.campaigns.presets import CampaignFile
from ci_stat.campaigns.setup import CampaignsSetup
from ci_stat.campaigns.spec_file import read_campaign
from ci_stat.cli.work import opening
from ci_stat.cli.work.campaign.files import DEFAULT, zone_of
from ci_stat.context import Context
from ci_stat.errors import UsageError


@dataclass(frozen=True, slots=True)
class CampaignPlace:
    """The campaigns of a repository, with the zone of times, and the channels."""

    context: Context
    setup: CampaignsSetup
    zone: ZoneInfo
    channels: tuple[str, ...] = ()


def place_of(context: Context, file: CampaignFile) -> CampaignPlace:
    """The place of the campaign that a file describes. Raises DatabaseError of our state."""
    return CampaignPlace(context, context.campaigns(file.spec.repo), zone_of(file), file.channels)


def opened_campaigns(repo: str | None) -> CampaignPlace:
    """The place of campaigns.

    `repo`: by default that of campaign.toml, else of the setting github_repo. Raises UsageError.
    """
    context = opening.opened()
    if repo is None and DEFAULT.exists():
        return place_of(context, read_campaign(Path(DEFAULT)))
    name = repo or context.settings.github.repo
    if not name:
        raise UsageError("No repository is named.", "Use --repo, or set github_repo.")
    return CampaignPlace(context, context.campaigns(name), ZoneInfo("UTC"))
