"""`ci-stat pr`: ask, and print the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ci_stat.cli.work import opening, output, windows
from ci_stat.questions.reference import pull_reference
from ci_stat.questions.service import Questions
from ci_stat.questions.views import data
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.result.answers.pull_document import pull_document
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


@contextmanager
def _asking(no_logs: bool) -> Iterator[tuple[Questions, Source]]:
    context = opening.opened()
    with show_progress() as progress:
        yield context.questions(progress, read_logs=not no_logs), context.source


def _end(end: str, source: Source) -> datetime | None:
    """The end as the table stores times; None for the newest row."""
    if end == windows.LATEST:
        return None
    zone = source.origin.zone
    return windows.parse_time(end, "--end", zone).astimezone(zone).replace(tzinfo=None)
