"""What a sync with Jenkins fetches, and what it did."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.connectors.jenkins.builds import Build
from ci_stat.errors import SourceError
from ci_stat.failures import ScanOptions
from ci_stat.records import Stretch


@dataclass(frozen=True)
class SyncPlan:
    """What a sync fetches.

    - `now`: the time of the sync, aware.
    - `jobs`: names or patterns; empty for all jobs.
    - `since`: aware; builds that started earlier are skipped.
    - `limit`: number of builds of each job.
    - `logs`: read the logs of builds that did not succeed, with the options `scan`.
    - `dry_run`: count the builds and store nothing.
    - `rename_logs`: gives what is known of logs to another job: (job, its new name, numbers).
    """

    now: datetime
    jobs: tuple[str, ...] = ()
    since: datetime | None = None
    limit: int | None = None
    logs: bool = True
    dry_run: bool = False
    scan: ScanOptions = field(default_factory=ScanOptions)
    rename_logs: Callable[[str, str, Sequence[int]], None] = lambda _job, _name, _numbers: None

    def includes(self, build: Build) -> bool:
        """Whether the build started late enough."""
        return self.since is None or build.timestamp >= self.since.timestamp() * 1000


@dataclass(frozen=True)
class KeptApart:
    """The former runs of a job that was created again, under the name that they have now."""

    job: str
    name: str
    runs: int


@dataclass
class SyncResult:
    """What a sync did.

    - `jobs`: jobs of the plan; `stored`: their builds that were stored.
    - `running`: builds that had not finished.
    - `logs`: number of logs by `LogState`.
    - `left_out`: number of builds that cannot be stored, by reason.
    - `failed`: (job, error) of each job that was not synced completely.
    - `recreated`: jobs that were deleted and created again.
    - `times`: first and last time of the stored rows, and of rows that have another name now.
    """

    jobs: int = 0
    stored: int = 0
    running: int = 0
    logs: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, SourceError]] = field(default_factory=list)
    recreated: list[KeptApart] = field(default_factory=list)
    times: Stretch = field(default_factory=Stretch)
