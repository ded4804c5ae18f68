"""Who we are and where, branches and files: each call against the strict stand-in."""

import subprocess
from pathlib import Path

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.errors import SourceError
from ci_stat.records.forge import NewFile
from tests.connectors.github.forge import REPO
from tests.connectors.github.forge.steps import (
    FAILED,
    FORK,
    PROBE,
    SENT,
    WHEN,
    commit,
    head_of,
    opened,
)
from tests.support.github.code import Code


def test_who_we_are(code: Code, forge: GitHubForge) -> None:
    assert forge.viewer() == "ci-bot"
    assert forge.scopes() is None
    code.github.scopes = ("repo", "read:org")
    assert forge.scopes() == ("repo", "read:org")
    code.github.scopes = ()
    assert forge.scopes() == ()


def test_an_app_has_no_login(code: Code, forge: GitHubForge) -> None:
    code.github.is_app = True
    assert forge.viewer() == ""


def test_a_repository_and_its_fork(code: Code, forge: GitHubForge) -> None:
    code.forks.add(FORK)
    base, fork = forge.repository(REPO), forge.repository(FORK)
    assert (base.full_name, base.default_branch, base.parent) == (REPO, "master", "")
    assert base.can_push
    assert not base.is_archived
    assert (fork.parent, fork.can_push) == (REPO, True)
    code.github.may_push, code.archived = False, True
    assert not forge.repository(REPO).can_push
    assert forge.repository(REPO).is_archived
    with pytest.raises(SourceError, match="has no repository pingcap"):
        forge.repository("pingcap/nothing")


def test_members_and_collaborators(code: Code, forge: GitHubForge) -> None:
    code.collaborators.add("a-friend")
    assert forge.is_member("ci-bot") is True
    assert forge.is_member("a-friend") is False
    assert forge.is_collaborator("a-friend") is True
    assert forge.is_collaborator("stranger") is False
    code.github.may_push = False
    assert forge.is_collaborator("a-friend") is None, "the token may not ask"


def test_branches(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge)
    assert forge.branch_head(REPO, PROBE) is None
    assert forge.create_branch(PROBE, sha).state is SENT
    assert forge.branch_head(REPO, PROBE) == sha
    assert forge.branches(REPO, "ci-stat/campaign/") == {PROBE: sha}
    assert forge.branches(REPO, "nothing/") == {}

    again = forge.create_branch(PROBE, sha)
    assert (again.state, again.code) == (FAILED, 422)
    assert "Reference already exists" in again.reason

    assert forge.delete_branch(PROBE).state is SENT
    assert forge.delete_branch(PROBE).state is SENT, "it is gone already"
    assert set(forge.branches(REPO, "")) == {"master"}


def test_more_branches_than_a_page(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for number in range(105):
        code.store.create_ref("pingcap", f"refs/heads/many/{number}", sha)
    assert len(forge.branches(REPO, "many/")) == 105


def test_equal_commits_are_one_commit(code: Code, forge: GitHubForge) -> None:
    first, second = commit(forge), commit(forge)
    assert first == second
    assert commit(forge, content="two\n") != first
    shown = code.store.run("show", "--format=%an %cn %aI %cI%n%B", "--name-status", first)
    assert shown == (
        "ci_stat ci_stat 2026-01-05T09:00:00+00:00 2026-01-05T09:00:00+00:00\n"
        "measure\n\n\nA\tprobe.txt"
    )


def test_a_commit_on_an_unknown_base(code: Code, forge: GitHubForge) -> None:
    with pytest.raises(SourceError, match="not found"):
        forge.create_commit("0" * 40, [NewFile("a", "b")], "m", WHEN)


@pytest.mark.parametrize("text", ["plain\n", "", "no end", "\u4f60\u597d \U0001f600\n", "a\r\nb\0"])
def test_a_file(code: Code, forge: GitHubForge, text: str) -> None:
    sha = commit(forge, "a folder/\u00fc #1?.txt", text)
    assert forge.file(REPO, "a folder/\u00fc #1?.txt", sha) == text
    assert forge.file(REPO, "missing", sha) is None


def test_what_is_no_text_file(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge, "folder/big.txt", "x" * 1_000_001)
    with pytest.raises(SourceError):
        forge.file(REPO, "folder", sha)
    with pytest.raises(SourceError, match="over 1 MB"):
        forge.file(REPO, "folder/big.txt", sha)


def test_the_same_code_is_served_by_git(code: Code, forge: GitHubForge, tmp_path: Path) -> None:
    number = opened(forge)

    def git(*arguments: str) -> str:
        environment = code.store.environment({"NO_PROXY": "127.0.0.1"})
        person = ["-c", "user.name=Me", "-c", "user.email=me@example.com"]
        done = subprocess.run(
            ["git", *person, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    git("clone", "-q", f"{code.github.url}/{REPO}.git", "clone", "-b", PROBE)
    assert git("-C", "clone", "rev-parse", "HEAD") == forge.branch_head(REPO, PROBE)
    git("-C", "clone", "commit", "-q", "--allow-empty", "-m", "pushed by another")
    git("-C", "clone", "push", "-q", "origin", PROBE)
    pull = forge.pull(number)
    assert pull is not None
    assert pull.head_sha == git("-C", "clone", "rev-parse", "HEAD")
