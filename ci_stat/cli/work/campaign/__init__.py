"""`ci-stat campaign`: the work of each subcommand."""

from ci_stat.cli.work.campaign.asking import list_, plan, report, status
from ci_stat.cli.work.campaign.importing import import_
from ci_stat.cli.work.campaign.running import cancel, resume, start
from ci_stat.cli.work.campaign.scheduling import schedule

__all__ = ["cancel", "import_", "list_", "plan", "report", "resume", "schedule", "start", "status"]
