"""Which tests are flaky, and how often each fails: five million results, against DuckDB.

`python -m benchmarks.results_questions CONTENDER FOLDER` runs one contender in its own process and
prints its answer, seconds and peak memory. DuckDB reads a Parquet file of the same results. It is
no dependency of ci_stat: `DUCKDB_PYTHON` names an interpreter that has it.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Figures, console, in_turn, ratios
from benchmarks.results_data import BEGIN, CASES, DAYS, FOLDER, make

if TYPE_CHECKING:
    from ci_stat.store.results.read import StoredCase

MEMORY = 300  # MB
FACTOR = 2.0  # times the seconds of DuckDB
CASE_SECONDS = 0.15
RUNS_AT_ONCE = 100
DUCKDB = os.environ.get("DUCKDB_PYTHON", "build/duckdb/bin/python")

_DUCKDB_SCRIPT = '''
import json, sys, time
import duckdb
folder = sys.argv[1]
source = f"{folder}/results.parquet"
connection = duckdb.connect()
connection.execute("set enable_progress_bar = false")
if sys.argv[2] == "make":
    connection.execute(f"copy (select * from read_csv('{folder}/results.csv')) to '{source}'")
    sys.exit()
begin = time.perf_counter()
rates = connection.execute(f"""
    select case_id, count(*) filter (outcome <> 3), count(*) filter (outcome in (1, 2))
    from '{source}' where is_main = 1 group by case_id""").fetchall()
flaky = connection.execute(f"""
    select case_id, count(*) from (
      select case_id, commit_id from '{source}' group by case_id, commit_id
      having max(passed) = 1 and max(failed) = 1) group by case_id""").fetchall()
seconds = time.perf_counter() - begin
commits = dict(flaky)
answer = sorted([case, done, failed, commits.get(case, 0)] for case, done, failed in rates)
json.dump({"seconds": seconds, "rss": 0, "answer": answer}, sys.stdout)
'''


def ours(folder: Path) -> dict[str, Any]:
    """The same question to the results database, some runs at a time."""
    import numpy as np

    from ci_stat.store.engine import open_engine
    from ci_stat.store.results.columns import read_ends
    from ci_stat.store.results.read import ResultsReader

    engine = open_engine(f"sqlite:///{folder / 'results.sqlite'}")
    reader = ResultsReader(engine)
    cases = reader.cases(range(1, CASES + 1))
    begin = time.perf_counter()
    runs = reader.runs_between(BEGIN, BEGIN + timedelta(days=DAYS))
    numbers = {commit: number for number, commit in enumerate({run.info.commit for run in runs})}
    finished, failed = (np.zeros(CASES + 1, np.int64) for _ in range(2))
    passed_on, failed_on = (np.zeros((len(numbers), CASES + 1), np.bool_) for _ in range(2))
    for first in range(0, len(runs), RUNS_AT_ONCE):
        some = runs[first : first + RUNS_AT_ONCE]
        ends = read_ends(engine, some)
        is_main = np.array([run.info.branch == "main" for run in some])[ends.run]
        commit = np.array([numbers[run.info.commit] for run in some])[ends.run]
        finished += np.bincount(ends.case[is_main & ends.is_finished], minlength=CASES + 1)
        failed += np.bincount(ends.case[is_main & ends.is_failed], minlength=CASES + 1)
        passed_on[commit[ends.passed], ends.case[ends.passed]] = True
        failed_on[commit[ends.failed], ends.case[ends.failed]] = True
    flaky = (passed_on & failed_on).sum(axis=0)
    seconds = time.perf_counter() - begin

    columns = (finished.tolist(), failed.tolist(), flaky.tolist())
    rows = {_number(case): [column[id] for column in columns] for id, case in cases.items()}
    answer = [[number, *rows[number]] for number in sorted(rows)]
    return {"seconds": seconds, "rss": _peak(), "answer": answer}


def _number(case: "StoredCase") -> int:
    """The number that the generator gave the test."""
    return int(case.suite.removeprefix("suite")) * 200 + int(case.name.rpartition("_")[2])


def one_case(folder: Path) -> dict[str, Any]:
    """The history of one test, found by its name: its attempts, runs and messages."""
    from sqlalchemy import select

    from ci_stat.failures.case_identity import name_key
    from ci_stat.store.engine import open_engine
    from ci_stat.store.results.read import ResultsReader
    from ci_stat.store.results.tables import cases

    engine = open_engine(f"sqlite:///{folder / 'results.sqlite'}")
    reader = ResultsReader(engine)
    with engine.connect() as connection:
        connection.execute(select(cases.c.id).limit(1)).all()  # the start is not measured
    begin = time.perf_counter()
    key = name_key("test_that_it_does_50", "com.example.Suite3Test")
    with engine.connect() as connection:
        ids = connection.execute(select(cases.c.id).where(cases.c.name_key == key)).scalars().all()
    runs = reader.runs_between(BEGIN, BEGIN + timedelta(days=DAYS))
    attempts = list(reader.history(ids, [run.id for run in runs]))
    seconds = time.perf_counter() - begin
    answer = sorted((attempt.run_id, str(attempt.outcome)) for attempt in attempts)
    return {"seconds": seconds, "rss": _peak(), "answer": answer}


def bench(figures: Figures, rounds: int) -> None:
    make()
    _one_case(figures, rounds)
    if not Path(DUCKDB).exists():
        console.print(f"no DuckDB at {DUCKDB} (DUCKDB_PYTHON): not compared", style="yellow")
        return
    if not (FOLDER / "results.parquet").exists():
        subprocess.run([DUCKDB, "-c", _DUCKDB_SCRIPT, str(FOLDER), "make"], check=True)
    answers = [_run("ours")["answer"], _run("duckdb")["answer"]]
    assert answers[0] == answers[1], "the contenders have different answers"
    assert sum(row[1] for row in answers[0]) > 3_000_000
    peaks: list[float] = []

    def mine() -> float:
        result = _run("ours")
        peaks.append(result["rss"] / 1e6)
        return float(result["seconds"])

    seconds, theirs = in_turn(rounds, mine, lambda: float(_run("duckdb")["seconds"]))
    ratio = ratios(seconds, theirs)
    figures.add(
        "flaky and rate of 8,000 tests, 5 million results",
        f"{ratio:.2f} of the time ({statistics.median(seconds):.2f} s)",
        f"DuckDB over Parquet ({statistics.median(theirs):.2f} s)",
        f"at most {FACTOR}",
        ratio <= FACTOR,
    )
    figures.add(
        "the same, peak memory",
        f"{max(peaks):.0f} MB",
        "itself",
        f"under {MEMORY} MB",
        max(peaks) < MEMORY,
    )


def _one_case(figures: Figures, rounds: int) -> None:
    results = [_run("one_case") for _ in range(rounds + 1)]
    answer = results[0]["answer"]
    assert len({run_id for run_id, _ in answer}) > 600, "runs are missing"
    assert any(outcome == "failed" for _, outcome in answer)
    seconds = statistics.median(result["seconds"] for result in results)
    figures.add(
        "history of one test among 5 million results",
        f"{seconds:.3f} s",
        f"its {len(answer)} attempts",
        f"under {CASE_SECONDS} s",
        seconds < CASE_SECONDS,
    )


def _run(name: str) -> dict[str, Any]:
    if name == "duckdb":
        command = [DUCKDB, "-c", _DUCKDB_SCRIPT, str(FOLDER), "ask"]
    else:
        command = [sys.executable, "-m", "benchmarks.results_questions", name, str(FOLDER)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _peak() -> int:
    """Peak resident memory of this process alone."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    contenders = {"ours": ours, "one_case": one_case}
    json.dump(contenders[sys.argv[1]](Path(sys.argv[2])), sys.stdout)
