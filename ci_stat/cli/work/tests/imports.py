"""`ci-stat tests import`: store result files, and say what could be read."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.context import Context
from ci_stat.errors import CannotTell, SourceError, UsageError
from ci_stat.escape import visible
from ci_stat.formats.result_file import FORMATS
from ci_stat.records.case_results import ReadState
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.test_results.checkout import from_git
from ci_stat.test_results.entries import FileEntry, file_entries
from ci_stat.test_results.environment import from_environment, workspace
from ci_stat.test_results.inputs import find_inputs
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.model import ImportReport
from ci_stat.test_results.views import data
from ci_stat.test_results.views.words import counts_words, run_words, state_words

_NOT_PUSHED = "The results are in the local database; the next import pushes them."
_SHOWN = 20  # files that are named one by one


def import_(
    paths: Sequence[str], labels: Sequence[str], time: str | None, as_json: bool, **options: Any
) -> None:
    given = {name: value for name, value in options.items() if value is not None}
    if labels:
        given["labels"] = labels_of(labels)
    context = opening.opened()
    if time is not None:
        given["started"] = windows.parse_time(time, "--time", context.settings.ci_data.zone)

    known = from_environment(os.environ) or from_git(Path.cwd())
    run = msgspec.structs.replace(known, **given)
    if not run.job:
        raise UsageError("The environment does not name the job.", "Name it: --job NAME")
    with ExitStack() as files:
        inputs = list(find_inputs(paths, sys.stdin.buffer, files))
        entries = file_entries(inputs, run.labels)
        _print_guesses(entries)
        with counting("Importing", len(inputs)) as advance:
            service = context.test_results(has_history=False)
            reports = [
                service.import_files(
                    entry.inputs,
                    msgspec.structs.replace(run, labels=entry.labels),
                    workspace(os.environ),
                    advance,
                )
                for entry in entries
            ]

    for report in reports:
        _print_problems(report)
    if as_json:
        output.print_json(data.imports_data(reports))
    else:
        _print_reports(reports)
    _push(context)
    _require_whole(reports)


def _print_guesses(entries: Sequence[FileEntry]) -> None:
    """Say which files were taken for entries of a matrix because of what they contain."""
    guesses = [label_pairs(entry.labels) for entry in entries if entry.is_guess]
    if guesses:
        more = f" and {len(guesses) - _SHOWN:,} more" if len(guesses) > _SHOWN else ""
        words = f"{'; '.join(guesses[:_SHOWN])}{more}"
        click.echo(
            "ci-stat: some files have the same tests, also those that had passed, so they are"
            f" imported as entries of a matrix: {visible(words, 1_000)}. Name the entries with"
            " --label, or attempts with --attempt.",
            err=True,
        )


def _push(context: Context) -> None:
    """Push to the branch what it lacks, also from earlier imports. Raises SourceError."""
    history = context.results_setup.history
    if history is None:
        return
    try:
        pushed = history.push()
    except SourceError as error:
        raise SourceError(error.message, error.hint or _NOT_PUSHED) from None
    days = f", {plural(pushed.days, 'day')} packed" if pushed.days else ""
    uploads = plural(pushed.segments, "upload")
    click.echo(f"ci-stat: {uploads} pushed to the branch {history.branch}{days}.", err=True)


def _print_problems(report: ImportReport) -> None:
    for file in report.problems[:_SHOWN]:
        name, words = visible(file.name, 300), visible(state_words(file), 400)
        click.echo(f"ci-stat: {name}: {words}", err=True)
    more = len(report.problems) - _SHOWN
    if more > 0:
        click.echo(f"ci-stat: … and {plural(more, 'more file')} that are not whole", err=True)


def _print_reports(reports: Sequence[ImportReport]) -> None:
    files = [file for report in reports for file in report.files]
    known = sum(not file.is_new for file in files)
    again = f", {known:,} of them imported before" if known else ""
    left_out = sum(len(report.left_out) for report in reports)
    others = f"; {plural(left_out, 'other file')} left out" if left_out else ""
    count = sum(file.state is not ReadState.MISSING for file in files)
    click.echo(f"{plural(count, 'file') if count else 'No file'} read{again}{others}.")
    for report in reports:
        if report.counts.tests:
            name = visible(run_words(report.run), 300)
            click.echo(f"{name[:1].upper()}{name[1:]}: {counts_words(report.counts)}.")


def _require_whole(reports: Sequence[ImportReport]) -> None:
    """End with 12 if not all results are known."""
    problems = [file for report in reports for file in report.problems]
    if problems:
        number = plural(len(problems), "file")
        verb = "is" if len(problems) == 1 else "are"
        is_other = any(file.state is ReadState.NOT_RESULTS for file in problems)
        formats = f" Formats that can be imported: {FORMATS}." if is_other else ""
        raise CannotTell(
            f"{number} {verb} not whole, so it is unknown whether all tests passed.",
            f"The lines above say why. Import the whole files when they exist.{formats}",
        )
    if not any(report.files for report in reports):
        raise CannotTell("No file with test results.", "Check the paths.")
