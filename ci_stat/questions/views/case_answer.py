"""The answer about a case, from one source or both: as a document, and as data for JSON."""

from typing import Any

from ci_stat.questions.cases import CaseAnswer
from ci_stat.questions.views.data import history_data
from ci_stat.rendering.document import Document
from ci_stat.result.answers.case_document import history_document
from ci_stat.test_results.cases.joined import totals_of
from ci_stat.test_results.views.case_data import case_data, totals_data
from ci_stat.test_results.views.case_document import case_document


def answer_document(answer: CaseAnswer, limit: int) -> Document:
    """The document. `limit`: the most entries of each list."""
    if answer.results is not None:
        return case_document(answer.results, answer.facts, limit)
    assert answer.runs is not None  # one of both is known
    return history_document(answer.runs, limit)


def answer_data(answer: CaseAnswer, limit: int) -> dict[str, Any]:
    """The data. With test results, rate, days, jobs and branches are those of both together.

    `runs_and_logs` and `test_results` are what each source says alone; null without it.
    """
    results, runs = answer.results, answer.runs
    if results is None:
        assert runs is not None  # one of both is known
        return history_data(runs, limit) | {"test_results": None}

    totals, facts = totals_of(results, runs), answer.facts
    command, where = facts.reproduce
    return {
        "case": results.name,
        "kind": "case",
        **totals_data(totals, limit),
        "failed_runs_in_both": totals.in_both,
        "failed_runs_without_results": len(totals.only_in_runs),
        "issue": facts.issue or None,
        "muted": facts.muted or None,
        "reproduce": command or None,
        "reproduce_in": where or None,
        "notes": list(facts.notes),
        "test_results": case_data(results, limit),
        "runs_and_logs": None if runs is None else history_data(runs, limit),
    }
