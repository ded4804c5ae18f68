"""Speed of reports: the daily card against `get_result`, and the hourly job up to the sent card.

The day has 20,000 runs, and so has each of the 14 days before. Our state has all failures already.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.measure import Figures, in_turn, ratios
from ci_stat.config import FILE_NAME, PATH_VARIABLE, load
from ci_stat.context import Context
from ci_stat.demo import DEMO_BEGIN, generate_rows, log_failures
from ci_stat.records import Extraction, LogState, RunRow, Status
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.support.feishu import running

PYTHON = sys.executable
DAYS = 15
LAST_DAY = DEMO_BEGIN + timedelta(days=DAYS - 1)
NOON = LAST_DAY + timedelta(hours=15, minutes=13)
_BATCH = 2_000


def bench(figures: Figures, rounds: int, rows_per_day: int = 20_000) -> None:
    """Run all benchmarks of reports, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = _fill(folder, rows_per_day)
        _inside(folder, "daily")  # looks through the days before, once
        _daily(figures, folder, rounds, runs)
        _hourly(figures, folder, rounds)


def _fill(folder: Path, rows_per_day: int) -> int:
    """Fill the CI database and our state, write settings. Return the runs of the last day."""
    (folder / "jenkins").mkdir()
    settings = {
        "url": f"sqlite:///{folder / 'ci.sqlite'}",
        "state_url": f"sqlite:///{folder / 'state.sqlite'}",
        "log_dir": str(folder / "jenkins"),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings))
    engine, state, rule_set = open_engine(settings["url"]), _state(folder), _rule_set(folder)
    prepare(engine)
    last = 0
    for batch in _batches(generate_rows(rows_per_day, DAYS)):
        write_rows(engine, batch)
        extractions = {
            (row.job, row.job_id): _extraction(row) for row in batch if row.status == Status.FAILURE
        }
        state.keep(extractions, rule_set)
        last += sum(row.time is not None and row.time >= LAST_DAY for row in batch)
    return last


def _batches(rows: Iterable[RunRow]) -> Iterator[list[RunRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _extraction(row: RunRow) -> Extraction:
    return Extraction(LogState.READ, log_failures(row), 2_000, 200_000)


def _context(folder: Path) -> Context:
    return Context(load({PATH_VARIABLE: str(folder)}))


def _state(folder: Path) -> ExtractionStore:
    state = ExtractionStore(
        open_engine(f"sqlite:///{folder / 'state.sqlite'}"), _context(folder).source.name
    )
    prepare_state(state.engine)
    return state


def _rule_set(folder: Path) -> str:
    reader = _context(folder).logs.reader
    assert reader is not None
    return reader.options.rule_set


def _daily(figures: Figures, folder: Path, rounds: int, runs: int) -> None:
    loaded, reported = in_turn(
        rounds, partial(_inside, folder, "load"), partial(_inside, folder, "daily")
    )
    ratio = ratios(reported, loaded)
    figures.add(
        f"a daily card of {runs:,} runs, failures cached",
        f"{ratio:.2f} times ({statistics.median(reported):.2f} s)",
        f"get_result alone ({statistics.median(loaded):.2f} s)",
        "at most 1.5 times",
        ratio <= 1.5,
    )


def _inside(folder: Path, what: str) -> float:
    """Seconds of the work in its own process, without imports."""
    command = [PYTHON, "-m", "benchmarks.reports", what, str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _hourly(figures: Figures, folder: Path, rounds: int) -> None:
    with running() as server:
        environ = {PATH_VARIABLE: str(folder), "CI_STAT_WEBHOOK": server.hook_url()}
        spent = [_cpu(environ) for _ in range(rounds + 1)][1:]
        posted = len(server.messages)
    imports = _cpu(environ, "--help")
    cpu = statistics.median(spent)
    figures.add(
        f"the hourly job, start to posted card ({posted} posted)",
        f"{cpu:.2f} s of CPU",
        f"the same process asked for --help {imports:.2f} s",
        "under 2.0 s",
        cpu < 2.0 and posted == rounds + 1,
    )


def _cpu(environ: dict[str, str], *more: str) -> float:
    """Seconds of CPU, user and system, of one cron job."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        PYTHON,
        "-m",
        "jobs.hourly_report",
        "--now",
        NOON.isoformat(),
        "--post",
        "--force",
        *more,
    ]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _work(what: str, folder: Path) -> float:
    from time import perf_counter

    import ci_stat.ci_stat as stat
    from ci_stat.records import RunFilter
    from ci_stat.rendering.feishu.forms import fitted_card
    from ci_stat.reports.document import report_document

    settings = load({PATH_VARIABLE: str(folder)})
    end = LAST_DAY + timedelta(days=1)
    started = perf_counter()
    if what == "load":
        assert len(stat.get_result(LAST_DAY, end, [], settings=settings, progress=False).all_runs)
    else:
        context = Context(settings)
        source = context.source
        now = datetime.combine(end, datetime.min.time(), source.origin.zone).astimezone(
            UTC
        ) + timedelta(minutes=17)
        made = context.reporter(now).report("daily", RunFilter(source.window(LAST_DAY, end)))
        assert fitted_card(report_document(made))["header"]["title"]["content"].startswith(
            "CI daily: "
        )
    return perf_counter() - started


if __name__ == "__main__":
    print(_work(sys.argv[1], Path(sys.argv[2])))
