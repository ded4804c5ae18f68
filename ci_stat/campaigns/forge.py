"""What a campaign needs of the place where its pull requests are opened.

`ci_stat.connectors.github.forge` is GitHub's; the demo has one of its own. Reads raise SourceError
without a valid answer. Writes return their outcome.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ci_stat.records import IssueComment
from ci_stat.records.forge import CommitSignal, ForgeWrite, NewFile, PullState, RepositoryInfo


class Forge(Protocol):
    """One base repository, and the repository in which branches are created."""

    def name_of(self, repo: str) -> str:
        """The present name of a repository, as far as an answer has said so: it may have moved."""

    def viewer(self) -> str:
        """The login of the token's owner; "" for an App."""

    def scopes(self) -> tuple[str, ...] | None:
        """The scopes of a classic token; None for another kind of token."""

    def repository(self, repo: str) -> RepositoryInfo:
        """A repository, by `owner/name`."""

    def is_collaborator(self, login: str) -> bool | None:
        """Whether a login may push to the base repository; None if the token may not ask."""

    def is_member(self, login: str) -> bool | None:
        """Whether a login is a member of the owner's organisation; None if unknown."""

    def branch_head(self, repo: str, branch: str) -> str | None:
        """The commit of a branch; None if it does not exist."""

    def branches(self, repo: str, prefix: str) -> dict[str, str]:
        """The branches whose name begins with `prefix`, with their commits."""

    def file(self, repo: str, path: str, ref: str) -> str | None:
        """The content of a text file at a commit; None if it does not exist."""

    def pull(self, number: int) -> PullState | None:
        """A pull request of the base repository; None if it does not exist."""

    def pulls_of(self, branch: str, state: str = "all") -> tuple[PullState, ...]:
        """The pull requests from a branch of ours (`Spec.branches_repo`)."""

    def open_pulls(self, base: str) -> tuple[PullState, ...]:
        """The open pull requests against a base branch, all pages."""

    def recent_pulls(self, base: str, limit: int) -> tuple[PullState, ...]:
        """The newest merged pull requests against a base branch."""

    def changed_files(self, number: int) -> tuple[str, ...]:
        """The paths that a pull request changes, all pages."""

    def comments(self, number: int) -> tuple[IssueComment, ...]:
        """All comments of a pull request, the oldest first."""

    def signals(self, sha: str) -> tuple[CommitSignal, ...]:
        """All statuses (with their history) and check runs of a commit, all pages, oldest first.

        Conditional requests make an unchanged answer free.
        """

    def before_writes(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """In the block, call `check` right before each write is sent, after all waits.

        If it raises, nothing is sent.
        """

    def create_commit(
        self, base_sha: str, files: Sequence[NewFile], message: str, when: datetime
    ) -> ForgeWrite:
        """Create a commit object on `base_sha`, without a branch.

        Equal arguments give an equal commit, so it can be repeated.
        """

    def create_branch(self, branch: str, sha: str) -> ForgeWrite:
        """Create a branch in the repository of branches. FAILED with code 422 if it exists."""

    def create_pull(self, branch: str, base: str, title: str, body: str, draft: bool) -> ForgeWrite:
        """Open a pull request. FAILED with code 422 if the branch has an open one."""

    def add_labels(self, number: int, labels: Sequence[str]) -> ForgeWrite:
        """Add labels to a pull request. It can be repeated."""

    def create_comment(self, number: int, body: str) -> ForgeWrite:
        """Comment at a pull request."""

    def close_pull(self, number: int) -> ForgeWrite:
        """Close a pull request. It can be repeated."""

    def delete_branch(self, branch: str) -> ForgeWrite:
        """Delete a branch of ours. SENT too if it does not exist."""
