"""The reports as values: every number, row and link that any channel shows, and nothing that none does.

A report is finished here: lists are cut to what is shown, with the number of what is left out beside them.
Times are naive, wall clock of the database's zone, unless said otherwise; links are those of the runs, unchecked.
"""

from dataclasses import dataclass
from datetime import datetime

from ci_stat.records import Names, Provenance, Tally, Window


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of the window, beside the same number elsewhere (`WindowReport.beside` names the places).

    None: there is nothing to compare with.
    """

    name: str
    now: int
    others: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run by name. `failure` and `message`: what went wrong first; "" where that is not known."""

    job: str
    number: int
    link: str
    time: datetime | None
    failure: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PRRow:
    """A pull request with failures. `failed`: its first failed runs; `more`: how many there are beyond them.

    `in_outage`: failed runs that belong to an outage, which are not among `failed` and `more`.
    """

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
    """A pull request, and how often what the row is about happened to it."""

    repo: str
    number: int
    link: str
    times: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with failures, and the pull requests that it failed most often; `more_prs` are left out.

    `in_outage`: failed runs that belong to an outage; `prs` and `newest` are about the others.
    """

    job: str
    tally: Tally
    prs: tuple[PRTimes, ...]
    more_prs: int
    newest: RunRow
    in_outage: int = 0


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A failure of the window. `new`: never seen before in the history that was looked through.

    `first_seen`: None where no history was asked; `issue`: a link to what somebody wrote about it, "" if not known.
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


@dataclass(frozen=True, slots=True)
class OutageRow:
    """One cause that broke many pull requests in a short time. `prs` and `authors`: how many different ones.

    `what` and `message` are those of most runs, `newest` the last of these; `mixed`: others said something else.
    `begin` may lie before the window. `new`, `first_seen` and `issue` as for a failure; of machines nothing is new.
    """

    what: str
    kind: str
    message: str
    runs: int
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


@dataclass(frozen=True, slots=True)
class LateRuns:
    """Of the window before, how many of its `runs` ended later after its end than this report was made after its own.

    So many of this window's runs may still be going.
    """

    late: int
    runs: int


@dataclass(frozen=True, slots=True)
class RerunRow:
    """A job that was rerun in pull requests. `why`: reasons with how often; they add up to `reruns`."""

    job: str
    reruns: int
    runs: int
    why: tuple[tuple[str, int], ...]
    prs: tuple[PRTimes, ...]
    more_prs: int


@dataclass(frozen=True, slots=True)
class DurationRow:
    """How long a job's successful runs took, in milliseconds: middle and longest; `before`: the middle of the windows
    that it is compared with, over `before_runs` runs. `change`: share by which the middle grew, None where there are
    too few runs to say."""

    job: str
    runs: int
    middle: int
    longest: int
    before: int | None = None
    before_runs: int = 0
    change: float | None = None


@dataclass(frozen=True, slots=True)
class NightlyRow:
    """A job's runs that belong to no pull request, and their failures, most runs first; `more` are left out."""

    job: str
    tally: Tally
    failures: tuple[FailureRow, ...]
    more: int
    newest: RunRow


@dataclass(frozen=True, slots=True)
class DayCount:
    """Runs of one day, and the share of failures among its finished runs (None where none finished)."""

    label: str
    runs: int
    fail_rate: float | None


@dataclass(frozen=True, slots=True)
class WindowReport:
    """What CI did in a window. `beside`: what its numbers are compared with, in the order of `Compared.others`.

    - `new_failures`: those never seen before; `seen_failures`: the others; those first that hit several pull requests.
    - `history_since`: since when failures are known, None where no history was asked: then none is called new.
    - `miss_cnt`: failed runs for which no failure is known; `made_at`: when it was made, None if nobody says.
    - `more_*`: how many are left out of the list of that name.
    """

    kind: str
    window: Window
    made_at: datetime | None
    provenance: Provenance
    beside: tuple[str, ...]
    numbers: tuple[Compared, ...]
    tally: Tally
    miss_cnt: int
    outages: tuple[OutageRow, ...]
    new_failures: tuple[FailureRow, ...]
    more_new_failures: int
    seen_failures: tuple[FailureRow, ...]
    more_seen_failures: int
    prs: tuple[PRRow, ...]
    more_prs: int
    jobs: tuple[JobRow, ...]
    more_jobs: int
    history_since: datetime | None
    late: LateRuns | None
    about: Names
    version: str


@dataclass(frozen=True, slots=True)
class HourlyReport(WindowReport):
    """What CI did in an hour."""


@dataclass(frozen=True, slots=True)
class DailyReport(WindowReport):
    """What CI did in a day, and how the day compares."""

    reruns: tuple[RerunRow, ...]
    more_reruns: int
    slowest: tuple[DurationRow, ...]
    more_slowest: int
    nightly: tuple[NightlyRow, ...]
    more_nightly: int
    days: tuple[DayCount, ...]


@dataclass(frozen=True, slots=True)
class TroubleReport:
    """Why there is no report: the database did not answer, or has nothing, or nothing new. Loud and short.

    `trouble`: `database`, `no data` or `old data`; `newest`: the freshest row, None where that is not known.
    """

    kind: str
    window: Window
    made_at: datetime
    trouble: str
    message: str
    hint: str
    newest: datetime | None
    database: str
    about: Names
    version: str


Report = HourlyReport | DailyReport | TroubleReport
