"""The question about a case: what test results say, and what runs and their logs say, as one."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ci_stat.errors import CiStatError, UnknownName, UsageError
from ci_stat.escape import visible
from ci_stat.questions.knowledge import Knowledge
from ci_stat.questions.service import Questions
from ci_stat.records import CaseFailure, FailureKind
from ci_stat.result.answers.history_model import History
from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.cases.joined import CaseFacts
from ci_stat.test_results.cases.model import CaseHistory
from ci_stat.test_results.cases.names import dotted_name, typed_name
from ci_stat.test_results.cases.service import Cases

log = logging.getLogger(__name__)
Opened = TypeVar("Opened")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """What is known of a case. At least one of both is known.

    `results`: its test results. `runs`: its failures in runs and build logs. `facts`: the rest,
    with `runs`.
    """

    results: CaseHistory | None
    runs: History | None
    facts: CaseFacts


@dataclass(frozen=True)
class CaseQuestions:
    """Answers from the results database and from the CI database, as far as they exist.

    `questions`, `results`: open them; None for a database that does not exist.
    """

    questions: Callable[[], Questions | None]
    results: Callable[[], Cases | None]
    knowledge: Callable[[], Knowledge] = Knowledge

    def case(self, name: str, since: timedelta, end: datetime | None = None) -> CaseAnswer:
        """The history of a case. `end`: aware; by default the newest run of each database.

        A database that cannot be used is a note of the answer, if the other one knows the case.
        Raises UnknownName, UsageError if several cases have the name, DatabaseError.
        """
        results = _Asked(self.results)
        case = results.ask(lambda cases: cases.find(name))
        runs = _Asked(self.questions)
        names = _names(name, case, results.opened)
        history = runs.ask(lambda questions: _runs_of(questions, names, since, end))
        if case is None or results.opened is None:
            return self._without_results(name, since, end, history, results, runs)

        zone = history.source.window.zone if history else None
        stored = results.opened.history(case, since, end, zone)
        notes = [*_unusable("The CI database", runs.error), *_no_names(names, runs)]
        return CaseAnswer(stored, history, self._facts(stored, history, notes))

    def _without_results(
        self,
        name: str,
        since: timedelta,
        end: datetime | None,
        history: History | None,
        results: "_Asked[Cases]",
        runs: "_Asked[Questions]",
    ) -> CaseAnswer:
        if history is not None:
            notes = (*history.notes, *_unusable("The results database", results.error))
            return CaseAnswer(None, replace(history, notes=notes), CaseFacts())
        if (error := runs.error or results.error) is not None:
            raise error
        similar = results.opened.similar(name) if results.opened else []
        if runs.opened is not None:
            raise runs.opened.unknown_case(name, since, _naive(runs.opened, end), similar)
        if results.opened is not None:
            raise results.opened.unknown(name)
        raise UnknownName("Neither runs nor test results exist.", "Import some: ci-stat init")

    def _facts(
        self, results: CaseHistory, history: History | None, notes: Sequence[str]
    ) -> CaseFacts:
        if history is not None:
            return CaseFacts(
                history, history.issue, history.muted, history.reproduce, (*history.notes, *notes)
            )
        knowledge = self.knowledge()
        message = results.messages[0].message if results.messages else ""
        name = dotted_name(results.case)
        failure = CaseFailure(FailureKind.CASE.value, name, message, file=results.case.file)
        repo = next((run.run.info.repo for run in reversed(results.runs)), "")
        issue, muted, command = knowledge.of_case(results_names(results.case), failure, repo)
        return CaseFacts(None, issue, muted, command, tuple(notes))


def results_names(case: StoredCase) -> list[str]:
    """The names under which an issue or a mute may know the case."""
    return list(dict.fromkeys([dotted_name(case) + case.parameters, dotted_name(case)]))


class _Asked(Generic[Opened]):
    """A database that may not exist or not be usable. `opened`, `error`: None or the value."""

    def __init__(self, open_it: Callable[[], Opened | None]) -> None:
        self.opened: Opened | None = None
        self.error: CiStatError | None = None
        try:
            self.opened = open_it()
        except CiStatError as error:
            self.error = error

    def ask(self, question: Callable[[Opened], Answer | None]) -> Answer | None:
        """The answer; None if there is none. Raises UsageError, for what was asked is invalid."""
        if self.opened is None:
            return None
        try:
            return question(self.opened)
        except UsageError:
            raise
        except CiStatError as error:
            self.error = error
            return None


def _names(name: str, case: StoredCase | None, cases: Cases | None) -> list[str]:
    """How runs may name the case."""
    typed = [] if typed_name(name).is_key else [name]
    if case is None or cases is None:
        return typed
    typed = [one for one in typed if cases.is_its_own(one, case)]
    return list(dict.fromkeys([*typed, *cases.log_names(case)]))


def _runs_of(
    questions: Questions, names: Sequence[str], since: timedelta, end: datetime | None
) -> History | None:
    return questions.find_case(names, since, _naive(questions, end)) if names else None


def _naive(questions: Questions, end: datetime | None) -> datetime | None:
    """The time as the CI database stores times."""
    zone = questions.gatherer.source.origin.zone
    return end.astimezone(zone).replace(tzinfo=None) if end else None


def _unusable(database: str, error: CiStatError | None) -> list[str]:
    if error is None:
        return []
    reason = str(error).splitlines()[0]
    log.info("%s cannot be used: %s", database, visible(error))
    return [f"{database} cannot be used, so its runs are missing here: {visible(reason, 300)}"]


def _no_names(names: Sequence[str], runs: "_Asked[Questions]") -> list[str]:
    if names or runs.opened is None:
        return []
    return ["Other tests have the same name in logs, so runs and logs are not added."]
