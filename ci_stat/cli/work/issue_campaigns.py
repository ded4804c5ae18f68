"""`ci-stat issues plan --evidence campaign`: issues for what stability campaigns found."""

from collections.abc import Sequence
from dataclasses import replace

from ci_stat.campaigns.evidence import CampaignRuns
from ci_stat.context import Clock, Context
from ci_stat.errors import NoNewData, UsageError
from ci_stat.issues.address import repository
from ci_stat.issues.service import Filer
from ci_stat.records import Window

EVIDENCE = "campaign"


def with_campaigns(
    filer: Filer, context: Context, clock: Clock, per: str | None, labels: Sequence[str]
) -> Filer:
    """The filer, with the campaigns of its repository as its only evidence. Raises UsageError."""
    if per == "job" or labels:
        raise UsageError("--per job and --label are for results of tests.", "Omit them.")
    setup = context.campaigns(repository(context.settings.github), clock)
    runs = CampaignRuns(setup.ledger, context.source.origin)
    return replace(filer, tests=runs, with_logs=False)


def campaign_jobs(runs: CampaignRuns, jobs: Sequence[str], window: Window) -> tuple[str, ...]:
    """The jobs of campaigns in the window, or those of them in `jobs`. Raises NoNewData."""
    known = runs.jobs(window)
    chosen = tuple(job for job in known if not jobs or job in jobs)
    if not chosen:
        others = f"It has: {', '.join(known)}." if known else "See: ci-stat campaign list"
        raise NoNewData("No job of a campaign passed or failed in this window.", others)
    return chosen
