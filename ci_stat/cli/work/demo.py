"""The demo: made-up data on disk, and the reports a person would look at first."""

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

from ci_stat.cli.work import output
from ci_stat.config import FILE_NAME, PATH_VARIABLE, data_folder, load
from ci_stat.context import Context
from ci_stat.demo import DEMO_BEGIN, generate_rows, log_text, stories_from
from ci_stat.errors import WriteError
from ci_stat.escape import visible
from ci_stat.issues.setup import issue_jobs
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

_MARKER = ".ci_stat_demo"  # only a folder with it is ever emptied
_OURS = ("ci.sqlite", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "jenkins", FILE_NAME)
_BATCH = 1_000
_REASONS = 4  # lines that the demo shows of each reason for filing nothing


@dataclass(frozen=True)
class Built:
    """What was built, and the context that opens it."""

    folder: Path
    context: Context
    begin: datetime
    end: datetime
    rows: int
    logs: int


def demo(
    folder: Path | None, rows_per_day: int, days: int, seed: int, no_logs: bool, color: str
) -> None:
    """`ci-stat demo`: build the data, and show it."""
    built = build(folder, rows_per_day, days, seed, logs=not no_logs)
    show(built, output.colored(color))


def build(folder: Path | None, rows_per_day: int, days: int, seed: int, logs: bool = True) -> Built:
    """Make the data in `folder`. Killed midway, the next call starts afresh.

    Raises WriteError for a folder that holds anything else.
    """
    folder = (folder or data_folder() / "demo").absolute()
    if "?" in str(folder) or "#" in str(folder):
        raise WriteError(
            f"{folder} holds a ? or a #, which a database URL cannot.", "Name another folder."
        )
    _clear(folder)
    rows = generate_rows(rows_per_day=rows_per_day, days=days, seed=seed)
    _write_settings(folder)
    # The demo uses its own data, whatever the settings in force say.
    context = Context(load({PATH_VARIABLE: str(folder)}))
    engine = context.source.engine
    prepare(engine)
    stored = written = 0
    with counting("Building the demo", rows_per_day * days, "runs") as progress:
        for batch in _batches(rows):
            write_rows(engine, batch)
            written += (
                sum(_write_log(folder / "jenkins", row, seed) for row in batch) if logs else 0
            )
            stored += len(batch)
            progress(len(batch))
    end = DEMO_BEGIN + timedelta(days=days)
    return Built(folder, context, DEMO_BEGIN, end, stored, written)


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
                "Name a new or an empty folder.",
            )
        (folder / _MARKER).touch()
        for name in _OURS:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{folder} cannot be used: {error.strerror}.") from None


def _write_log(home: Path, row: RunRow, seed: int) -> bool:
    """The log of a failed run where Jenkins keeps it: jobs/NAME/builds/NUMBER/log."""
    text = log_text(row, seed) if row.status == Status.FAILURE else None
    if text is None:
        return False
    target = home / "jobs" / row.job / "builds" / str(row.job_id)
    target.mkdir(parents=True, exist_ok=True)
    (target / "log").write_bytes(text)
    return True


def _write_settings(folder: Path) -> None:
    settings = {
        "url": f"sqlite:///{folder / 'ci.sqlite'}",
        "state_url": f"sqlite:///{folder / 'state.sqlite'}",
        "log_dir": str(folder / "jenkins"),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def show(built: Built, color: bool) -> None:
    """Summary, worst jobs, worst pull requests, failures with the runs they broke, and what to type next."""
    with built.context as context:
        _show_data(built, context, color)
        _show_card(built, context, color)
        _show_issues(built, context, color)
    click.echo(_next_steps(built))


def _show_data(built: Built, context: Context, color: bool) -> None:
    source = context.source
    wanted = RunFilter(source.window(built.begin, built.end))
    screen.show(tables.summary(*source.count_window(wanted)), sys.stdout, color)
    click.echo()
    screen.show(tables.jobs(*source.count_jobs(wanted), limit=8), sys.stdout, color)
    click.echo()
    screen.show(tables.prs(*source.count_prs(wanted, 8)), sys.stdout, color)
    click.echo()
    with loading("Reading failed runs") as (progress, log_progress):
        failed = replace(wanted, statuses=(Status.FAILURE.value,))
        result = source.load(failed, progress, log_progress=log_progress)
    screen.show(tables.failures(result, 12), sys.stdout, color)
    click.echo()


def _show_card(built: Built, context: Context, color: bool) -> None:
    """The hourly card of the first hour of the planted outage, or of the last hour where it is not in the data."""
    begin = stories_from(built.begin).outage[0]
    if begin >= built.end:
        begin = built.end - timedelta(hours=1)
    window = context.source.window(begin, begin + timedelta(hours=1))
    now = window.end + timedelta(minutes=7)
    with show_progress() as watched:
        made = context.reporter(now, watched).report(HOURLY, RunFilter(window))
    click.echo(
        click.style(
            "The hourly card for Feishu, mail or Slack (ci-stat report hourly --preview):",
            bold=color,
        )
    )
    click.echo()
    card = on_card(report_document(made)).document
    screen.show(on_terminal(card), sys.stdout, color)


def _show_issues(built: Built, context: Context, color: bool) -> None:
    """What would be filed for the nightly failures of the first whole day of the planted regression."""
    begin = stories_from(built.begin).regression[0].replace(hour=0, minute=0) + timedelta(days=1)
    begin = min(begin, built.end - timedelta(days=1))
    window = context.source.window(begin, begin + timedelta(days=1))
    now = window.end + timedelta(hours=8)
    with show_progress() as watched:
        made = context.filer(lambda: now, watched).plan(window, issue_jobs(()))
    click.echo(
        click.style(
            "What would be filed for a night's failures, and why not (ci-stat issues plan):",
            bold=color,
        )
    )
    click.echo()
    zone = context.source.origin.zone
    screen.show(plan_screen(made.plan, None, zone, _REASONS), sys.stdout, color)


def _next_steps(built: Built) -> str:
    inside = built.folder.is_relative_to(Path.cwd())
    folder = (
        f"$PWD/{os.path.relpath(built.folder)}"
        if inside
        else visible(shlex.quote(str(built.folder)))
    )
    command, example = (
        Path(sys.argv[0]),
        f"{folder}/jenkins/jobs/tidb-unit-test-nightly/builds/*/log",
    )
    activate = (
        f"  source {os.path.relpath(command.parent)}/activate\n"
        if _in_local_environment(command)
        else ""
    )
    return f"""
The data is generated: {built.rows:,} runs and {built.logs:,} logs in {folder}. Commands to try next:

{activate}  export {PATH_VARIABLE}={folder}
  ci-stat failures --since 2w --end latest             failures, their messages, and the runs that they broke
  ci-stat explain {example}
                                                       why did this build fail?
  ci-stat jobs --since 24h --end latest                the last day, job by job
  ci-stat prs --since 7d --end latest --json           the same for other programs
  ci-stat report hourly --now 2021-06-16T15:07 --preview-html card.html
                                                       the card above, as a web page
  ci-stat issues plan --begin 2021-06-09 --drafts      the plan above, with the texts of the issues
  ci-stat issues replay --since 2w --end latest        what the rules would have filed, and the mistakes
  python3 examples/fetch.py > log.ans                  everything about a window, for an editor
  ci-stat config                                       the settings in force, and their sources

For your own sync_ci_data: cp env.example.json env.json, fill it in, export {PATH_VARIABLE}=$PWD,
then run ci-stat config --check."""


def _in_local_environment(command: Path) -> bool:
    """Whether this is a virtual environment below the current folder that is not activated."""
    inside = not command.is_absolute() or command.is_relative_to(Path.cwd())
    return inside and (command.parent / "activate").exists() and "VIRTUAL_ENV" not in os.environ
