"""The results database from Python: a handful of questions, answered with values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self, overload

from sqlalchemy import Engine

from ci_stat.config import Secret
from ci_stat.config.groups import Results, Timeouts
from ci_stat.config.urls import branch_of
from ci_stat.errors import CannotTell, UsageError
from ci_stat.store.errors import hidden
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.run_lookup import RunLookup
from ci_stat.test_results.cases.model import CaseHistory
from ci_stat.test_results.cases.service import SINCE, Cases
from ci_stat.test_results.comparing.model import Comparison
from ci_stat.test_results.comparing.service import Comparer
from ci_stat.test_results.comparing.sides import Limits
from ci_stat.test_results.model import RunReport
from ci_stat.test_results.packages import only_package
from ci_stat.test_results.service import TestResults
from ci_stat.test_results.setup import ResultsSetup, real_time
from ci_stat.test_results.views.frames import runs_frame

if TYPE_CHECKING:
    from pandas import DataFrame

_SECOND = timedelta(seconds=1)
_WEEKS = timedelta(days=14)

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Runs(Sequence[StoredRun]):
    """Runs in [begin, end), oldest first. Each has `info` (job, number, commit, ...) and `id`."""

    runs: tuple[StoredRun, ...]
    begin: datetime
    end: datetime

    def __len__(self) -> int:
        return len(self.runs)

    @overload
    def __getitem__(self, place: int) -> StoredRun: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[StoredRun]: ...
    def __getitem__(self, place: int | slice) -> StoredRun | Sequence[StoredRun]:
        return self.runs[place]

    def __repr__(self) -> str:
        return (
            f"<Runs: {len(self):,} from {self.begin:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}>"
        )

    def to_frame(self) -> "DataFrame":
        """One row for each run; docs/api.md lists the columns."""
        return runs_frame(self.runs)

    def _repr_html_(self) -> str:
        from ci_stat.test_results.views.notebook import runs_html

        return runs_html(self.runs, self.begin, self.end)


class TestHistory:
    """An open results database. All methods raise DatabaseError.

    Times without a zone are UTC. By default a window ends with the newest run.
    """

    __test__ = False  # pytest collects classes of this name

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._reader = ResultsReader(engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"<TestHistory {hidden(self._engine.url)}>"

    @property
    def jobs(self) -> list[str]:
        """All jobs, the one with the newest run first."""
        return self._reader.jobs()

    def runs(
        self,
        since: timedelta | datetime = _WEEKS,
        end: datetime | None = None,
        *,
        jobs: Iterable[str] = (),
        repos: Iterable[str] = (),
        branches: Iterable[str] = (),
        labels: Labels | None = None,
    ) -> Runs:
        """Return the runs of a window. `since`: its begin, or its length.

        `jobs`, `repos`, `branches`: exact names; an empty list selects all. `labels`: only runs
        that have all of them.
        """
        last = self._end(end)
        begin = last - since if isinstance(since, timedelta) else _aware(since)
        names = (_names(jobs, "jobs"), _names(repos, "repos"), _names(branches, "branches"))
        filter = RunFilter(*names, dict(labels or {}))
        return Runs(tuple(self._reader.runs_between(begin, last, filter)), begin, last)

    def newest(
        self, job: str | None = None, labels: Labels | None = None, package: str = ""
    ) -> RunReport:
        """Return the newest run, with its failed tests and since when they fail.

        Raises UnknownName, CannotTell for an empty database.
        """
        report = TestResults(self._engine, self._now).newest(job, labels)
        return only_package(report, package) if package else report

    def case(self, name: str, since: timedelta = SINCE, end: datetime | None = None) -> CaseHistory:
        """Return the history of one test, by its name in any spelling, its end, or its key.

        Raises UnknownName, UsageError if several tests have the name.
        """
        cases = Cases(self._engine)
        case = cases.find(name)
        if case is None:
            raise cases.unknown(name)
        return cases.history(case, since, self._end(end))

    def compare(
        self,
        before: str,
        now: str,
        *,
        jobs: Iterable[str] = (),
        labels: Labels | None = None,
        since: timedelta = _WEEKS,
    ) -> Comparison:
        """Compare the tests of two sides, named as for `ci-stat tests compare`.

        `since`: how far back runs of a branch count. Raises UnknownName, UsageError, CannotTell.
        """
        limits = Limits(_names(jobs, "jobs"), labels, since)
        return Comparer(self._engine).compare(before, now, limits)

    def _end(self, end: datetime | None) -> datetime:
        if end is not None:
            return _aware(end)
        return (RunLookup(self._engine).newest_start() or self._now()) + _SECOND


def open_history(results: Results, timeouts: Timeouts) -> TestHistory:
    """Open the results for questions from Python; connections are closed after each.

    Raises CannotTell if there is no such file, SettingsError, DatabaseError.
    """
    setup = ResultsSetup(results, timeouts, ExitStack(), real_time)
    if not setup.is_there:
        raise CannotTell(
            "There are no test results yet: the database does not exist.",
            "Import some: ci-stat tests import PATH",
        )
    return TestHistory(setup.up_to_date, real_time)


def results_at(url: str | Path) -> Results:
    """The results database at a SQLAlchemy URL, or in a SQLite file."""
    is_path = isinstance(url, Path) or ("://" not in url and not branch_of(url))
    return Results(Secret(f"sqlite:///{url}" if is_path else str(url)))


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _names(names: Iterable[str], argument: str) -> tuple[str, ...]:
    if isinstance(names, str):
        raise UsageError(f"{argument} is a string.", f"Write [{names!r}] for one name.")
    return tuple(names)
