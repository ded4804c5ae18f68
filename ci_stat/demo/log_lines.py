"""The ordinary lines of a Jenkins log: head, end, time stamps, console notes, output of a build.

The raw form of `builds/N/log` (ci-data A5). All content is invented. Knows no failures.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha1
from random import Random

from ci_stat.demo.world import Job
from ci_stat.records import RunRow

SHANGHAI = timedelta(hours=8)  # offset of the table and of TiDB's own lines; Jenkins uses UTC

_LEVELS = ("INFO", "INFO", "INFO", "INFO", "WARN", "ERROR")
_SERVER = (
    '[domain.go:{n}] ["full load schema"] ["schema version"={m}] ["start time"=2.{n}ms]',
    '[ddl_worker.go:{n}] ["[ddl] run DDL job"] [worker="worker 1, tp general"] '
    '[job="ID:{m}, Type:create table"]',
    '[region_cache.go:{n}] ["switch region leader to specific leader"] [regionID={m}] [currIdx=0]',
    '[session.go:{n}] ["CRUCIAL OPERATION"] [conn=0] [schemaVersion={m}] '
    '[sql="drop table if exists t{m}"] [user=]',
    '[2pc.go:{n}] ["prewrite encounters lock"] [conn={m}] '
    '[lock="key: demo, primary: demo, txnStartTS: 42{m}"]',
    '[backoff.go:{n}] ["regionMiss backoffer.maxSleep 40000ms is exceeded, '
    'errors:\\nregion {m} 在重试中\\n"]',
    '[conn.go:{n}] ["command dispatched failed"] [conn={m}] '
    '[err="[demo:1105]Expression error FAILED at {n}"]',
    '[client.go:{n}] ["[pd] create pd client with endpoints"] [pd-address="[127.0.0.1:2379]"]',
)
_BUILD = {
    "rust": (
        "   Compiling demo_store v0.{n}.0 (/home/jenkins/agent/demo/build)",
        "test demo::test_{n} ... ok",
    ),
    "java": (
        "[INFO] Running org.apache.ibatis.demo.Case{n}Test",
        "[INFO] Tests run: {n}, Failures: 0, Errors: 0",
    ),
    "cpp": (
        "[{n}/2873] Building CXX object dbms/src/Demo{m}.cpp.o",
        "-- Installing: /tmp/demo/lib{n}.so",
    ),
    "sql": (
        "Test summary(sql/demo/{n}_ok.sql): Test case PASS",
        "./t/demo_{n}.test: ok! {m} test cases passed",
    ),
}
_GO_BUILD = (
    "ok  \tgithub.com/pingcap/demo/pkg{n}\t0.{m}s",
    "?   \tgithub.com/pingcap/demo/cmd{n}\t[no test files]",
)


class Stamper:
    """Puts `[2021-06-06T12:07:58.284Z] ` before lines; its clock advances from line to line.

    Logs differ in whether an empty line has a space after its stamp.
    """

    def __init__(self, rng: Random, start: datetime, milliseconds: float) -> None:
        self._rng = rng
        self._now = start - SHANGHAI
        self._step = milliseconds  # mean time between two lines
        self._end_of_empty_line = rng.choice(("", " "))

    @property
    def wall(self) -> str:
        """The current time in the format of TiDB's own lines, Shanghai time."""
        now = self._now + SHANGHAI
        return f"{now:%Y/%m/%d %H:%M:%S}.{now.microsecond // 1000:03d} +08:00"

    def stamp(self, line: str) -> str:
        """Return `line` with a stamp some time after the last one."""
        return self._stamped(line, self._rng.expovariate(1 / self._step))

    def _stamped(self, line: str, milliseconds: float) -> str:
        self._now += timedelta(milliseconds=milliseconds)
        prefix = f"[{self._now:%Y-%m-%dT%H:%M:%S}.{self._now.microsecond // 1000:03d}Z]"
        return f"{prefix} {line}" if line else prefix + self._end_of_empty_line

    def all(self, lines: Iterable[str]) -> list[str]:
        """Stamp lines that are printed at once, some time after the last line."""
        self._now += timedelta(milliseconds=self._step)
        return [self._stamped(line, self._rng.randrange(2)) for line in lines]


def note(rng: Random) -> str:
    """Return a console note: encoded, and hidden by its escape sequences."""
    return f"\x1b[8mha:////4{b64encode(rng.randbytes(rng.randint(60, 150))).decode()}\x1b[0m"


def pipeline(rng: Random, step: str) -> str:
    """Return the line of a pipeline step; most have a console note."""
    prefix = note(rng) if rng.random() < 0.7 else ""
    return f"{prefix}[Pipeline] {step}"


def checkout_target(row: RunRow, seed: int) -> str:
    """Return the commit that the log checks out last.

    It is the commit of the row; a nightly run has none and gets one that changes every four hours.
    """
    if row.commit is not None:
        return row.commit
    hours = f"{row.time:%Y-%m-%d} {row.time.hour // 4}" if row.time is not None else ""
    return sha1(f"{seed} {row.branch} {hours}".encode(), usedforsecurity=False).hexdigest()


def head(row: RunRow, rng: Random) -> list[str]:
    """Return the first lines, which have no stamps."""
    started = "Started by timer"
    if row.commit is not None:
        started = f"GitHub pull request of {row.repo}, commit {row.commit}, no merge conflicts."
    return [
        note(rng) + started,
        "Running in Durability level: PERFORMANCE_OPTIMIZED",
        pipeline(rng, "Start of Pipeline"),
        pipeline(rng, "timestamps"),
    ]


def prepare(row: RunRow, rng: Random, seed: int) -> list[str]:
    """Return the lines before the tests: the workspace, then checkouts of scripts and code."""
    scripts = sha1(f"{seed} scripts {row.job}".encode(), usedforsecurity=False).hexdigest()
    return [
        pipeline(rng, "node"),
        f"Running on demo-agent-{rng.randrange(10, 99)} in /home/jenkins/agent/workspace/{row.job}",
        pipeline(rng, "checkout"),
        f" > git checkout -f {scripts} # timeout=10",
        pipeline(rng, "sh"),
        "+ git fetch origin +refs/pull/*/head:refs/remotes/origin/pr/*",
        f"+ git checkout -f {checkout_target(row, seed)}",
        "\x1b[33mwarning: unable to rmdir vendor: Directory not empty\x1b[0m",
        pipeline(rng, "sh"),
        f"+ export GOPATH=/home/jenkins/agent/workspace/{row.job}/go",
        "+ make demo_test",
    ]


def ordinary_output(job: Job | None, rng: Random, stamper: Stamper, count: int) -> list[str]:
    """Return `count` stamped lines of a passing build and of the servers that it tests."""
    kind = job.kind if job is not None else "unit"
    build = _BUILD.get(kind, _GO_BUILD)
    server_share = 0.15 if kind in _BUILD else 0.75

    lines = []
    for _ in range(count):
        is_server = rng.random() < server_share
        template = rng.choice(_SERVER if is_server else build)
        text = template.format(n=rng.randrange(2, 2_000), m=rng.randrange(2, 90_000))
        if is_server:
            text = f"[{stamper.wall}] [{rng.choice(_LEVELS)}] {text}"
        lines.append(stamper.stamp(text))
    return lines


def finish(rng: Random, stamper: Stamper, code: int) -> list[str]:
    """Return the lines from the failing script to the end; some have no stamps."""
    return [
        f"script returned exit code {code}",
        stamper.stamp(pipeline(rng, "}")),
        stamper.stamp(pipeline(rng, "// node")),
        stamper.stamp("Setting status to FAILURE with message: 'Jenkins job failed'"),
        pipeline(rng, "End of Pipeline"),
        f"ERROR: script returned exit code {code}",
        "Finished: FAILURE",
    ]
