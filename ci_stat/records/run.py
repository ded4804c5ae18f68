"""What one row of `ci_data` says, as it is read (`Run`) and as it is written (`RunRow`)."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from ci_stat.escape import visible
from ci_stat.records.failure import CaseFailure, FailureKind

DEFAULT_RUN_URL = (
    "https://ci.pingcap.net/blue/organizations/jenkins/{job}/detail/{job}/{number}/pipeline/"
)
TABLE = "ci_data"
HALF_PAIR = re.compile("[\ud800-\udfff]")


class Status(StrEnum):
    """The outcomes that are counted by name. Any other text is kept raw, as a state of its own."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    ABORTED = "ABORTED"


class Description(msgspec.Struct, gc=False):
    """A run's build parameters that a Result needs; the other keys of `description` are never decoded."""

    ghprbPullId: str | None = None
    ghprbPullAuthorLogin: str | None = None
    ghprbPullTitle: str | None = None
    ghprbPullLink: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where runs came from, shared by all of them: their zone, their links, their whole description."""

    zone: ZoneInfo
    run_url: str = DEFAULT_RUN_URL
    describe: Callable[[str, int], dict[str, Any]] | None = field(default=None, repr=False)


class Run(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One execution of a job on one commit: one row of `ci_data`.

    - `job_name`, `job_id`: the Jenkins job and its build number; together they are the run's identity.
    - `status`: `SUCCESS`, `FAILURE`, `ABORTED`, or any other text the table holds, unchanged.
    - `time`: build start, wall clock of the database's zone, naive as published; None if the row has none.
      `started` is the same moment with its zone.
    - `duration`: milliseconds; None if not known.
    - `repo` (`owner/name`), `branch` (target branch), `commit`, `comment` (the comment that triggered it): None
      where the row has none; nightly runs usually have neither repo nor commit.
    - `pr_number`: 0 for a run that belongs to no pull request; `author`, `pr_title`, `pr_link` are then None.
    - `failures`: what went wrong, for runs that did not succeed: from the build log (`log` is then `read`), else from
      `analysis_res`, which is a lower bound: since 2021-01-06 the table keeps one kind and one case at most.
    - `log`: what became of the run's log, a `LogState`; empty where nobody looked.

    Holds no reference to PR, Commit or Job: the collector need not look at it (`gc=False`).
    """

    job_name: str
    job_id: int
    status: str
    time: datetime | None
    duration: int | None
    repo: str | None
    branch: str | None
    commit: str | None
    comment: str | None
    pr_number: int
    author: str | None
    pr_title: str | None
    pr_link: str | None
    failures: tuple[CaseFailure, ...]
    origin: Origin
    log: str = ""

    @property
    def is_pr(self) -> bool:
        """Whether the run belongs to a pull request: by content, never by counting keys."""
        return self.pr_number > 0

    @property
    def started(self) -> datetime | None:
        """`time` with the database's zone."""
        return None if self.time is None else self.time.replace(tzinfo=self.origin.zone)

    @property
    def link(self) -> str:
        """The run's page, from the setting `run_url`."""
        job = quote(self.job_name, safe="")
        return self.origin.run_url.replace("{job}", job).replace("{number}", str(self.job_id))

    @property
    def case(self) -> list[str]:
        """Names of the failed cases, as the table spells them."""
        return [failure.name for failure in self.failures if failure.kind == FailureKind.CASE]

    @property
    def fail_info(self) -> list[tuple[str, str]]:
        """(name, message) of everything that went wrong, most telling first."""
        return [(failure.name, failure.message) for failure in self.failures]

    @property
    def description(self) -> dict[str, Any]:
        """All build parameters. Asked of the database now, once per access: it is not kept in memory.

        {} where the row has none or it is not JSON, and for runs that came from no database.
        """
        return self.origin.describe(self.job_name, self.job_id) if self.origin.describe else {}

    def __repr__(self) -> str:
        number = f" PR #{self.pr_number}" if self.is_pr else ""
        return f"<Run {visible(self.job_name, 200)} #{self.job_id} {visible(self.status, 60)} {self.time}{number}>"


class RunRow(msgspec.Struct, gc=False):
    """One row of `ci_data` as it is written: the table's own columns and types (ci-data A1).

    `time` is naive, in the database's zone; `duration` in milliseconds; `description` and `analysis_res`
    are JSON objects, or text that is no JSON object and is kept as it is, or None.
    """

    job: str
    job_id: int
    status: str
    time: datetime | None = None
    duration: int | None = None
    commit: str | None = None
    branch: str | None = None
    comment: str | None = None
    repo: str | None = None
    description: dict[str, Any] | str | None = None
    analysis_res: dict[str, Any] | str | None = None


@dataclass
class Stretch:
    """From the first to the last time of rows; both None where none has a time."""

    first: datetime | None = None
    last: datetime | None = None

    def add(self, rows: Iterable[RunRow]) -> None:
        times = [row.time for row in rows if row.time is not None]
        if times:
            self.first = min([*times, self.first] if self.first else times)
            self.last = max([*times, self.last] if self.last else times)


def pull_number(text: object) -> int:
    """A `ghprbPullId` as a number; 0 unless it is a plain decimal number > 0 of at most 18 digits.

    The same rule stands in SQL (`store.sql.is_pull_number`), so that both ways of counting agree.
    """
    if (
        not isinstance(text, str)
        or len(text) > 18
        or not (text.isascii() and text.isdigit())
        or text[0] == "0"
    ):
        return 0
    return int(text)


def no_number(name: str) -> None:
    """For `json.loads(parse_constant=...)`: NaN and Infinity are Python's, not JSON's. Raises ValueError."""
    raise ValueError(f"{name} is no JSON number")


def to_json(value: dict[str, Any]) -> str:
    """JSON text that every database takes: readable, but with half surrogate pairs left as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or not HALF_PAIR.search(text) else json.dumps(value)
