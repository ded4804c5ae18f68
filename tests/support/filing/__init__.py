"""A whole world for the filer of issues: a CI database with logs, our own state, a strict GitHub, and time of its own.

Day 0 is 2021-06-01 in Shanghai. Nightly runs are put into the database by day, and the filer runs on the morning after.
"""

import mmap
import os
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.pool import QueuePool

from ci_stat import config
from ci_stat.connectors.github.repository import GitHub as Client
from ci_stat.context import Context
from ci_stat.issues.address import ledger_name
from ci_stat.issues.apply import ApplyResult
from ci_stat.issues.marker import comment_ids, read
from ci_stat.issues.model import Marker
from ci_stat.issues.plan import PlanResult
from ci_stat.issues.service import Filer
from ci_stat.issues.tracker import Tracker
from ci_stat.issues.views.plan import plan_text
from ci_stat.records import Intent, RunFilter, RunRow, Status, Window
from ci_stat.reports.windows import DAILY, report_window
from ci_stat.result import Result
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.case_notes import AcceptedCases, Mutes, Notes
from ci_stat.store.state.issue_calls import Issues
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.tables import accepted, locks, mutes, outward_calls
from tests.support.github import GitHub, github_server
from tests.support.logs import go_test, gocheck

ZONE = ZoneInfo("Asia/Shanghai")
JOB = "tidb-unit-test-nightly"
FIRST = datetime(2021, 6, 1)  # day 0, wall clock
DAY = timedelta(days=1)
ENV = "fatal: unable to access 'https://github.com/pingcap/tidb.git/': Could not resolve host: github.com\n"
_HELD = (
    "issues",
    "elsewhere",
    "removed",
    "moved",
    "labels",
    "now",
    "creations",
    "rate",
    "_highest",
    "may_push",
)
_TABLES = (outward_calls, locks, mutes, accepted)


def case(name: str, said: str = "... obtained int = 1\n... expected int = 2") -> str:
    """A failing case in a log."""
    suite, _, test = name.partition(".")
    return gocheck(f"{suite.lower()}_test.go:40: {name}", said) if test else go_test(name)


def race(function: str = "github.com/pingcap/tidb/util/memory.(*Tracker).Consume()") -> str:
    """A data race in a log."""
    return "\n".join((
        "==================", "WARNING: DATA RACE", "Write at 0x00c000118240 by goroutine 41:", f"  {function}",
        "      /go/src/tracker.go:88 +0x4e", "", "Previous read at 0x00c000118240 by goroutine 17:",
        "  github.com/pingcap/tidb/util/memory.(*Tracker).String()", "      /go/src/tracker.go:131 +0x3a",
        "==================", "",
    ))  # fmt: skip


def morning(day: float) -> datetime:
    """When the filer runs for that day's window: at 8:17 of the next one."""
    return (
        (FIRST + DAY * int(day + 1) + timedelta(hours=8, minutes=17))
        .replace(tzinfo=ZONE)
        .astimezone(UTC)
    )


def moment(day: float) -> datetime:
    return (FIRST + DAY * day).replace(tzinfo=ZONE).astimezone(UTC)


class ReadOnce(Source):
    """A CI database in which nothing changes any more: each window is read once, by forked processes not at all."""

    def load(self, run_filter: RunFilter, *_args: Any, **_options: Any) -> Result:
        known: dict[RunFilter, Result] = vars(self).setdefault("_known", {})
        if run_filter not in known:
            known[run_filter] = super().load(run_filter)
        return known[run_filter]


class Clock:
    """Time that only `sleep` moves on; forked processes share it."""

    def __init__(self, now: datetime) -> None:
        self._shared = mmap.mmap(-1, 8)
        self.waits: list[float] = []
        self.set(now)

    def set(self, now: datetime) -> None:
        self._shared[:8] = struct.pack("d", now.timestamp())

    def seconds(self) -> float:
        return float(struct.unpack("d", self._shared[:8])[0])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._shared[:8] = struct.pack("d", self.seconds() + seconds)


def _keep_connections(engine: Engine) -> None:
    """A server's connections cost more than what is asked over them. A forked process must `dispose(close=False)`."""
    bare = engine.pool
    engine.pool = QueuePool(
        bare._creator, pool_size=1, dialect=bare._dialect, _dispatch=bare.dispatch
    )


@dataclass
class World:
    """`environ`: settings, as variables. `on_call`: told `before` and `after` each processed call."""

    folder: Path
    github: GitHub
    environ: dict[str, str]
    clock: Clock
    zone: ZoneInfo = ZONE
    read_once: bool = False
    on_call: Callable[[str], None] | None = None
    _rows: list[RunRow] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.settings = config.load(self.environ)
        self.engine = open_engine(self.settings.ci_data.url.reveal())
        prepare(self.engine)
        context = Context(self.settings)
        source = context.source
        self.source = (
            ReadOnce(source.engine, source.origin, source.logs) if self.read_once else source
        )
        self._filer = replace(context.filer(self.clock.now), source=self.source)
        self._tracker = ledger_name(self.settings.github)
        self.state = context.state
        if self.state.url.get_backend_name() != "sqlite":
            _keep_connections(self.state)
        self.github.before = lambda _method, _path: self._called("before")
        self.github.after = lambda _method, _path: self._called("after")

    def _called(self, when: str) -> None:
        self.github.now = self.clock.now()
        if self.on_call is not None:
            self.on_call(when)

    # --- what CI did

    def run(self, day: float, *said: str, log: bool = True, job: str = JOB, **more: Any) -> int:
        """A run so many days after the first; it failed if its log says something. Its number."""
        number = next(self._numbers)
        values: dict[str, Any] = {
            "job": job, "job_id": number, "status": Status.FAILURE.value if said else Status.SUCCESS.value,
            "time": FIRST + DAY * day, "duration": 1000, "branch": "master",
        }  # fmt: skip
        row = RunRow(**(values | more))
        self._rows.append(row)
        if row.status == Status.FAILURE and log:
            path = self.folder / "logs" / job / f"{number}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"Started by timer\n+ make test\n{''.join(said)}make: *** [test] Error 1\nFinished: FAILURE\n"
            )
        return number

    def runs(self, days: Sequence[float], *said: str, **more: Any) -> None:
        for day in days:
            self.run(day, *said, **more)

    def green(self, first: float, last: float, a_day: int = 10) -> None:
        """Successful runs in [first, last)."""
        self.runs([first + n / a_day for n in range(int((last - first) * a_day))])

    def flush(self) -> None:
        """What was drawn so far stands in the database."""
        rows, self._rows = self._rows, []
        assert write_rows(self.engine, rows) == []

    # --- the filer

    def at(self, now: datetime) -> None:
        self.clock.set(now)
        self.github.now = now

    def later(self, **by: float) -> None:
        self.at(self.clock.now() + timedelta(**by))

    def filer(self) -> Filer:
        """As the settings say, of this process, but with a client and a tracker that live in our time."""
        tracker = self.tracker()
        return replace(self._filer, tracker=tracker, notes=tracker.notes)

    def tracker(self) -> Tracker:
        client = Client(
            self.github.url, self.github.repo, self.settings.github.token.reveal(), clock=self.clock.seconds,
            wall=self.clock.seconds, sleep=self.sleep, jitter=lambda: 0.0, between_reads=0.0, between_writes=0.0,
        )  # fmt: skip
        us, now = this_process(), self.clock.now
        return Tracker(
            client, Issues(self.state, self._tracker, us, now), self.notes(),
            IssueLock(self.state, self._tracker, us, now, is_alive), now, self.sleep,
        )  # fmt: skip

    def notes(self) -> Notes:
        given = (self.state, self._tracker, self.clock.now)
        return Notes(Mutes(*given), AcceptedCases(*given))

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.github.now = self.clock.now()

    def window(self) -> Window:
        """Yesterday."""
        return report_window(DAILY, self.clock.now(), self.zone)

    def plan(self, day: float | None = None) -> PlanResult:
        """`day`: on the morning after it; now if it is None."""
        self._on(day)
        return self.filer().plan(self.window(), [JOB])

    def post(self, day: float | None = None) -> tuple[PlanResult, ApplyResult]:
        self._on(day)
        return self.filer().post(self.window(), [JOB])

    def _on(self, day: float | None) -> None:
        self.flush()
        if day is not None:
            self.at(morning(day))

    def screen(self, result: PlanResult, applied: ApplyResult | None = None) -> str:
        """What the command shows."""
        return plan_text(result.plan, applied)

    # --- what became of it

    def ledger(self) -> list[Intent]:
        """All calls that were ever meant to be made, newest first."""
        return self.tracker().issues.list(10_000)

    def ours(self) -> dict[int, Marker]:
        """The issues of ours, with what they say of themselves."""
        found = {number: read(issue.body) for number, issue in self.github.issues.items()}
        bot = self.github.login
        return {
            n: marker
            for n, marker in found.items()
            if marker and self.github.issues[n].author == bot
        }

    def number(self, name: str) -> int:
        """Of the one issue of ours whose title has this in it."""
        found = [
            n for n, issue in self.github.issues.items() if name in issue.title and n in self.ours()
        ]
        assert len(found) == 1, (
            f"{name}: {found} of {[each.title for each in self.github.issues.values()]}"
        )
        return found[0]

    def open_issues(self) -> list[str]:
        return sorted(
            issue.title
            for issue in self.github.issues.values()
            if issue.state == "open" and not issue.pull
        )

    def comments(self, number: int) -> list[str]:
        """The texts of our comments."""
        found = self.github.issues[number].comments
        return [each.body for each in found if each.author == self.github.login]

    def writes(self) -> list[str]:
        """What was asked of GitHub that changes something."""
        return [f"{call.method} {call.path}" for call in self.github.requests if call.writes]

    def held(self) -> dict[str, Any]:
        """What the tracker holds, by title; without what hangs on the minute in which it was written."""
        found: dict[str, Any] = {}
        for issue in self.github.issues.values():
            marker = read(issue.body)
            assert issue.title not in found, f"two issues are called {issue.title}"
            found[issue.title] = (
                issue.author, issue.state, issue.state_reason, sorted(issue.labels), marker,
                sorted(comment_ids(comment.body) or (comment.body,) for comment in issue.comments),
            )  # fmt: skip
        return found

    def doubles(self) -> list[str]:
        """What is there twice: keys of open issues, comments by their marks and by their texts."""
        keys = [
            f"key {marker.key}"
            for n, marker in self.ours().items()
            if self.github.issues[n].state == "open"
        ]
        creates = [f"creation {marker.create}" for marker in self.ours().values()]
        said = []
        for number in self.github.issues:
            for body in self.comments(number):
                said += [f"#{number} comment {mark}" for mark in comment_ids(body)]
                said.append(f"#{number} says {body.partition('<!--')[0]}")
        every = [*keys, *creates, *said]
        return sorted({each for each in every if every.count(each) > 1})

    def forget(self) -> None:
        """Our own state of the tracker is lost."""
        with self.state.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table))

    # --- back to an earlier moment

    def save(self) -> "Saved":
        self.flush()
        held = {name: deepcopy(getattr(self.github, name)) for name in _HELD}
        if self.state.url.get_backend_name() == "sqlite":
            return Saved(self.clock.now(), held, Path(str(self.state.url.database)).read_bytes())
        with self.state.begin() as connection:
            rows = {
                table.name: [row._asdict() for row in connection.execute(select(table))]
                for table in _TABLES
            }
        return Saved(self.clock.now(), held, rows=rows)

    def restore(self, saved: "Saved") -> None:
        self.at(saved.now)
        for name, value in saved.held.items():
            setattr(self.github, name, deepcopy(value))
        self.github.requests.clear()
        self.github.faults.waiting.clear()
        if saved.file:
            Path(str(self.state.url.database)).write_bytes(saved.file)
            return
        with self.state.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table))
                if saved.rows[table.name]:
                    connection.execute(insert(table), saved.rows[table.name])


@dataclass(frozen=True)
class Saved:
    """A moment of a world."""

    now: datetime
    held: dict[str, Any]
    file: bytes = b""
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@contextmanager
def world(
    folder: Path, state_url: str = "", contract: Path | None = None, settings: dict[str, str] | None = None,
    read_once: bool = False, **options: Any,
) -> Iterator[World]:  # fmt: skip
    """`settings`: more of them, by key. `options`: of the server. `read_once`: no run is added after any was read."""
    with github_server(contract, **({"now": morning(0)} | options)) as github:
        given = {
            "gh_token": github.token, "github_url": github.url, "github_repo": github.repo,
            "url": f"sqlite:///{folder / 'ci.sqlite'}",
            "state_url": state_url or f"sqlite:///{folder / 'state.sqlite'}",
            "time_zone": ZONE.key, "log_dir": str(folder / "logs"), "log_template": "{job}/{number}.log",
            "run_url": "https://ci.example.com/{job}/{number}",
        }  # fmt: skip
        (folder / "logs").mkdir(exist_ok=True)
        environ = {
            f"CI_STAT_{key.upper()}": value for key, value in (given | (settings or {})).items()
        }
        yield World(folder, github, environ, Clock(github.now), read_once=read_once)


def forked(work: Callable[[], object]) -> int:
    """A process that does `work`, and ends with 0, or with 1 and its error on stderr. Its pid."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # the server has threads, whose locks the child never takes
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """How that process ended: its exit code, or a signal's number below zero."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
