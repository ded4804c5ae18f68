"""Test results as HTML for a notebook. Their values import it when a notebook shows them."""

from collections.abc import Sequence
from datetime import datetime

from ci_stat.result.answers.notebook import notebook_html
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.cases.model import CaseHistory
from ci_stat.test_results.comparing.model import Comparison
from ci_stat.test_results.model import NOTEBOOK_ROWS, RunReport
from ci_stat.test_results.views.case_document import case_document
from ci_stat.test_results.views.compare_document import compare_document
from ci_stat.test_results.views.document import run_document
from ci_stat.test_results.views.runs_document import runs_document


def run_html(report: RunReport) -> str:
    """The tests of one run."""
    return notebook_html(run_document(report, NOTEBOOK_ROWS))


def case_html(history: CaseHistory) -> str:
    """The history of one test, with its chart."""
    return notebook_html(case_document(history, chart=True))


def comparison_html(comparison: Comparison) -> str:
    """The changes between two sides."""
    return notebook_html(compare_document(comparison))


def runs_html(runs: Sequence[StoredRun], begin: datetime, end: datetime) -> str:
    """The runs of a window."""
    return notebook_html(runs_document(runs, begin, end))
