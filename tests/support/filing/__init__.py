"""A complete world for tests of filing: CI database, logs, our state, a strict GitHub, a clock.

Day 0 is 2021-06-01 in Shanghai. Tests add nightly runs by day, and the filer runs on the morning
after.
"""

import mmap
import os
import struct
import sys
import traceback
import warnings
from collections import Counter
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
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.issue_lock import IssueLock
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.tables import accepted, locks, mutes, outward_calls
from tests.support.github import GitHub, github_server
from tests.support.logs import go_test, gocheck

ZONE = ZoneInfo("Asia/Shanghai")
JOB = "tidb-unit-test-nightly"
FIRST = datetime(2021, 6, 1)  # day 0, wall clock
DAY = timedelta(days=1)
ENV = (
    "fatal: unable to access 'https://github.com/pingcap/tidb.git/': "
    "Could not resolve host: github.com\n"
)
_SAVED_FIELDS = (
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
    lines = (
        "==================",
        "WARNING: DATA RACE",
        "Write at 0x00c000118240 by goroutine 41:",
        f"  {function}",
        "      /go/src/tracker.go:88 +0x4e",
        "",
        "Previous read at 0x00c000118240 by goroutine 17:",
        "  github.com/pingcap/tidb/util/memory.(*Tracker).String()",
        "      /go/src/tracker.go:131 +0x3a",
        "==================",
        "",
    )
    return "\n".join(lines)


def morning(day: float) -> datetime:
    """When the filer runs for that day's window: at 8:17 on the next day."""
    wall = FIRST + DAY * int(day + 1) + timedelta(hours=8, minutes=17)
    return wall.replace(tzinfo=ZONE).astimezone(UTC)


def moment(day: float) -> datetime:
    return (FIRST + DAY * day).replace(tzinfo=ZONE).astimezone(UTC)


class ReadOnce(Source):
    """A CI database that no longer changes: each window is loaded once.

    A forked process finds loaded what its parent has loaded.
    """

    def load(self, run_filter: RunFilter, *_args: Any, **_options: Any) -> Result:
        known: dict[RunFilter, Result] = vars(self).setdefault("_known", {})
        if run_filter not in known:
            known[run_filter] = super().load(run_filter)
        return known[run_filter]


class Clock:
    """A clock that only `sleep` moves. Forked processes share it."""

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
    """Keep the connection to a server open: opening one costs more than a query.

    A forked process must call `dispose(close=False)`.
    """
    pool = engine.pool
    engine.pool = QueuePool(
        pool._creator, pool_size=1, dialect=pool._dialect, _dispatch=pool.dispatch
    )


@dataclass
class World:
    """`environ`: settings, as environment variables.

    `on_call`: called with `before` and `after` around each call that GitHub processes.
    """

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

    def run(self, day: float, *logged: str, log: bool = True, job: str = JOB, **more: Any) -> int:
        """Add a run, `day` days after day 0; return its number. It failed if it logged text."""
        number = next(self._numbers)
        status = Status.FAILURE if logged else Status.SUCCESS
        values: dict[str, Any] = {
            "job": job,
            "job_id": number,
            "status": status.value,
            "time": FIRST + DAY * day,
            "duration": 1000,
            "branch": "master",
        }
        row = RunRow(**(values | more))
        self._rows.append(row)
        if row.status == Status.FAILURE and log:
            path = self.folder / "logs" / job / f"{number}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            end = "make: *** [test] Error 1\nFinished: FAILURE\n"
            path.write_text(f"Started by timer\n+ make test\n{''.join(logged)}{end}")
        return number

    def runs(self, days: Sequence[float], *logged: str, **more: Any) -> None:
        for day in days:
            self.run(day, *logged, **more)

    def green(self, first: float, last: float, a_day: int = 10) -> None:
        """Successful runs in [first, last)."""
        self.runs([first + n / a_day for n in range(int((last - first) * a_day))])

    def flush(self) -> None:
        """Write the added runs to the database."""
        rows, self._rows = self._rows, []
        assert write_rows(self.engine, rows) == []

    # --- the filer

    def at(self, now: datetime) -> None:
        self.clock.set(now)
        self.github.now = now

    def later(self, **by: float) -> None:
        self.at(self.clock.now() + timedelta(**by))

    def filer(self) -> Filer:
        """The filer of the settings, with a client and a tracker that use our clock."""
        tracker = self.tracker()
        return replace(self._filer, tracker=tracker, notes=tracker.notes)

    def tracker(self) -> Tracker:
        client = Client(
            self.github.url,
            self.github.repo,
            self.settings.github.token.reveal(),
            clock=self.clock.seconds,
            wall=self.clock.seconds,
            sleep=self.sleep,
            jitter=lambda: 0.0,
            between_reads=0.0,
            between_writes=0.0,
        )
        owner, now = this_process(), self.clock.now
        issues = IssueCalls(self.state, self._tracker, owner, now)
        lock = IssueLock(self.state, self._tracker, owner, now, is_alive)
        return Tracker(client, issues, self.notes(), lock, now, self.sleep)

    def notes(self) -> Notes:
        arguments = (self.state, self._tracker, self.clock.now)
        return Notes(Mutes(*arguments), AcceptedCases(*arguments))

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.github.now = self.clock.now()

    def window(self) -> Window:
        """Yesterday."""
        return report_window(DAILY, self.clock.now(), self.zone)

    def plan(self, day: float | None = None) -> PlanResult:
        """Plan on the morning after `day`; now if it is None."""
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

    # --- the outcome

    def ledger(self) -> list[Intent]:
        """All recorded calls, newest first."""
        return self.tracker().issues.list(10_000)

    def ours(self) -> dict[int, Marker]:
        """The markers of our issues, by number."""
        markers = {
            number: read(issue.body)
            for number, issue in self.github.issues.items()
            if issue.author == self.github.login
        }
        return {number: marker for number, marker in markers.items() if marker}

    def number(self, name: str) -> int:
        """The number of our only issue with this in its title."""
        titles = {number: self.github.issues[number].title for number in self.ours()}
        numbers = [number for number, title in titles.items() if name in title]
        assert len(numbers) == 1, f"{name}: {numbers} of {titles}"
        return numbers[0]

    def open_issues(self) -> list[str]:
        return sorted(
            issue.title
            for issue in self.github.issues.values()
            if issue.state == "open" and not issue.pull
        )

    def comments(self, number: int) -> list[str]:
        """The texts of our comments."""
        comments = self.github.issues[number].comments
        return [comment.body for comment in comments if comment.author == self.github.login]

    def writes(self) -> list[str]:
        """The requests to GitHub that change something."""
        return [f"{call.method} {call.path}" for call in self.github.requests if call.writes]

    def contents(self) -> dict[str, Any]:
        """The issues by title, without what depends on the minute of the write."""
        contents: dict[str, Any] = {}
        for issue in self.github.issues.values():
            assert issue.title not in contents, f"two issues have the title {issue.title}"
            comments = [comment_ids(item.body) or (item.body,) for item in issue.comments]
            contents[issue.title] = (
                issue.author,
                issue.state,
                issue.state_reason,
                sorted(issue.labels),
                read(issue.body),
                sorted(comments),
            )
        return contents

    def duplicates(self) -> list[str]:
        """Whatever was written twice: open issues of a key, creations, comments."""
        written: list[str] = []
        for number, marker in self.ours().items():
            written.append(f"creation {marker.create}")
            if self.github.issues[number].state == "open":
                written.append(f"key {marker.key}")

        for number in self.github.issues:
            for body in self.comments(number):
                written += [f"#{number} comment {mark}" for mark in comment_ids(body)]
                written.append(f"#{number} text {body.partition('<!--')[0]}")
        return sorted(text for text, count in Counter(written).items() if count > 1)

    def forget(self) -> None:
        """Lose our state about the tracker."""
        with self.state.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table))

    # --- back to an earlier moment

    def save(self) -> "Saved":
        self.flush()
        github = {name: deepcopy(getattr(self.github, name)) for name in _SAVED_FIELDS}
        if self.state.url.get_backend_name() == "sqlite":
            file = Path(str(self.state.url.database)).read_bytes()
            return Saved(self.clock.now(), github, file)
        with self.state.begin() as connection:
            rows = {
                table.name: [row._asdict() for row in connection.execute(select(table))]
                for table in _TABLES
            }
        return Saved(self.clock.now(), github, rows=rows)

    def restore(self, saved: "Saved") -> None:
        self.at(saved.now)
        for name, value in saved.github.items():
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
    """A world at one moment. `github`: fields of the server; `file`, `rows`: our state."""

    now: datetime
    github: dict[str, Any]
    file: bytes = b""
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@contextmanager
def world(
    folder: Path,
    state_url: str = "",
    contract: Path | None = None,
    settings: dict[str, str] | None = None,
    read_once: bool = False,
    **options: Any,
) -> Iterator[World]:
    """Build a world in `folder`.

    - `settings`: additional settings, by key. `options`: fields of the server.
    - `read_once`: the test adds no run after the first load.
    """
    with github_server(contract, **({"now": morning(0)} | options)) as github:
        values = {
            "gh_token": github.token,
            "github_url": github.url,
            "github_repo": github.repo,
            "url": f"sqlite:///{folder / 'ci.sqlite'}",
            "state_url": state_url or f"sqlite:///{folder / 'state.sqlite'}",
            "time_zone": ZONE.key,
            "log_dir": str(folder / "logs"),
            "log_template": "{job}/{number}.log",
            "run_url": "https://ci.example.com/{job}/{number}",
            "preset": "tidb",
        }
        values |= settings or {}
        (folder / "logs").mkdir(exist_ok=True)
        environ = {f"CI_STAT_{key.upper()}": value for key, value in values.items()}
        yield World(folder, github, environ, Clock(github.now), read_once=read_once)


def forked(work: Callable[[], object]) -> int:
    """Start a process that does `work`, and return its pid.

    It exits with 0, or with 1 and a traceback on stderr.
    """
    with warnings.catch_warnings():
        # The server has threads; the child never takes their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
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
    """Wait for the process; return its exit code, or the negative number of a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
