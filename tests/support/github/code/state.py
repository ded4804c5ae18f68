"""The code of the stand-in: repositories, branches, pull requests, and listeners to changes."""

import atexit
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from tests.support.github.code.git import GitStore
from tests.support.github.records import Comment, Issue
from tests.support.github.state import GitHub

_PERSON = {
    "name": "Maintainer",
    "email": "maintainer@example.com",
    "date": "2026-01-05T08:00:00+0000",
}


class Listener(Protocol):
    """Who gets the events of the repository, as webhooks do."""

    def opened(self, number: int) -> None: ...

    def commented(self, number: int, comment: Comment) -> None: ...

    def pushed(self, number: int, before: str) -> None: ...

    def closed(self, number: int) -> None: ...


@dataclass
class PullRequest:
    """The code of a pull request; its words are an issue's. `compared`: base and head."""

    number: int
    head_repo: str
    branch: str
    sha: str
    base: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    compared: tuple[str, str] | None = None
    mergeable: bool | None = None


@dataclass
class Code:
    """`forks`: by `owner/name`. `renamed`: former names. `members`, `collaborators`: logins.

    - `hidden_members`: the token may not ask who is a member.
    - `hidden`: the token may not see the repositories any more.
    - `quiet`: pull requests of which `mergeable` is never computed.
    """

    github: GitHub
    store: GitStore
    forks: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    collaborators: set[str] = field(default_factory=set)
    archived: bool = False
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    quiet: set[int] = field(default_factory=set)
    hidden: bool = False

    def __post_init__(self) -> None:
        self.github.code = self
        self.github.listeners.append(self._commented)

    @property
    def repos(self) -> set[str]:
        return set() if self.hidden else {self.github.repo, *self.forks}

    @property
    def owner(self) -> str:
        return _owner(self.github.repo)

    def issue(self, number: int) -> Issue:
        return self.github.issues[number]

    def heads(self, repo: str) -> dict[str, str]:
        """The branches of a repository, without `refs/heads/`."""
        refs = self.store.refs(_owner(repo))
        begin = "refs/heads/"
        return {
            name.removeprefix(begin): sha for name, sha in refs.items() if name.startswith(begin)
        }

    def may_push(self, repo: str) -> bool:
        if repo == self.github.repo:
            return self.github.may_push
        return _owner(repo) == self.github.login

    # What people do

    def commit(self, files: dict[str, str], branch: str = "master", repo: str = "") -> str:
        """A person's commit on a branch, which is created if it is new."""
        with self.github.lock:
            owner = _owner(repo or self.github.repo)
            known = self.store.refs(owner).get(f"refs/heads/{branch}", "")
            base = f"{known}^{{tree}}" if known else ""
            tree = self.store.tree_of(files, base)
            parents = [known] if known else []
            sha = self.store.commit(tree, parents, "A change\n", _PERSON, _PERSON)
            self.store.move_ref(owner, f"refs/heads/{branch}", sha)
            self.follow_branches()
            return sha

    def rename(self, repo: str, new: str) -> None:
        """Rename or transfer a repository: requests by its former name are redirected."""
        with self.github.lock:
            for name, sha in self.store.refs(_owner(repo)).items():
                self.store.move_ref(_owner(new), name, sha)
            self.renamed[repo] = new
            self.forks = {new if fork == repo else fork for fork in self.forks}
            for pull in self.pulls.values():
                pull.head_repo = new if pull.head_repo == repo else pull.head_repo
            if self.github.repo != repo:
                return
            self.github.repo = new
            for issue in self.github.issues.values():
                issue.repo = new

    def close(self, number: int, by: str = "someone") -> None:
        """Close a pull request, and tell the listeners."""
        with self.github.lock:
            issue = self.issue(number)
            if issue.state == "open":
                issue.close(by, None, self.github.moment)
                for listener in self.listeners:
                    listener.closed(number)

    def follow_branches(self) -> None:
        """Bring open pull requests up to their branches: one whose branch is gone is closed."""
        heads = {repo: self.heads(repo) for repo in self.repos}
        for pull in list(self.pulls.values()):
            if self.issue(pull.number).state != "open":
                continue
            head = heads[pull.head_repo].get(pull.branch)
            if head is None:
                self.close(pull.number, self.github.login)
            elif head != pull.sha:
                before, pull.sha = pull.sha, head
                self.issue(pull.number).updated_at = self.github.moment
                for listener in self.listeners:
                    listener.pushed(pull.number, before)

    # What GitHub does

    def add_pull(self, pull: PullRequest) -> None:
        self.pulls[pull.number] = pull
        for listener in self.listeners:
            listener.opened(pull.number)

    def is_mergeable(self, pull: PullRequest) -> bool | None:
        """None at the first look after a change; the answer at the next."""
        base = self.heads(self.github.repo).get(pull.base, "")
        if pull.number in self.quiet or not base:
            return None
        if pull.compared != (base, pull.sha):
            pull.compared = (base, pull.sha)
            pull.mergeable = None
            return None
        if pull.mergeable is None:
            pull.mergeable = self.store.merges(base, pull.sha)
        return pull.mergeable

    def can_merge(self, pull: PullRequest) -> bool:
        """Whether it can be merged, computed now."""
        base = self.heads(self.github.repo)[pull.base]
        return self.store.merges(base, pull.sha)

    def _commented(self, comment: Comment) -> None:
        if comment.number in self.pulls:
            for listener in self.listeners:
                listener.commented(comment.number, comment)


def _owner(repo: str) -> str:
    return repo.partition("/")[0]


def code_of(github: GitHub) -> Code:
    """The code of a stand-in that has one."""
    assert isinstance(github.code, Code)
    return github.code


def with_code(github: GitHub, folder: Path) -> Code:
    """Give a stand-in code: a base branch `master` with a few files."""
    first, sha = _first()
    code = Code(github, first.copied(folder / "code.git"))
    code.members.add(github.login)
    code.store.move_ref(code.owner, "refs/heads/master", sha)
    return code


@cache
def _first() -> tuple[GitStore, str]:
    """The repository with which all stand-ins of this process begin, and its only commit."""
    folder = Path(mkdtemp(prefix="ci-stat-code-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = GitStore.created(folder / "code.git")
    files = {"README.md": "# TiCDC\n", "Makefile": "all:\n\tgo build\n"}
    return store, store.commit(store.tree_of(files), (), "A change\n", _PERSON, _PERSON)
