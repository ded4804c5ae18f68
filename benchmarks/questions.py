"""Speed of `ci-stat pr`, `case`, `job` and `run` on large tables, and whether they miss a run.

On an embedded table, and on a server's table with the columns and indexes of the original writer,
which only SELECT may read. The answers must have every run that the generator wrote. The yardstick
is one bare pass over the rows of the table, in the same run.
"""

import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.data import ROWS_PER_DAY, fill
from benchmarks.measure import ANSWERED, Figures, in_turn, seconds
from ci_stat.demo import generate_encoded
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from tests.support.mariadb import Server, running

CI_STAT = str(Path(sys.executable).with_name("ci-stat"))
PULL_ID = re.compile(r'"ghprbPullId":"(\d+)"')
CASE = "testEvictSuite.TestEvictUnderPressure"
JOB = "tidb_ghpr_unit_test"
LIMIT = 2.0  # seconds, with the start of the interpreter
EMPTY = [CI_STAT, "summary", "--begin", "1999-01-01", "--end", "1999-01-02"]
WHOLE = ["--since", "52w", "--limit", "1000000"]
_COLUMNS = (
    "job, job_id, status, time, duration, `commit`, branch, comment, repo,"
    " description, analysis_res"
)
_WRITERS_TABLE = """
create table ci_data (
  job varchar(100) not null, job_id int(10) unsigned not null,
  status enum('SUCCESS', 'FAILURE', 'ABORTED') not null, duration int(10) unsigned, time datetime,
  `commit` text, branch varchar(100), comment text, repo varchar(100), analysis_res json,
  description json, primary key (job, job_id), key (status), key (job), key (time),
  key (duration), key (branch), key (repo))"""


@dataclass
class Written:
    """What the generator wrote: runs of pull requests and jobs, failures of a case."""

    pulls: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    case: set[tuple[str, int]] = field(default_factory=set)
    jobs: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def counted(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            job, number, status, repo = row[0], row[1], row[2], row[8]
            self.jobs[job][status] += 1
            pull = PULL_ID.search(row[9] or "")
            if pull and repo:
                self.pulls[f"{repo}#{pull[1]}"][status] += 1
            if status == "FAILURE" and CASE in (row[10] or ""):
                self.case.add((job, number))
            yield row

    @property
    def busiest(self) -> str:
        """The pull request with the most runs."""
        return max(self.pulls, key=lambda pull: self.pulls[pull].total())


def bench(figures: Figures, rounds: int, rows: int = 1_000_000) -> None:
    """Run all benchmarks of questions, in a temporary folder and on a private server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = _embedded(folder / "ci.sqlite", rows)
        url = f"sqlite:///{folder / 'ci.sqlite'}"
        _ask(figures, folder, rounds, url, written, _scan_of(folder / "ci.sqlite"))
        (folder / "ci.sqlite").unlink()
        with running(log_file="1G", pool="6G", memory=False) as server:
            _foreign(server, rows)
            with server.account("reader", "secret", "select on theirs.*"):
                theirs = server.url("theirs").replace("root:@", "reader:secret@")
                _ask(figures, folder, rounds, theirs, written, _scan_on(server))


def _embedded(file: Path, rows: int) -> Written:
    """A table of ours in SQLite, as an import leaves it."""
    prepare(open_engine(f"sqlite:///{file}"))
    written = Written()
    encoded = generate_encoded(ROWS_PER_DAY, max(1, rows // ROWS_PER_DAY), description_bytes=2_000)
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("pragma synchronous = off")
        places = ", ".join("?" * 11)
        texts = ((*row[:3], str(row[3]), *row[4:]) for row in written.counted(encoded))
        connection.executemany(f"insert into ci_data ({_COLUMNS}) values ({places})", texts)
    connection.close()
    return written


def _foreign(server: Server, rows: int) -> None:
    """The same rows in a table with the writer's columns and indexes."""
    fill(server, "ours", rows)
    server.sql(f"create database theirs; use theirs; {_WRITERS_TABLE}")
    server.sql(f"insert into theirs.ci_data ({_COLUMNS}) select {_COLUMNS} from ours.ci_data")
    server.sql("analyze table theirs.ci_data; drop database ours")


def _scan_of(file: Path) -> list[str]:
    query = "select count(*) from ci_data not indexed where duration < 0"
    code = f"import sqlite3; sqlite3.connect({str(file)!r}).execute({query!r}).fetchall()"
    return [sys.executable, "-c", code]


def _scan_on(server: Server) -> list[str]:
    query = "select count(*) from theirs.ci_data ignore index (duration) where duration < 0"
    return ["mariadb", "--no-defaults", "-uroot", f"--socket={server.socket}", "-BN", "-e", query]


def _ask(
    figures: Figures, folder: Path, rounds: int, url: str, written: Written, scan: list[str]
) -> None:
    environ = {"CI_STAT_URL": url, "CI_STAT_STATE_URL": f"sqlite:///{folder / 'state.sqlite'}"}
    kind = "SQLite" if url.startswith("sqlite") else "MariaDB, the writer's indexes"
    number = _check(environ, written)
    questions = {
        "pr": ["pr", written.busiest],
        "case": ["case", CASE],
        "job": ["job", JOB],
        "run": ["run", JOB, str(number)],
    }
    rows = sum(sum(statuses.values()) for statuses in written.jobs.values())
    for name, arguments in questions.items():
        command = [CI_STAT, *arguments]
        asked, scanned, started = in_turn(
            rounds,
            partial(seconds, command, environ),
            partial(seconds, scan, {}),
            partial(seconds, EMPTY, environ),
        )
        took, bare, start = map(statistics.median, (asked, scanned, started))
        net = max(0.0, took - start)
        figures.add(
            f"ci-stat {name}, {rows:,} rows, {kind}",
            f"{took:.2f} s with a start-up of {start:.2f} s; without it {net / bare:.2f} of it",
            f"one bare pass over the rows ({bare:.2f} s)",
            f"at most {LIMIT:g} s, start-up included",
            took <= LIMIT,
        )


def _check(environ: dict[str, str], written: Written) -> int:
    """Check that the answers have every run. Return the number of a run of the job."""
    pull = _json(environ, "pr", written.busiest, *WHOLE)
    assert Counter(run["status"] for run in pull["runs"]) == written.pulls[written.busiest]
    case = _json(environ, "case", CASE, *WHOLE)
    found = {(run["job_name"], run["job_id"]) for run in case["failed_runs"]}
    assert found == written.case, f"{len(found)} of {len(written.case)} runs of the case"
    job = _json(environ, "job", JOB, *WHOLE)
    statuses = written.jobs[JOB]
    assert job["tally"]["runs"] == sum(statuses.values())
    assert job["total_failed_runs"] == statuses["FAILURE"]
    number = int(job["failed_runs"][0]["job_id"])
    run = _json(environ, "run", JOB, str(number))
    assert (run["job_name"], run["job_id"], run["status"]) == (JOB, number, "FAILURE")
    return number


def _json(environ: dict[str, str], *arguments: str) -> dict[str, Any]:
    command = [CI_STAT, *arguments, "--json"]
    done = subprocess.run(
        command, env=os.environ | environ, check=False, capture_output=True, text=True
    )
    assert done.returncode in ANSWERED, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
