"""Searches in real git repositories: merges, what commits touch, and known answers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ci_stat.commit_tests.culprit.clues import clues_of_test
from ci_stat.commit_tests.culprit.finding import Finder
from ci_stat.commit_tests.culprit.git_history import read_inside, read_range
from ci_stat.commit_tests.culprit.known import KnownAnswer
from ci_stat.commit_tests.culprit.ledger import Question, SearchFile
from ci_stat.commit_tests.culprit.model import (
    Answer,
    Commit,
    Conclusion,
    Kind,
    Ran,
    Rules,
    Source,
)
from ci_stat.commit_tests.culprit.service import Searcher
from ci_stat.commit_tests.repository.program import SafeGit
from ci_stat.errors import UsageError
from tests.commit_tests.culprit.searching import NOW, QUICK, clock
from tests.commit_tests.isolation.repositories import commit, make_repository
from tests.support.git import git


class Project:
    """A repository with a line of commits and branches."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_repository(folder)
        self.first = commit(folder, {"a.txt": "0"}, "begin")

    @property
    def git(self) -> SafeGit:
        return SafeGit(self.folder / ".git")

    def change(self, name: str, text: str = "x") -> str:
        return commit(self.folder, {name: text}, f"change {name}")

    def branch(self, name: str, at: str) -> None:
        git(self.folder, "checkout", "--quiet", "-b", name, at)

    def merge(self, *branches: str) -> str:
        git(self.folder, "checkout", "--quiet", "main")
        git(self.folder, "merge", "--quiet", "--no-ff", "-m", f"merge {branches[0]}", *branches)
        return git(self.folder, "rev-parse", "HEAD")

    def fails_with(self, sha: str, path: str) -> bool:
        """Whether a commit has the file that breaks the test."""
        return bool(git(self.folder, "ls-tree", sha, path))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def find(
    project: Project,
    tmp_path: Path,
    broken_by: Sequence[str],
    good: str,
    known: Sequence["Known"] = (),
    rules: Rules = QUICK,
    question: Question | None = None,
) -> Conclusion:
    """Search in the project; a commit fails if it has all files of `broken_by`."""

    async def run(sha: str) -> Ran:
        failed = all(project.fails_with(sha, path) for path in broken_by)
        return Ran(Answer.FAILED if failed else Answer.PASSED, 1.0)

    asked = question or Question(
        repository=str(project.folder), good=good, bad="main", command="make test", rules=rules
    )
    file = SearchFile.create(tmp_path / "search.jsonl", asked)
    searcher = Searcher(file, run, clock(), lambda _: None)
    return asyncio.run(Finder(project.git, file, searcher, known).find())


def test_the_range_is_what_was_committed_or_merged(project: Project) -> None:
    project.branch("side", project.first)
    in_side = [project.change(f"side{number}") for number in range(3)]
    git(project.folder, "checkout", "--quiet", "main")
    on_main = [project.change("b\nnew line"), project.change("ü.txt")]
    merge = project.merge("side")
    empty = commit(project.folder, {}, "nothing")

    found = asyncio.run(read_range(project.git, project.first, "main"))
    assert found.base.sha == project.first
    assert [suspect.sha for suspect in found.suspects] == [*on_main, merge, empty]
    assert [suspect.paths for suspect in found.suspects] == [
        ("b\nnew line",),
        ("ü.txt",),
        ("side0", "side1", "side2"),
        (),
    ]
    assert [suspect.is_merge for suspect in found.suspects] == [False, False, True, False]
    assert found.suspects[2].subject == "merge side"

    inside = asyncio.run(read_inside(project.git, found.suspects[2]))
    assert inside is not None
    assert inside.base.sha == project.first
    assert [suspect.sha for suspect in inside.suspects] == [*in_side, merge]


def test_ranges_without_a_suspect_are_refused(project: Project) -> None:
    second = project.change("b")
    project.branch("other", project.first)
    other = project.change("c")
    for good, bad, message in (
        (second, project.first, "older than the good one"),
        (second, second, "the same"),
        (second, other, "no ancestor"),
        ("--upload-pack=x", second, "looks like an option"),
        (second, "nowhere", "no commit 'nowhere'"),
    ):
        with pytest.raises(UsageError, match=message):
            asyncio.run(read_range(project.git, good, bad))


def test_a_good_commit_on_a_merged_branch_begins_where_the_branch_did(project: Project) -> None:
    project.branch("side", project.first)
    good = project.change("side")
    git(project.folder, "checkout", "--quiet", "main")
    project.change("b")
    project.merge("side")
    found = asyncio.run(read_range(project.git, good, "main"))
    assert found.base.sha == project.first
    assert len(found.suspects) == 2
    assert "lies on a branch that was merged" in found.notes[0]


def test_the_culprit_inside_of_a_merge_is_found(project: Project, tmp_path: Path) -> None:
    good = project.change("m1")
    project.branch("side", project.first)
    in_side = [project.change(name) for name in ("s1", "s2", "bug", "s4")]
    git(project.folder, "checkout", "--quiet", "main")
    project.change("m2")
    merge = project.merge("side")
    for number in range(5):
        project.change(f"n{number}")

    result = find(project, tmp_path, ["bug"], good)
    assert [found.sha for found in result.named] == [merge]
    assert result.inside is not None
    assert result.innermost.kind is Kind.CULPRIT
    assert [found.sha for found in result.innermost.named] == [in_side[2]]


def test_a_merge_whose_sides_both_pass_is_the_culprit_itself(
    project: Project, tmp_path: Path
) -> None:
    project.branch("side", project.first)
    project.change("one")
    project.change("two")
    git(project.folder, "checkout", "--quiet", "main")
    project.change("other")
    merge = project.merge("side")
    result = find(project, tmp_path, ["one", "other"], project.first)
    assert [found.sha for found in result.innermost.named] == [merge]
    assert result.inside is not None
    assert result.inside.inside is None


def test_with_first_parent_only_the_merge_is_the_answer(project: Project, tmp_path: Path) -> None:
    project.branch("side", project.first)
    project.change("bug")
    merge = project.merge("side")
    project.change("later")
    rules = Rules(parallel=4, first_parent=True)
    result = find(project, tmp_path, ["bug"], project.first, rules=rules)
    assert [found.sha for found in result.named] == [merge]
    assert result.inside is None


def test_a_merge_of_three_is_not_divided(project: Project, tmp_path: Path) -> None:
    for name in ("one", "bug"):
        project.branch(f"branch-{name}", project.first)
        project.change(name)
    git(project.folder, "checkout", "--quiet", "main")
    project.change("m")
    merge = project.merge("branch-one", "branch-bug")
    result = find(project, tmp_path, ["bug"], project.first)
    assert [found.sha for found in result.named] == [merge]
    assert result.inside is None
    assert "cannot be divided" in result.notes[0]


class Known:
    """Answers that are known without a run."""

    source = Source.CI_DATA

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers

    async def answers(self, commits: Sequence[Commit]) -> list[KnownAnswer]:
        return [
            KnownAnswer(commit=entry.sha, answer=self._answers[entry.sha], at=NOW, reference="ci/1")
            for entry in commits
            if entry.sha in self._answers
        ]


def test_known_answers_are_used_before_anything_runs(project: Project, tmp_path: Path) -> None:
    shas = [project.change("bug" if number == 9 else f"n{number}") for number in range(30)]
    known = Known(
        {
            sha: Answer.FAILED if number >= 9 else Answer.PASSED
            for number, sha in enumerate(shas)
            if number % 3 == 0
        }
    )
    plain = find(project, tmp_path / "plain", ["bug"], project.first)
    informed = find(project, tmp_path / "informed", ["bug"], project.first, [known])
    assert informed.named[0].sha == plain.named[0].sha == shas[9]
    assert informed.runs < plain.runs
    stored = SearchFile.open(tmp_path / "informed" / "search.jsonl")
    assert sum(entry.source is Source.CI_DATA for entry in stored.observations) == 10


def test_clues_lead_to_the_culprit_sooner(project: Project, tmp_path: Path) -> None:
    for number in range(60):
        project.change("pay/bug.py" if number == 41 else f"n{number}")
    questions = [
        Question(
            repository=str(project.folder),
            good=project.first,
            bad="main",
            command="make test",
            clues=clues,
        )
        for clues in ((), tuple(clues_of_test(stack="pay/bug.py:3: error")))
    ]
    plain, informed = (
        find(
            project,
            tmp_path / str(number),
            ["pay/bug.py"],
            project.first,
            question=question,
        )
        for number, question in enumerate(questions)
    )
    assert informed.named[0].sha == plain.named[0].sha
    assert informed.runs < plain.runs
    priors = [entry.prior for entry in informed.suspicions]
    assert max(priors) == pytest.approx(8 * min(priors))
