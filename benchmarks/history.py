"""The history on a branch: its size, and how long a runner that keeps nothing reads a day."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from benchmarks.measure import Figures
from ci_stat.connectors.git.branch import Branch
from ci_stat.records.case_results import CaseResult, Outcome, ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.write import ResultsWriter
from ci_stat.test_results.history.sync import BranchHistory
from tests.support.git import git, remote

RUNS = 50
CASES = 5_000
NOW = datetime(2026, 11, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 20, tzinfo=UTC)
BRANCH = "history"
FAILED_SHARE = 0.001
VERBS = ("reads", "writes", "joins", "splits", "drops")


class DrawnFile:
    """The results of one run. Durations vary by 15 %."""

    state = ReadState.COMPLETE
    detail = ""
    format = "JUnit XML"
    attempts = CASES

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __iter__(self) -> Iterator[CaseResult]:
        suite, drawn = random.Random(1), random.Random(self._seed)
        for number in range(CASES):
            is_failed = drawn.random() < FAILED_SHARE
            usual = suite.lognormvariate(-4, 1.5)
            yield CaseResult(
                suite="s",
                class_name=f"tests.unit.package{number % 40}.TestClass{number % 400}",
                name=f"test_{suite.choice(VERBS)}_rows_{number}",
                outcome=Outcome.FAILED if is_failed else Outcome.PASSED,
                seconds=round(usual * drawn.lognormvariate(0, 0.15), 3),
                message="got 17, want 18" if is_failed else "",
                text="trace\n" * 30 if is_failed else "",
            )


def bench(figures: Figures) -> None:
    """One day of 50 runs of 5,000 tests: pushed, packed, and read by a new runner."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        url = remote(place / "remote")
        writer = _database(place / "writer.sqlite")
        history = _history(place / "cache1", url, writer)
        _import(writer, DAY, range(RUNS))
        history.push()
        _import(writer, NOW, [RUNS])
        history.push()  # packs the finished day
        listing = git(place / "remote", "ls-tree", "-r", "-l", BRANCH).splitlines()
        (size,) = [int(line.split()[3]) for line in listing if "\tdays/" in line]

        reader = _database(place / "reader.sqlite")
        began = time.process_time()
        report = _history(place / "cache2", url, reader).update()
        seconds = time.process_time() - began
        assert report.runs == RUNS + 1
        _assert_equal(writer, reader)

    day = f"{RUNS} runs of {CASES:,} tests"
    figures.add(f"one day on a branch: {day}", f"{size / 1e6:.2f} MB", "", "", True)
    figures.add("a year of such days", f"{size * 365 / 1e6:.0f} MB", "", "", True)
    figures.add("a new runner reads one such day, CPU", f"{seconds:.1f} s", "", "", True)


def _database(path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{path}")
    prepare_results(engine)
    return engine


def _history(cache: Path, url: str, engine: Engine) -> BranchHistory:
    return BranchHistory(Branch(cache, url, BRANCH), engine, lambda: NOW, days=400)


def _import(engine: Engine, begin: datetime, numbers: "range | list[int]") -> None:
    writer = ResultsWriter(engine, lambda: NOW)
    for number in numbers:
        started = begin + timedelta(minutes=20 * number)
        run_id = writer.run_id(RunInfo("unit", number, commit=f"{number:040x}", started=started))
        writer.store(run_id, f"{number:064x}", "r.xml", partial(DrawnFile, number))


def _assert_equal(writer: Engine, reader: Engine) -> None:
    def results(engine: Engine) -> list[tuple[object, ...]]:
        database = ResultsReader(engine)
        runs = database.runs_between(DAY, NOW + timedelta(days=1))
        return [
            (run.info.number, attempt.outcome, attempt.seconds)
            for run in runs
            for attempt in database.attempts(run.id)
        ]

    assert results(writer) == results(reader)
