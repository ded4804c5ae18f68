"""`ci-stat demo`: generate CI data on disk, and tell on one screen what fails in them."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from rich.console import RenderableType

from ci_stat.cli.work import output
from ci_stat.cli.work.demo_results import FOLDER as RESULTS_FOLDER
from ci_stat.cli.work.demo_results import ResultFiles, test_facts
from ci_stat.cli.work.demo_story import Facts, demo_story
from ci_stat.config import FILE_NAME, PATH_VARIABLE, TIDB, data_folder, load
from ci_stat.context import Context
from ci_stat.demo import DEMO_BEGIN, generate_rows, log_text, stories_from
from ci_stat.errors import WriteError
from ci_stat.escape import visible
from ci_stat.records import RunFilter, RunRow, Status
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal import screen
from ci_stat.runs.progress_bar import counting, loading
from ci_stat.store.ci_data.write import prepare, write_rows

_MARKER = ".ci_stat_demo"  # only a folder that contains this file is emptied
_DATABASES = ("ci.sqlite", "state.sqlite", "results.sqlite")
_OURS = (
    *(name + suffix for name in _DATABASES for suffix in ("", "-wal", "-shm")),
    "jenkins",
    RESULTS_FOLDER,
    FILE_NAME,
)
_BATCH = 1_000


@dataclass(frozen=True)
class Demo:
    """A demo on disk, and the context that opens it."""

    folder: Path
    context: Context
    begin: datetime
    end: datetime
    rows: int
    logs: int
    results: int  # result files


def demo(
    folder: Path | None, rows_per_day: int, days: int, seed: int, no_logs: bool, color: str
) -> None:
    demo = build(folder, rows_per_day, days, seed, logs=not no_logs)
    show(demo, output.colored(color))


def build(folder: Path | None, rows_per_day: int, days: int, seed: int, logs: bool = True) -> Demo:
    """Generate the data in `folder`. It replaces an earlier demo, also an incomplete one.

    Raises WriteError if the folder contains anything else.
    """
    folder = (folder or data_folder() / "demo").absolute()
    if "?" in str(folder) or "#" in str(folder):
        raise WriteError(
            f"{folder} contains ? or #, which a database URL cannot contain.",
            "Use another folder.",
        )
    _clear(folder)
    rows = generate_rows(rows_per_day=rows_per_day, days=days, seed=seed)
    _write_settings(folder)
    (folder / "jenkins").mkdir()
    # Its own settings, not the effective ones: the demo must not touch other databases.
    context = Context(load({PATH_VARIABLE: str(folder)}))
    engine = context.source.engine_for_writing()
    prepare(engine)
    results = ResultFiles(context, folder, seed)
    stored_rows = written_logs = 0
    with counting("Building the demo", rows_per_day * days, "runs") as progress, results.opened():
        for batch in _batches(rows):
            write_rows(engine, batch)
            if logs:
                written_logs += sum(_write_log(folder / "jenkins", row, seed) for row in batch)
                results.add(batch)
            stored_rows += len(batch)
            progress(len(batch))
    end = DEMO_BEGIN + timedelta(days=days)
    return Demo(folder, context, DEMO_BEGIN, end, stored_rows, written_logs, results.count)


def _batches(rows: Iterable[RunRow]) -> Iterator[list[RunRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _clear(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / _MARKER).exists():
            raise WriteError(
                f"{folder} is not empty and does not contain a demo.",
                "Use a new or an empty folder.",
            )
        (folder / _MARKER).touch()
        for name in _OURS:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{folder} cannot be used: {error.strerror}.") from None


def _write_log(home: Path, row: RunRow, seed: int) -> bool:
    """Write the log of a failed run, as Jenkins does: jobs/NAME/builds/NUMBER/log."""
    text = log_text(row, seed) if row.status == Status.FAILURE else None
    if text is None:
        return False
    target = home / "jobs" / row.job / "builds" / str(row.job_id)
    target.mkdir(parents=True, exist_ok=True)
    (target / "log").write_bytes(text)
    return True


def _write_settings(folder: Path) -> None:
    settings = {
        "preset": TIDB,
        "url": f"sqlite:///{folder / 'ci.sqlite'}",
        "state_url": f"sqlite:///{folder / 'state.sqlite'}",
        "results_url": f"sqlite:///{folder / 'results.sqlite'}",
        "log_dir": str(folder / "jenkins"),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def show(demo: Demo, color: bool) -> None:
    """Tell the story of the data on one screen, and print the commands to try next."""
    with demo.context as context:
        screen.show(_story(demo, context), sys.stdout, color)


def _story(demo: Demo, context: Context) -> RenderableType:
    source = context.source
    filter = RunFilter(source.window(demo.begin, demo.end))
    count, _ = source.count_window(filter)
    jobs, _ = source.count_jobs(filter)
    prs, _, _ = source.count_prs(filter, 1)
    failed_runs = replace(filter, statuses=(Status.FAILURE.value,))
    with loading("Reading failed runs") as (progress, log_progress):
        result = source.load(failed_runs, progress, log_progress=log_progress)
    folder = _folder_for_shell(demo.folder)
    tests = test_facts(context, demo.begin, demo.end, demo.results) if demo.results else None
    return demo_story(
        Facts(count, jobs, prs, result, tests),
        made=f"{plural(demo.rows, 'run')} and {plural(demo.logs, 'log')}, generated in {folder}",
        activation=_activation(Path(sys.argv[0])),
        folder=folder,
        stories=stories_from(demo.begin),
        end=demo.end,
    )


def _folder_for_shell(folder: Path) -> str:
    if folder.is_relative_to(Path.cwd()):
        return f"$PWD/{os.path.relpath(folder)}"
    return visible(shlex.quote(str(folder)))


def _activation(command: Path) -> str:
    """The line that activates our virtual environment if it is local and not active."""
    is_local = not command.is_absolute() or command.is_relative_to(Path.cwd())
    has_script = (command.parent / "activate").exists()
    if not (is_local and has_script) or "VIRTUAL_ENV" in os.environ:
        return ""
    return f"source {os.path.relpath(command.parent)}/activate"
