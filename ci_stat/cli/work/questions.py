"""`ci-stat pr`, `job` and `run`: ask, and print the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ci_stat.cli.work import opening, output, windows
from ci_stat.errors import CannotTell
from ci_stat.escape import visible
from ci_stat.questions.reference import pull_reference, run_reference
from ci_stat.questions.service import Questions
from ci_stat.questions.views import data
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.result.answers.case_document import history_document
from ci_stat.result.answers.history_model import History
from ci_stat.result.answers.model import Verdict
from ci_stat.result.answers.pull_document import pull_document
from ci_stat.result.answers.run_document import run_document
from ci_stat.runs.database import Source
from ci_stat.runs.progress_bar import show_progress


def pr(
    pull: str, since: str, end: str, limit: int, no_logs: bool, as_json: bool, color: str
) -> None:
    wanted = pull_reference(pull)
    with _asking(no_logs) as (questions, source):
        answer = questions.pr(wanted, windows.parse_length(since), _end(end, source))
    output.print_either(
        data.pr_data(answer, limit), on_terminal(pull_document(answer, limit)), as_json, color
    )
    if answer.verdict == Verdict.UNKNOWN:
        raise CannotTell(
            f"It is unknown whether the failures of {visible(answer.repo)}#{answer.number} are its"
            " own.",
            "The answer says for each failure what is missing.",
        )


def job(
    name: str, since: str, end: str, limit: int, no_logs: bool, as_json: bool, color: str
) -> None:
    with _asking(no_logs) as (questions, source):
        history = questions.job(name, windows.parse_length(since), _end(end, source))
    _print_history(history, limit, as_json, color)


def run(job: str, number: str | None, limit: int, no_logs: bool, as_json: bool, color: str) -> None:
    wanted = run_reference(job, number)
    with _asking(no_logs) as (questions, _):
        answer = questions.run(wanted)
    document = on_terminal(run_document(answer, limit))
    output.print_either(data.run_answer_data(answer, limit), document, as_json, color)


def _print_history(history: History, limit: int, as_json: bool, color: str) -> None:
    document = on_terminal(history_document(history, limit))
    output.print_either(data.history_data(history, limit), document, as_json, color)


@contextmanager
def _asking(no_logs: bool) -> Iterator[tuple[Questions, Source]]:
    context = opening.opened()
    with show_progress() as progress, windows.within_calendar():
        yield context.questions(progress, read_logs=not no_logs), context.source


def _end(end: str, source: Source) -> datetime | None:
    """The end as the table stores times; None for the newest row."""
    if end == windows.LATEST:
        return None
    zone = source.origin.zone
    return windows.parse_time(end, "--end", zone).astimezone(zone).replace(tzinfo=None)
