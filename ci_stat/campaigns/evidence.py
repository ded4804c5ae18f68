"""The jobs of campaigns as runs with failures: evidence for issues."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ci_stat.campaigns.job_logs import NO_FAILURE
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.model import Campaign, Failure, JobResult, JobState, Probe
from ci_stat.records import CaseFailure, LogState, Origin, Run, RunFilter, Status, Window

SOURCE = "campaign"  # of a failure
_STATUSES = {JobState.PASSED: Status.SUCCESS, JobState.FAILED: Status.FAILURE}


@dataclass(frozen=True, slots=True)
class CampaignRuns:
    """The passed and failed jobs of campaigns. `origin`: zone of the times."""

    ledger: Ledger
    origin: Origin

    def jobs(self, window: Window) -> tuple[str, ...]:
        """The jobs that passed or failed in the window, sorted. Raises DatabaseError."""
        names = {job.context for _, _, job in _counted(self.ledger.all(), window)}
        return tuple(sorted(names))

    def load(self, wanted: RunFilter) -> list[Run]:
        """The runs of the window and jobs; without jobs none. Raises DatabaseError."""
        counted = _counted(self.ledger.all(), wanted.window) if wanted.jobs else ()
        return [
            self._run(campaign, probe, job)
            for campaign, probe, job in counted
            if job.context in wanted.jobs
        ]

    def _run(self, campaign: Campaign, probe: Probe, job: JobResult) -> Run:
        """A run of the branch itself, at its base commit: the pull request changes nothing."""
        local = _started(probe, job).astimezone(self.origin.zone)
        return Run(
            job_name=job.context,
            job_id=probe.number,
            status=_STATUSES[job.state].value,
            time=local.replace(tzinfo=None, microsecond=0),
            duration=None,
            repo=campaign.spec.repo,
            branch=campaign.spec.branch,
            commit=probe.base_sha or None,
            comment=None,
            pr_number=0,
            author=None,
            pr_title=None,
            pr_link=None,
            failures=tuple(map(_failure, job.failures)),
            origin=self.origin,
            log=_log_state(job),
            url=job.url or probe.url or None,
        )


def _counted(
    campaigns: Iterable[Campaign], window: Window
) -> Iterator[tuple[Campaign, Probe, JobResult]]:
    """The jobs that passed or failed and began in the window. Others are no evidence."""
    for campaign in campaigns:
        for probe in campaign.probes:
            for job in probe.jobs:
                is_inside = window.begin <= _started(probe, job) < window.end
                if job.state in _STATUSES and is_inside:
                    yield campaign, probe, job


def _started(probe: Probe, job: JobResult) -> datetime:
    return (job.started or probe.triggered or probe.due).astimezone(UTC)


def _failure(failure: Failure) -> CaseFailure:
    return CaseFailure(failure.kind, failure.name, failure.message, SOURCE, excerpt=failure.message)


def _log_state(job: JobResult) -> str:
    if job.state is not JobState.FAILED:
        return ""
    is_read = job.failures or job.log_state == NO_FAILURE
    return (LogState.READ if is_read else LogState.UNREADABLE).value
