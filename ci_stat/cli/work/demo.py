"""`ci-stat demo`: generate CI data on disk, and print the most useful reports about them."""

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

import click
from rich.console import RenderableType

from ci_stat.cli.work import output
from ci_stat.config import FILE_NAME, PATH_VARIABLE, TIDB, data_folder, load
from ci_stat.context import Context
from ci_stat.demo import DEMO_BEGIN, generate_rows, log_text, stories_from
from ci_stat.errors import WriteError
from ci_stat.escape import visible
from ci_stat.issues.views.plan import plan_screen
from ci_stat.records import RunFilter, RunRow, Status
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.feishu.forms import on_card
from ci_stat.rendering.terminal import screen
from ci_stat.reports.document import report_document
from ci_stat.reports.windows import HOURLY
from ci_stat.runs.progress_bar import counting, loading, show_progress
from ci_stat.runs.views import tables
from ci_stat.store.ci_data.write import prepare, write_rows

_MARKER = ".ci_stat_demo"  # only a folder that contains this file is emptied
_OURS = ("ci.sqlite", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "jenkins", FILE_NAME)
_BATCH = 1_000
_REASONS = 4  # cases that the demo prints for each reason to file nothing


@dataclass(frozen=True)
class Demo:
    """A demo on disk, and the context that opens it."""

    folder: Path
    context: Context
    begin: datetime
    end: datetime
    rows: int
    logs: int


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
    # Its own settings, not the effective ones: the demo must not touch other databases.
    context = Context(load({PATH_VARIABLE: str(folder)}))
    engine = context.source.engine_for_writing()
    prepare(engine)
    stored_rows = written_logs = 0
    with counting("Building the demo", rows_per_day * days, "runs") as progress:
        for batch in _batches(rows):
            write_rows(engine, batch)
            if logs:
                written_logs += sum(_write_log(folder / "jenkins", row, seed) for row in batch)
            stored_rows += len(batch)
            progress(len(batch))
    end = DEMO_BEGIN + timedelta(days=days)
    return Demo(folder, context, DEMO_BEGIN, end, stored_rows, written_logs)


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
        "log_dir": str(folder / "jenkins"),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def show(demo: Demo, color: bool) -> None:
    """Print counts, tables, a card, a plan for issues, and the commands to try next."""
    with demo.context as context:
        _show_data(demo, context, color)
        _show_card(demo, context, color)
        _show_issues(demo, context, color)
    click.echo(_next_steps(demo))


def _show_data(demo: Demo, context: Context, color: bool) -> None:
    source = context.source
    filter = RunFilter(source.window(demo.begin, demo.end))
    _print(tables.summary(*source.count_window(filter)), color)
    _print(tables.jobs(*source.count_jobs(filter), limit=8), color)
    _print(tables.prs(*source.count_prs(filter, 8)), color)

    failed_runs = replace(filter, statuses=(Status.FAILURE.value,))
    with loading("Reading failed runs") as (progress, log_progress):
        result = source.load(failed_runs, progress, log_progress=log_progress)
    _print(tables.failures(result, 12), color)


def _print(table: RenderableType, color: bool) -> None:
    screen.show(table, sys.stdout, color)
    click.echo()


def _print_heading(text: str, color: bool) -> None:
    click.echo(click.style(text, bold=color))
    click.echo()


def _show_card(demo: Demo, context: Context, color: bool) -> None:
    """Print the hourly card of the outage's first hour, or of the last hour of shorter data."""
    begin = stories_from(demo.begin).outage[0]
    if begin >= demo.end:
        begin = demo.end - timedelta(hours=1)
    window = context.source.window(begin, begin + timedelta(hours=1))
    now = window.end + timedelta(minutes=7)
    with show_progress() as watched:
        report = context.reporter(now, watched).report(HOURLY, RunFilter(window))
    _print_heading(
        "The hourly card for Feishu, mail or Slack (ci-stat report hourly --preview):", color
    )
    card = on_card(report_document(report)).document
    screen.show(on_terminal(card), sys.stdout, color)


def _show_issues(demo: Demo, context: Context, color: bool) -> None:
    """Print a plan for the nightly failures of the first whole day of the regression."""
    day = timedelta(days=1)
    regression = stories_from(demo.begin).regression[0].replace(hour=0, minute=0)
    begin = min(regression + day, demo.end - day)
    window = context.source.window(begin, begin + day)
    now = window.end + timedelta(hours=8)
    jobs = context.settings.issues.jobs
    with show_progress() as watched:
        made = context.filer(lambda: now, watched).plan(window, jobs)
    _print_heading("A plan for the issues of one night (ci-stat issues plan):", color)
    zone = context.source.origin.zone
    screen.show(plan_screen(made.plan, None, zone, _REASONS), sys.stdout, color)


def _next_steps(demo: Demo) -> str:
    folder = _folder_for_shell(demo.folder)
    example = f"{folder}/jenkins/jobs/tidb-unit-test-nightly/builds/*/log"
    return f"""
Generated {demo.rows:,} runs and {demo.logs:,} logs in {folder}. Commands to try next:

{_activation(Path(sys.argv[0]))}  export {PATH_VARIABLE}={folder}
  ci-stat failures --since 2w --end latest             failures, their messages and broken runs
  ci-stat explain {example}
                                                       why did this build fail?
  ci-stat jobs --since 24h --end latest                the last day, job by job
  ci-stat prs --since 7d --end latest --json           pull requests, for other programs
  ci-stat report hourly --now 2021-06-16T15:07 --preview-html card.html
                                                       the card above, as a web page
  ci-stat issues plan --begin 2021-06-09 --drafts      the plan above, with the issues' texts
  ci-stat issues replay --since 2w --end latest        what the rules would have filed
  python3 examples/fetch.py > log.ans                  everything about a window, for an editor
  ci-stat config                                       the effective settings, and their sources

For your own sync_ci_data: cp env.example.json env.json, fill it in, export {PATH_VARIABLE}=$PWD,
then run ci-stat config --check."""


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
    return f"  source {os.path.relpath(command.parent)}/activate\n"
