"""Runs of the expected jobs before a campaign: from the CI database, else from results of tests.

Where neither has runs of a job, earlier campaigns are its baseline (`verdict`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ci_stat.campaigns.counting import jobs_of
from ci_stat.campaigns.model import Campaign
from ci_stat.campaigns.verdict_model import Baseline
from ci_stat.errors import CiStatError
from ci_stat.records import JobCount, RunFilter, Tally
from ci_stat.runs.database import Source
from ci_stat.store.results.failed_cases import RunFailures, read_failures
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.read import RunFilter as ResultsFilter

SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Baselines:
    """`by_job`: jobs with at least one run. `notes`: why a database was not read."""

    by_job: dict[str, Baseline] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineSources:
    """Open the CI database and the results database. Each returns None if it does not exist."""

    ci_data: Callable[[], Source | None]
    results: Callable[[], Engine | None]

    def before(self, campaign: Campaign) -> Baselines:
        """The runs of the 30 days before the campaign, on its base branch.

        A database that cannot be used is a note.
        """
        jobs = jobs_of(campaign)
        known: dict[str, Baseline] = {}
        notes: list[str] = []
        try:
            known = self._of_ci_data(campaign, jobs)
        except CiStatError as error:
            notes.append(f"No baseline from ci_data: {error.message}")
        missing = [job for job in jobs if job not in known]
        try:
            known |= self._of_results(campaign, missing)
        except CiStatError as error:
            notes.append(f"No baseline from test results: {error.message}")
        return Baselines(known, tuple(notes))

    def _of_ci_data(self, campaign: Campaign, jobs: Sequence[str]) -> dict[str, Baseline]:
        source = self.ci_data()
        if source is None:
            return {}
        begin, end = span_before(campaign.started)
        repos = (campaign.spec.repo,)
        wanted = RunFilter(
            source.window(begin, end),
            repos=repos,
            branches=(campaign.spec.branch,),
            nightly=source.nightly_jobs(repos),
        )
        counts, _ = source.count_jobs(wanted)
        return of_counts(jobs, counts)

    def _of_results(self, campaign: Campaign, jobs: Sequence[str]) -> dict[str, Baseline]:
        engine = self.results() if jobs else None
        if engine is None:
            return {}
        filter = ResultsFilter(jobs=tuple(jobs), branches=(campaign.spec.branch,))
        runs = ResultsReader(engine).runs_between(*span_before(campaign.started), filter)
        counted = [run for run in runs if _counts(run, campaign.spec.repo)]
        failures = read_failures(engine, counted)
        return of_results((run.info.job, failures[run.id]) for run in counted)


def span_before(started: datetime) -> tuple[datetime, datetime]:
    """Begin and end of the days before a campaign. The campaign's own runs are after them."""
    return started - SPAN, started


def of_counts(jobs: Iterable[str], counts: Sequence[JobCount]) -> dict[str, Baseline]:
    """The baselines of jobs that have passed or failed runs."""
    baselines = {}
    for job in jobs:
        own = _named(job, counts)
        tally = sum((count.tally for count in own), Tally())
        if tally.success + tally.failure:
            source = f"ci_data, {SPAN.days} days{_kind(own)}"
            baselines[job] = Baseline(tally.success, tally.failure, source)
    return baselines


def _named(job: str, counts: Sequence[JobCount]) -> list[JobCount]:
    """The counts of a job: by its name, else by the name that its CI shows at a pull request."""
    exact = [count for count in counts if count.job_name == job]
    return exact or [count for count in counts if job in shown_names(count.job_name)]


def shown_names(stored: str) -> tuple[str, str]:
    """How GitHub Actions and Prow may call a stored job at a pull request.

    `unit` for `CI / unit`, and `pull-cdc-light` for `pingcap/ticdc/pull_cdc_light`.
    """
    of_actions = stored.partition(" / ")[2]
    of_prow = stored.rpartition("/")[2].replace("_", "-")
    return of_actions, of_prow


def _kind(counts: Iterable[JobCount]) -> str:
    """Runs of pull requests fail for their own changes too, so it is said where they count."""
    tests_pulls = any(count.prs for count in counts)
    return ", with pull requests" if tests_pulls else ""


def _counts(run: StoredRun, repo: str) -> bool:
    """Whether a run is the first one of a commit of the branch itself."""
    info = run.info
    is_own = not info.repo or info.repo.casefold() == repo.casefold()
    return is_own and info.pull is None and info.attempt == 1


def of_results(runs: Iterable[tuple[str, RunFailures]]) -> dict[str, Baseline]:
    """The baselines by job. Runs without failed tests whose results are incomplete are left out."""
    passed: dict[str, int] = {}
    failed: dict[str, int] = {}
    for job, outcome in runs:
        if outcome.failed:
            failed[job] = failed.get(job, 0) + 1
        elif outcome.is_whole:
            passed[job] = passed.get(job, 0) + 1
    source = f"test results, {SPAN.days} days"
    jobs = sorted({*passed, *failed})
    return {job: Baseline(passed.get(job, 0), failed.get(job, 0), source) for job in jobs}
