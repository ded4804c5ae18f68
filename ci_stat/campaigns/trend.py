"""Whether a branch became more or less stable, over its campaigns."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ci_stat.campaigns.counting import jobs_of, tally_of
from ci_stat.campaigns.model import Campaign
from ci_stat.campaigns.verdict_model import Baseline, Trend
from ci_stat.statistics.exact import mid_p

DAYS = 7
EARLIER = "earlier campaigns"


def comparable(campaign: Campaign, earlier: Iterable[Campaign]) -> tuple[Campaign, ...]:
    """The earlier campaigns on the same branch, the oldest first."""
    same = (
        other
        for other in earlier
        if _place(other) == _place(campaign)
        and other.id != campaign.id
        and other.started < campaign.started
    )
    return tuple(sorted(same, key=lambda other: other.started))


def _place(campaign: Campaign) -> tuple[str, str]:
    return campaign.spec.repo.lower(), campaign.spec.branch


def with_same_jobs(campaign: Campaign, earlier: Iterable[Campaign]) -> tuple[Campaign, ...]:
    """Those whose probes pass and fail by the same jobs."""
    jobs = set(jobs_of(campaign))
    return tuple(other for other in earlier if set(jobs_of(other)) == jobs)


def counts_of(campaigns: Iterable[Campaign], job: str) -> Baseline:
    """The counted runs of a job, or of the probes (`OVERALL`)."""
    passed = failed = 0
    for campaign in campaigns:
        tally = tally_of(campaign, job)
        passed += tally.passed
        failed += tally.failed
    return Baseline(passed, failed, EARLIER)


def trend(
    campaign: Campaign, earlier: Sequence[Campaign], job: str, days: int = DAYS
) -> Trend | None:
    """Compare the days up to the campaign with as many before; None if one side has no runs.

    `earlier`: comparable campaigns. `job`: or `OVERALL`.
    """
    recent = [other for other in earlier if other.started > _ago(campaign.started, days)]
    before = [
        other
        for other in earlier
        if _ago(campaign.started, 2 * days) < other.started <= _ago(campaign.started, days)
    ]
    now, then = counts_of([*recent, campaign], job), counts_of(before, job)
    if not now.runs or not then.runs:
        return None
    return Trend(days, now, then, mid_p(now.failed, now.runs, then.failed, then.runs))


def _ago(moment: datetime, days: int) -> datetime:
    return moment - timedelta(days=days)
