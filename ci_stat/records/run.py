"""One row of `ci_data`, as it is read (`Run`) and as it is written (`RunRow`)."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import isinf
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from ci_stat.escape import visible
from ci_stat.records.attempts import ATTEMPT_UNIT, shown_number
from ci_stat.records.failure import CaseFailure, FailureKind

TABLE = "ci_data"
HALF_PAIR = re.compile("[\ud800-\udfff]")
_FIELD = re.compile(r"\{(?:job|job_path|number)\}")


class Status(StrEnum):
    """The statuses that are counted by name. Other texts are kept unchanged."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    ABORTED = "ABORTED"


class Description(msgspec.Struct, gc=False):
    """The build parameters that a Result needs. Other keys of `description` are not decoded."""

    ghprbPullId: str | None = None
    ghprbPullAuthorLogin: str | None = None
    ghprbPullTitle: str | None = None
    ghprbPullLink: str | None = None
    ci_stat_attempt: int | str | None = None
    ci_stat_url: str | None = None
    ci_stat_job: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What all runs of one source share: zone, links, and access to whole descriptions.

    `describe` belongs to a connection: it does not count in a comparison, and a pickled origin has
    none.
    """

    zone: ZoneInfo
    run_url: str = ""
    describe: Callable[[str, int], dict[str, Any]] | None = field(
        default=None, repr=False, compare=False
    )

    def __reduce__(self) -> tuple[Any, ...]:
        return Origin, (self.zone, self.run_url)

    def __deepcopy__(self, memo: object) -> "Origin":
        return self


class Run(msgspec.Struct, frozen=True, gc=False):
    """One execution of a job on one commit: one row of `ci_data`.

    - `job_name`, `job_id`: the Jenkins job and its build number, which identify the run.
    - `status`: `SUCCESS`, `FAILURE`, `ABORTED`, or any other text of the table, unchanged.
    - `time`: build start, wall clock of the database's zone, naive as published; None if missing.
      `started` is the same time with its zone.
    - `duration`: milliseconds; None if unknown.
    - `repo` (`owner/name`), `branch` (target branch), `commit`, `comment` (the comment that
      triggered it): None if missing; nightly runs usually lack repo and commit.
    - `pr_number`: 0 for nightly runs; `author`, `pr_title`, `pr_link` are then None.
    - `failures`: of runs that did not succeed: from the build log (then `log` is `read`), else from
      `analysis_res`, which is a lower bound: since 2021-01-06 it has only one kind and one case.
    - `log`: the state of the run's log, a `LogState`; "" if it was not looked for.
    - `attempt`: 1, or more if the CI repeated the build under its number. `job_id` differs then,
      `number` is the number that the CI shows, and `build` has both (`7`, `7.2`).
    - `url`: the run's own page, if its source gave one.

    Runs with equal values are equal, also runs of two loads. A run refers to no PR, Commit or Job,
    so the garbage collector can skip it (`gc=False`).
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
    attempt: int = 1
    url: str | None = None

    @property
    def number(self) -> int:
        """The build number as the CI shows it."""
        return self.job_id % ATTEMPT_UNIT if self._shares_number else self.job_id

    @property
    def _shares_number(self) -> bool:
        """Whether attempts have the same number, as of imports. GitHub's job ids differ."""
        return 1 < self.attempt == self.job_id // ATTEMPT_UNIT

    @property
    def build(self) -> str:
        """The number for people, which identifies the run: `7`, or `7.2` for a second attempt."""
        return shown_number(self.number, self.attempt if self._shares_number else 1)

    @property
    def is_pr(self) -> bool:
        """Whether the run belongs to a pull request."""
        return self.pr_number > 0

    @property
    def started(self) -> datetime | None:
        """`time` with the database's zone."""
        return None if self.time is None else self.time.replace(tzinfo=self.origin.zone)

    @property
    def link(self) -> str:
        """The run's page: `url`, else from the setting `run_url`; "" without both."""
        if self.url:
            return self.url
        values = {
            "{job}": quote(self.job_name, safe=""),
            "{job_path}": "job/" + "/job/".join(map(_quoted, self.job_name.split("/"))),
            "{number}": str(self.number),
        }
        return _FIELD.sub(lambda field: values[field[0]], self.origin.run_url)

    @property
    def case(self) -> list[str]:
        """The names of the failed cases, as the source spells them."""
        return [failure.name for failure in self.failures if failure.kind == FailureKind.CASE]

    @property
    def fail_info(self) -> list[tuple[str, str]]:
        """(name, message) of each failure, most important first."""
        return [(failure.name, failure.message) for failure in self.failures]

    @property
    def description(self) -> dict[str, Any]:
        """All build parameters. Each access reads them from the database, to save memory.

        {} without valid ones, and for runs that are not from a database or were pickled.
        """
        return self.origin.describe(self.job_name, self.job_id) if self.origin.describe else {}

    def __repr__(self) -> str:
        name = f"{visible(self.job_name, 200)} #{self.build}"
        number = f" PR #{self.pr_number}" if self.is_pr else ""
        return f"<Run {name} {visible(self.status, 60)} {self.time}{number}>"


class RunRow(msgspec.Struct, gc=False):
    """One row of `ci_data` as it is written, with the table's columns.

    `time`: naive, in the database's zone; `duration`: milliseconds; `description`, `analysis_res`:
    JSON objects, or other text, which is stored unchanged, or None.
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
    """The first and the last time of rows; both None if no row has a time."""

    first: datetime | None = None
    last: datetime | None = None

    def add(self, rows: Iterable[RunRow]) -> None:
        self.add_times(row.time for row in rows)

    def add_times(self, moments: Iterable[datetime | None]) -> None:
        times = [moment for moment in moments if moment is not None]
        if times:
            self.first = min([*times, self.first] if self.first else times)
            self.last = max([*times, self.last] if self.last else times)


def _quoted(segment: str) -> str:
    return quote(segment, safe="")


def pull_number(text: object) -> int:
    """A `ghprbPullId` as a number; 0 unless it is a plain decimal number of up to 18 digits.

    `store.ci_data.sql.is_pull_number` is the same rule in SQL, so that all counts agree.
    """
    if not isinstance(text, str) or len(text) > 18:
        return 0
    is_number = text.isascii() and text.isdigit() and text[0] != "0"
    return int(text) if is_number else 0


def no_number(name: str) -> None:
    """For `json.loads(parse_constant=...)`: raises ValueError, as JSON has no NaN and Infinity."""
    raise ValueError(f"{name} is not a JSON number")


def finite(number: str) -> float:
    """For `json.loads(parse_float=...)`: raises ValueError for 1e400, which is no JSON again."""
    value = float(number)
    if isinf(value):
        raise ValueError(f"{number} is too large")
    return value


def to_json(value: dict[str, Any]) -> str:
    """JSON text that every database accepts: not escaped, unless it has lone surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or not HALF_PAIR.search(text) else json.dumps(value)
