"""Rows with logs: `get_result` of 1,000 rows with 201 failed runs, the first time and again.

The logs are a few files under many names, so the disk needs little room. Every planted failure must
be in the answer, the second time too.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path

from benchmarks.log_data import write
from benchmarks.measure import Figures, in_turn
from ci_stat.config import FILE_NAME, PATH_VARIABLE
from ci_stat.records import RunRow
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support.rows import BEGIN, row

ROWS, FAILED = 1_000, 201
DIFFERENT = 12  # log files; each is the log of many runs
DAY = timedelta(days=1)


def bench(figures: Figures, rounds: int, total: int) -> None:
    """Run the benchmark with logs of about `total` bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logs = _fill(folder, total)
        size = sum(log.stat().st_size for log in logs) / 1e9
        planted = sum(log.read_bytes().count(b"FAIL: ") for log in logs)

        first, plain, again = in_turn(
            rounds,
            partial(_first, folder, planted),
            partial(_plain, [str(log) for log in logs]),
            partial(_again, folder, planted),
        )

    what = f"get_result of {ROWS:,} rows with {len(logs)} logs of {size:.1f} GB"
    beside = statistics.median(a - b for a, b in zip(first, plain, strict=True))
    figures.add(
        f"{what}, the first time",
        f"{statistics.median(first):.2f} s",
        f"the same logs without rows and state, {statistics.median(plain):.2f} s",
        "at most 0.5 s more",
        beside <= 0.5,
    )
    most = 0.5 + 0.6 * size
    figures.add(
        "the same, in all",
        f"{statistics.median(first):.2f} s",
        "",
        f"at most {most:.1f} s",
        statistics.median(first) <= most,
    )
    repeat = statistics.median(again)
    figures.add(f"{what}, again", f"{repeat:.2f} s", "", "at most 0.5 s", repeat <= 0.5)


def _fill(folder: Path, total: int) -> list[Path]:
    """Write rows, logs and settings. Return the log of each failed run."""
    source = folder / "different"
    source.mkdir()
    mean = total // FAILED
    different = write(source, DIFFERENT * mean, mean // 2, mean * 3 // 2)

    logs = []
    rows = list(_rows())
    failed = [row for row in rows if row.status == "FAILURE"]
    for run, log in zip(failed, cycle(different), strict=False):
        logs.append(folder / "home" / "jobs" / run.job / "builds" / str(run.job_id) / "log")
        logs[-1].parent.mkdir(parents=True)
        os.link(log.path, logs[-1])

    settings = {
        "url": f"sqlite:///{folder / 'ci.sqlite'}",
        "state_url": f"sqlite:///{folder / 'state.sqlite'}",
        "log_dir": str(folder / "home"),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings))
    engine = open_engine(settings["url"])
    prepare(engine)
    write_rows(engine, rows)
    engine.dispose()
    return logs


def _rows() -> Iterator[RunRow]:
    for number in range(ROWS):
        status = "FAILURE" if number * FAILED % ROWS < FAILED else "SUCCESS"
        moment = BEGIN + timedelta(minutes=number)
        yield row("unit", number, status, pr=number % 40, time=moment)


def _first(folder: Path, planted: int) -> float:
    for state in folder.glob("state.sqlite*"):
        state.unlink()
    return _again(folder, planted)


def _again(folder: Path, planted: int) -> float:
    """Seconds of a process that loads the window, from its start; the answer is checked."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.row_logs"],
        env=os.environ | {PATH_VARIABLE: str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    answer = json.loads(done.stdout)
    expected = {"rows": ROWS, "states": {"read": FAILED}, "failures": planted}
    assert answer == expected, f"{answer}, expected {expected}"
    return seconds


def _plain(names: list[str]) -> float:
    """Seconds to diagnose the logs in as many processes, with the start of Python."""
    code = (
        "import json, sys\nfrom ci_stat.logs.workers import LogOptions, cpu_count, diagnose_files\n"
        "from ci_stat.failures import extract\nimport io\nextract(io.BytesIO(b'x'))\n"
        "names = json.load(sys.stdin)\n"
        "assert len(list(diagnose_files(names, LogOptions(), cpu_count()))) == len(names)"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], input=json.dumps(names), text=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Load the window by the settings of the environment, and print what the answer contains."""
    import ci_stat.ci_stat as stat

    result = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 19) + DAY, progress=False)
    failures = sum(len(run.failures) for run in result.all_runs)
    answer = {"rows": len(result.all_runs), "states": result.log_states, "failures": failures}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
