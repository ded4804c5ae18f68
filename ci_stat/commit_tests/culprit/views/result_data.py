"""The result of a search as JSON data, with every run behind it."""

from typing import Any

import msgspec

from ci_stat.commit_tests.culprit.model import Conclusion
from ci_stat.commit_tests.culprit.report import SearchReport
from ci_stat.commit_tests.culprit.views.words import headline

VERSION = 1


def result_data(report: SearchReport) -> dict[str, Any]:
    """The data. Probabilities are shares; times are ISO 8601 in UTC."""
    question = report.question
    return {
        "version": VERSION,
        "search": report.name,
        "repository": question.repository,
        "good": question.good,
        "bad": question.bad,
        "command": msgspec.to_builtins(question.command),
        "case": question.case,
        "rules": msgspec.to_builtins(question.rules),
        "clues": [{"kind": str(clue.kind), "path": clue.path} for clue in question.clues],
        "history": msgspec.to_builtins(question.history),
        "headline": headline(report.conclusion),
        "conclusion": _conclusion(report.conclusion),
        "runs": msgspec.to_builtins(report.observations),
    }


def _conclusion(conclusion: Conclusion) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(conclusion)
    data["named"] = [commit.sha for commit in conclusion.named]
    data["is_confirmed"] = conclusion.is_confirmed
    data["inside"] = _conclusion(conclusion.inside) if conclusion.inside else None
    return data
