"""A whole search: the commits of the range, what is known, the runs, and inside of a merge."""

from collections.abc import Sequence

import msgspec

from ci_stat.commit_tests.culprit.clues import Suspect, read_weights, suspects_by_clues
from ci_stat.commit_tests.culprit.decisions import Search
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.git_history import read_inside, read_range
from ci_stat.commit_tests.culprit.known import KnownAnswers, store_known
from ci_stat.commit_tests.culprit.ledger import Question, SearchFile
from ci_stat.commit_tests.culprit.model import Commit, CommitRange, Conclusion, Kind
from ci_stat.commit_tests.culprit.priors import prior_inside, prior_of
from ci_stat.commit_tests.culprit.service import Searcher
from ci_stat.commit_tests.repository.program import SafeGit

_SHOWN = 12  # characters of a SHA


class Finder:
    """Finds the culprit of a question, by first parent and then inside of a merge."""

    def __init__(
        self, git: SafeGit, file: SearchFile, searcher: Searcher, known: Sequence[KnownAnswers] = ()
    ) -> None:
        self._git = git
        self._file = file
        self._searcher = searcher
        self._known = known

    async def find(self) -> Conclusion:
        """Search, and store the conclusion. Raises UsageError, GitFailed, WriteError."""
        question = self._file.question
        commits = await read_range(self._git, question.good, question.bad)
        await store_known(self._file, self._known, (commits.base, *commits.suspects))
        search = outer_search(question, commits)
        conclusion = await self._searcher.search(search)
        conclusion = msgspec.structs.replace(conclusion, notes=commits.notes)
        if not question.rules.first_parent:
            conclusion = await self._with_inside(conclusion, search)
        self._file.conclude(conclusion)
        return conclusion

    async def _with_inside(
        self, conclusion: Conclusion, around: Search, searched: frozenset[str] = frozenset()
    ) -> Conclusion:
        """Go on inside of the merge that a search names. `searched`: merges around it."""
        merge = _merge_of(conclusion)
        if merge is None or merge.sha in searched:
            return conclusion
        inside = await read_inside(self._git, merge)
        if inside is None:
            note = f"The merge {merge.sha[:_SHOWN]} cannot be divided: it has no single branch."
            return msgspec.structs.replace(conclusion, notes=(*conclusion.notes, note))

        await store_known(self._file, self._known, (inside.base, *inside.suspects))
        search = self._inner_search(around, merge, inside)
        inner = await self._searcher.search(search)
        inner = await self._with_inside(inner, search, searched | {merge.sha})
        return msgspec.structs.replace(conclusion, inside=inner)

    def _inner_search(self, around: Search, merge: Commit, inside: CommitRange) -> Search:
        places = around.commits.places()
        evidence = Evidence.of(self._file.observations, places)
        suspects = suspects_of(self._file.question, inside)
        prior = prior_inside(suspects, around.rules, evidence, places[merge.sha], inside)
        return Search(inside, prior, around.rules, suspects)


def outer_search(question: Question, commits: CommitRange) -> Search:
    """The search by first parent."""
    suspects = suspects_of(question, commits)
    prior = prior_of(suspects, question.rules, question.history)
    return Search(commits, prior, question.rules, suspects)


def suspects_of(question: Question, commits: CommitRange) -> list[Suspect]:
    """How suspicious each commit of the range is by the clues of the question."""
    return suspects_by_clues(commits.suspects, question.clues, read_weights(question.weights))


def _merge_of(conclusion: Conclusion) -> Commit | None:
    """The one merge that a search names."""
    if conclusion.kind is not Kind.CULPRIT or len(conclusion.named) != 1:
        return None
    named = conclusion.named[0]
    return named if named.is_merge else None
