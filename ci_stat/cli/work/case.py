"""`ci-stat case`: ask runs and test results about a case, and print the answer."""

from ci_stat.cli.work import opening, output, windows
from ci_stat.questions.cases import CaseQuestions
from ci_stat.questions.views import case_answer
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.progress_bar import show_progress
from ci_stat.test_results.cases.service import Cases


def case(
    name: str, since: str, end: str, limit: int, no_logs: bool, as_json: bool, color: str
) -> None:
    context = opening.opened()
    results = context.existing_results
    # Without any database, the missing CI database is what the error is about.
    has_runs = context.has_ci_data or results is None
    zone = context.source.origin.zone if has_runs else context.settings.ci_data.zone
    last = None if end == windows.LATEST else windows.parse_time(end, "--end", zone)
    with show_progress() as progress, windows.within_calendar():
        questions = CaseQuestions(
            lambda: context.questions(progress, not no_logs) if has_runs else None,
            lambda: None if results is None else Cases(results),
            context.knowledge,
        )
        answer = questions.case(name, windows.parse_length(since), last)
    output.print_either(
        case_answer.answer_data(answer, limit),
        on_terminal(case_answer.answer_document(answer, limit)),
        as_json,
        color,
    )
