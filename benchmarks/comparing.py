"""`ci-stat compare` and `flaky` against `ci-stat summary` of the same windows, and their answers.

On SQLite and on MariaDB. A change and a flaky case are planted, and must be found.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.data import ROWS_PER_DAY
from benchmarks.measure import Figures, in_turn, ratios, seconds
from ci_stat.demo import DEMO_BEGIN, generate_encoded
from ci_stat.records import RunRow
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine

CI_STAT = str(Path(sys.executable).with_name("ci-stat"))
_PLANTED = 200  # runs in each window
_COLUMNS = (
    'job, job_id, status, time, duration, "commit", branch, comment, repo, description, '
    "analysis_res"
)
_WITH_MEMORY = """
import resource, sys
from ci_stat.cli import run
code = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Windows:
    """The two halves of a table of `size` rows."""

    url: str
    begin: datetime
    middle: datetime
    end: datetime

    def options(self, begin: datetime, end: datetime) -> list[str]:
        return ["--begin", begin.isoformat(), "--end", end.isoformat()]

    @property
    def earlier(self) -> list[str]:
        return self.options(self.begin, self.middle)

    @property
    def later(self) -> list[str]:
        return self.options(self.middle, self.end)

    @property
    def whole(self) -> list[str]:
        return self.options(self.begin, self.end)

    def ask(self, *arguments: str) -> Any:
        done = subprocess.run(
            [CI_STAT, *arguments, "--json"], env=self._environ, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    def seconds(self, *arguments: str) -> float:
        return seconds([CI_STAT, *arguments, "--json"], {"CI_STAT_URL": self.url})

    def memory(self, *arguments: str) -> int:
        """Peak bytes."""
        command = [sys.executable, "-c", _WITH_MEMORY, *arguments, "--json"]
        done = subprocess.run(command, env=self._environ, capture_output=True, check=True)
        return int(done.stderr.split()[-1])

    @property
    def _environ(self) -> dict[str, str]:
        return os.environ | {"CI_STAT_URL": self.url}


def windows(url: str, size: int) -> Windows:
    days = max(2, size // ROWS_PER_DAY)
    end = DEMO_BEGIN + timedelta(days=days)
    return Windows(url, DEMO_BEGIN, DEMO_BEGIN + timedelta(days=days // 2), end)


def fill_sqlite(folder: Path, size: int) -> str:
    """Write a table of `size` rows. Return its URL."""
    file = folder / "ci.sqlite"
    url = f"sqlite:///{file}"
    engine = open_engine(url)
    prepare(engine)
    engine.dispose()
    rows = generate_encoded(ROWS_PER_DAY, size // ROWS_PER_DAY, description_bytes=2_000)
    with sqlite3.connect(file) as connection:
        connection.execute("pragma synchronous = off")
        marks = ", ".join("?" * 11)
        texts = ((*row[:3], str(row[3]), *row[4:]) for row in rows)
        connection.executemany(f"insert into ci_data ({_COLUMNS}) values ({marks})", texts)
        connection.execute("analyze")
    return url


def plant(where: Windows) -> None:
    """Add a case that is new in the later window, and one that is flaky in both."""
    engine = open_engine(where.url)
    assert write_rows(engine, list(_planted(where))) == []
    engine.dispose()


def _planted(where: Windows) -> Iterator[RunRow]:
    for number in range(_PLANTED):
        for half, begin in enumerate((where.begin, where.middle)):
            moment = begin + timedelta(minutes=30 * number)  # so far apart, no outage
            is_new = half == 1 and number % 4 == 0
            new = {"case": ["planted.New"]} if is_new else None
            yield _run("planted", 2 * number + half, moment, f"n{half}-{number}", new)
            flaky = {"case": ["planted.Flaky"]} if number % 5 == 0 else None
            yield _run("flaky", 4 * number + half, moment, f"f{half}-{number}", flaky)
            yield _run("flaky", 4 * number + half + 2, moment, f"f{half}-{number}", None)


def _run(
    job: str, number: int, moment: datetime, commit: str, analysis: dict[str, Any] | None
) -> RunRow:
    return RunRow(
        job=job,
        job_id=number,
        status="FAILURE" if analysis else "SUCCESS",
        time=moment,
        duration=60_000,
        repo="o/planted",
        commit=commit,
        description={"ghprbPullId": str(number + 1)},
        analysis_res=analysis,
    )


def check_answers(where: Windows) -> None:
    """The planted changes are found, and the counts are those of the other commands."""
    span = f"{where.begin.isoformat()}..{where.middle.isoformat()}"
    compared = where.ask("compare", *where.later, "--with", span, "--limit", "100000")
    for side, window in (("now", where.later), ("before", where.earlier)):
        summary = where.ask("summary", *window)["together"]
        names = ("runs", "success", "failure", "aborted", "other")
        assert [compared[side][name] for name in names] == [summary[name] for name in names]
        jobs = where.ask("jobs", *window, "--limit", "100000")["jobs"]
        counted = {row["name"]: row[side]["failed"] for row in compared["jobs"]["rows"]}
        assert {job["job_name"]: job["failure"] for job in jobs}.items() <= counted.items()

    (new,) = [row for row in compared["failures"]["rows"] if row["name"] == "planted.New"]
    assert (new["change"], new["may_be_chance"], new["now"]["failed"]) == ("new", False, 50)

    flaky = where.ask("flaky", *where.whole, "--limit", "100000")
    (case,) = [row for row in flaky["cases"]["rows"] if row["name"] == "planted.Flaky"]
    assert (case["flaky"], case["commits"], case["in_outages"]) == (80, 400, 0)


def bench(figures: Figures, name: str, where: Windows, size: int, rounds: int) -> None:
    """Times and memory of both commands."""
    check_answers(where)
    span = f"{where.begin.isoformat()}..{where.middle.isoformat()}"
    compare = ("compare", *where.later, "--with", span)
    one, other, compared, summed, flaky = in_turn(
        rounds,
        lambda: where.seconds("summary", *where.later),
        lambda: where.seconds("summary", *where.earlier),
        lambda: where.seconds(*compare),
        lambda: where.seconds("summary", *where.whole),
        lambda: where.seconds("flaky", *where.whole),
    )
    both = [a + b for a, b in zip(one, other, strict=True)]
    of = f"over {size:,} rows, {name}"
    _add(figures, f"ci-stat compare {of}", compared, "ci-stat summary of both windows", both)
    _add(figures, f"ci-stat flaky {of}", flaky, "ci-stat summary of the window", summed)
    for command in (compare, ("flaky", *where.whole)):
        memory = where.memory(*command)
        figures.add(
            f"peak memory of ci-stat {command[0]} {of}",
            f"{memory / 2**20:.0f} MiB",
            f"ci-stat summary: {where.memory('summary', *where.whole) / 2**20:.0f} MiB",
            "at most 300 MiB",
            memory <= 300 * 2**20,
        )


def _add(
    figures: Figures, work: str, ours: Sequence[float], yardstick: str, theirs: Sequence[float]
) -> None:
    ratio = ratios(ours, theirs)
    figures.add(
        work,
        f"{ratio:.2f} of the time ({statistics.median(ours):.1f} s)",
        f"{yardstick} ({statistics.median(theirs):.1f} s)",
        "at most 1.3",
        ratio <= 1.3,
    )
