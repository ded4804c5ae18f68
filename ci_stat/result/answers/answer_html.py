"""The answers as HTML for a notebook. Their values import it when a notebook shows them."""

from ci_stat.result.answers.case_document import history_document
from ci_stat.result.answers.history_model import History
from ci_stat.result.answers.model import PRAnswer
from ci_stat.result.answers.notebook import notebook_html
from ci_stat.result.answers.pull_document import pull_document


def history_html(history: History) -> str:
    """The history of a case or a job, with its chart."""
    return notebook_html(history_document(history, chart=True))


def pull_html(answer: PRAnswer) -> str:
    """The answer about a pull request."""
    return notebook_html(pull_document(answer))
