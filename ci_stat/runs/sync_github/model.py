"""What a sync with GitHub Actions fetches, and what it did."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ci_stat.connectors.github.actions_schema import WorkflowRun
from ci_stat.errors import SourceError
from ci_stat.records import Extraction, Stretch

FIRST_SYNC = timedelta(days=30)  # how far the first sync of a repository reads back
# GitHub allows a rerun for 30 days after the run; so long, runs are looked at again.
REVISIT = timedelta(days=31)
# (repository, job, number) -> the failures in the log of a failed job.
ReadLog = Callable[[str, str, int], Extraction]


@dataclass(frozen=True)
class GitHubPlan:
    """What a sync fetches.

    - `now`: the time of the sync, aware.
    - `workflows`: names or file names; empty for all workflows.
    - `since`: aware; runs that were created earlier are skipped.
    - `limit`: number of runs of each repository.
    - `read_log`: reads the log of a failed job; None to read no logs.
    - `dry_run`: count the runs and store nothing.
    """

    now: datetime
    workflows: tuple[str, ...] = ()
    since: datetime | None = None
    limit: int | None = None
    read_log: ReadLog | None = None
    dry_run: bool = False

    def includes(self, run: WorkflowRun) -> bool:
        """Whether the run belongs to one of the workflows."""
        names = {name.casefold() for name in self.workflows}
        return not names or not names.isdisjoint((run.workflow.casefold(), run.file.casefold()))


@dataclass
class GitHubResult:
    """What a sync did.

    - `repositories`: names; `runs`: workflow runs that were read (with `dry_run`, that would be).
    - `stored`: jobs that were stored; `repeated`: those of them that ran in a later attempt.
    - `running`: workflow runs that have not ended.
    - `not_counted`: jobs by their conclusion, such as `skipped`, that are not stored.
    - `reappeared`: jobs that a rerun lists again although it did not run them.
    - `without_pull`: runs of pull requests whose number is unknown.
    - `unlisted`: runs that GitHub does not list, because too many began in one second.
    - `logs`: number of logs by `LogState`. `left_out`: number of jobs or runs by reason.
    - `failed`: (place, error) of all that was not read completely.
    - `times`: first and last time of the stored rows.
    - `since`: by repository, from when all its runs are read now.
    - `read_again`: repositories with rows that the table has lost: all runs are read again.
    """

    repositories: list[str] = field(default_factory=list)
    runs: int = 0
    stored: int = 0
    repeated: int = 0
    running: int = 0
    not_counted: Counter[str] = field(default_factory=Counter)
    reappeared: int = 0
    without_pull: int = 0
    unlisted: int = 0
    logs: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, SourceError]] = field(default_factory=list)
    times: Stretch = field(default_factory=Stretch)
    since: dict[str, datetime] = field(default_factory=dict)
    read_again: list[str] = field(default_factory=list)
