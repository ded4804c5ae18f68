"""The repository whose campaigns a command asks about."""

from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.campaigns.setup import CampaignsSetup
from ci_stat.campaigns.spec_file import read_campaign
from ci_stat.cli.work import opening
from ci_stat.cli.work.campaign.files import DEFAULT, zone_of
from ci_stat.errors import UsageError


def opened_campaigns(repo: str | None) -> tuple[CampaignsSetup, str, ZoneInfo]:
    """The campaigns of a repository, its fork, and the zone of times.

    `repo`: by default that of campaign.toml, else of the setting github_repo. Raises UsageError.
    """
    context = opening.opened()
    if repo is None and DEFAULT.exists():
        campaign = read_campaign(Path(DEFAULT))
        return context.campaigns(campaign.spec.repo), campaign.spec.fork, zone_of(campaign)
    name = repo or context.settings.github.repo
    if not name:
        raise UsageError("No repository is named.", "Use --repo, or set github_repo.")
    return context.campaigns(name), "", ZoneInfo("UTC")
