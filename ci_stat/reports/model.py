"""Reports as values: every number, row and link that a channel shows.

A report is complete here: each list is cut to what is shown and has the number of omitted entries.
Times are naive and in the zone of the CI database. Links are those of the runs, unchecked.
"""

from dataclasses import dataclass
from datetime import datetime

from ci_stat.records import Names, Provenance, Tally, Window


@dataclass(frozen=True, slots=True)
class Compared:
    """A number of the window, and its baselines in the order of `WindowReport.baselines`."""

    name: str
    now: int
    others: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run and its first failure; `failure` and `message` are "" if that is unknown.

    `build`: the number for people, with its attempt.
    """

    job: str
    build: str
    link: str
    time: datetime | None
    failure: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PRRow:
    """A pull request with failures. `failed` and `more` leave out the `in_outage` runs."""

    repo: str
    number: int
    branch: str
    title: str
    author: str
    link: str
    tally: Tally
    rerun_cnt: int
    failed: tuple[RunRow, ...]
    more: int = 0
    in_outage: int = 0


@dataclass(frozen=True, slots=True)
class PRTimes:
    """A pull request, and how many failures or reruns it had in the job of its row."""

    repo: str
    number: int
    link: str
    times: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with failures, and its worst pull requests; these leave out the `in_outage` runs."""

    job: str
    tally: Tally
    prs: tuple[PRTimes, ...]
    more_prs: int
    newest: RunRow
    in_outage: int = 0


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A failure of the window.

    - `first_seen`: None without a history; `new`: the history before the window lacks it.
    - `issue`: link to a known issue, or "". `link`: the failure's own page, or "".
    """

    name: str
    kind: str
    message: str
    runs: int
    prs: int
    jobs: tuple[str, ...]
    more_jobs: int
    newest: RunRow
    first_seen: datetime | None = None
    new: bool = False
    issue: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class OutageRow:
    """One cause that broke many pull requests in a short time.

    - `what`, `message`: of most of its runs. `newest`: the last run that has them.
    - `mixed`: some of its runs have other messages; `begin`: may be before the window.
    - `runs`: all of them, as `prs`, `authors` and `jobs`; `runs_here`: those of the report.
    - `new`, `first_seen`, `issue`: as in `FailureRow`; machine failures are never new.
    - `whole_ci`: the report is limited to names, and some of the runs are of others.
    """

    what: str
    kind: str
    message: str
    runs: int
    runs_here: int
    prs: int
    authors: int
    jobs: int
    begin: datetime | None
    end: datetime | None
    newest: RunRow
    mixed: bool = False
    first_seen: datetime | None = None
    new: bool = False
    issue: str = ""
    whole_ci: bool = False


@dataclass(frozen=True, slots=True)
class LateRuns:
    """How many of the previous window's `runs` finished this long after its end, or later."""

    late: int
    runs: int


@dataclass(frozen=True, slots=True)
class RerunRow:
    """A job with reruns in pull requests. `why`: reasons and counts, which add up to `reruns`."""

    job: str
    reruns: int
    runs: int
    why: tuple[tuple[str, int], ...]
    prs: tuple[PRTimes, ...]
    more_prs: int


@dataclass(frozen=True, slots=True)
class DurationRow:
    """Durations of a job's successful runs, in milliseconds.

    - `before`: median of the `before_runs` runs of the baselines.
    - `change`: relative change of the median; None with too few runs, or for a small change.
    """

    job: str
    runs: int
    median: int
    longest: int
    before: int | None = None
    before_runs: int = 0
    change: float | None = None


@dataclass(frozen=True, slots=True)
class NightlyRow:
    """The nightly runs of a job and their failures: new ones first, then by runs."""

    job: str
    tally: Tally
    failures: tuple[FailureRow, ...]
    more: int
    newest: RunRow


@dataclass(frozen=True, slots=True)
class DayCount:
    """Runs of a day. `fail_rate`: failed of finished runs, 0 to 1; None if none finished."""

    label: str
    runs: int
    fail_rate: float | None


@dataclass(frozen=True, slots=True)
class WindowReport:
    """What CI did in a window.

    - `made_at`: None: not stated.
    - `baselines`: names of the baselines, in the order of `Compared.others`.
    - `miss_cnt`: failed runs without a known failure.
    - `new_failures`, `seen_failures`: failures of most pull requests first.
    - `news_since`: failures first seen at or after it are new; None: since the window's begin.
    - `missed_failures`: new ones since then that did not fail in the window.
    - `more_*`: number of entries that are omitted from the list of that name.
    - `history_since`: begin of the failure history; None without one, and then no failure is new.
    - `names`: the report is limited to them. `name`: of the report in the settings, or "".
    """

    kind: str
    window: Window
    made_at: datetime | None
    provenance: Provenance
    baselines: tuple[str, ...]
    numbers: tuple[Compared, ...]
    tally: Tally
    miss_cnt: int
    outages: tuple[OutageRow, ...]
    new_failures: tuple[FailureRow, ...]
    more_new_failures: int
    news_since: datetime | None
    missed_failures: tuple[FailureRow, ...]
    more_missed_failures: int
    seen_failures: tuple[FailureRow, ...]
    more_seen_failures: int
    prs: tuple[PRRow, ...]
    more_prs: int
    jobs: tuple[JobRow, ...]
    more_jobs: int
    history_since: datetime | None
    late: LateRuns | None
    names: Names
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class HourlyReport(WindowReport):
    """What CI did in an hour."""


@dataclass(frozen=True, slots=True)
class DailyReport(WindowReport):
    """What CI did in a day: also nightly jobs, reruns, durations, and the days before."""

    reruns: tuple[RerunRow, ...]
    more_reruns: int
    slowest: tuple[DurationRow, ...]
    more_slowest: int
    nightly: tuple[NightlyRow, ...]
    more_nightly: int
    days: tuple[DayCount, ...]


@dataclass(frozen=True, slots=True)
class DataProblem:
    """A report that says why there are no numbers.

    - `cause`: `database` (no answer), `no data` or `old data`.
    - `newest`: time of the newest row; None if unknown.
    """

    kind: str
    window: Window
    made_at: datetime
    cause: str
    message: str
    hint: str
    newest: datetime | None
    database: str
    names: Names
    name: str
    version: str


Report = HourlyReport | DailyReport | DataProblem
