"""GitHub as the place of a campaign: branches, commits, pull requests, statuses, check runs.

It implements `ci_stat.campaigns.forge.Forge`. Commits are created as objects with a fixed author
and time, so that equal arguments give an equal commit however often they are sent.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ci_stat.connectors.github import forge_proofs
from ci_stat.connectors.github.calls import DELETED
from ci_stat.connectors.github.forge_proofs import Proof, forge_write
from ci_stat.connectors.github.forge_reads import ForgeReads
from ci_stat.connectors.github.schema import Fields, valid_schema
from ci_stat.connectors.github.write_outcome import checked
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite, NewFile

INVALID = 422
AUTHOR = {"name": "ci_stat", "email": "ci_stat@users.noreply.github.com"}


class GitHubForge(ForgeReads):
    """The base repository, and the one in which branches are created."""

    def before_writes(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """In the block, call `check` right before each write is sent, after all waits."""
        return self._calls.before_writes(check)

    def create_commit(
        self, base_sha: str, files: Sequence[NewFile], message: str, when: datetime
    ) -> ForgeWrite:
        """Create a commit object on `base_sha`, without a branch."""
        base = self._calls.read(f"{self._branches}/git/commits/{base_sha}").value
        with valid_schema():
            base_tree = Fields(Fields(base).get("tree")).text("sha")
        entries = [
            {"path": file.path, "mode": "100644", "type": "blob", "content": file.content}
            for file in files
        ]
        value = {"base_tree": base_tree, "tree": entries}
        tree = self._post(f"{self._branches}/git/trees", value, forge_proofs.tree_created)
        if tree.state is not DeliveryState.SENT:
            return tree
        author = AUTHOR | {"date": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        commit: dict[str, Any] = {"message": message, "tree": tree.sha, "parents": [base_sha]}
        commit |= {"author": author, "committer": author}
        proof = forge_proofs.commit_created(tree.sha, base_sha)
        return self._post(f"{self._branches}/git/commits", commit, proof)

    def create_branch(self, branch: str, sha: str) -> ForgeWrite:
        """Create a branch. FAILED with code 422 if it exists."""
        value = {"ref": f"refs/heads/{branch}", "sha": sha}
        proof = forge_proofs.branch_created(branch, sha)
        return self._post(f"{self._branches}/git/refs", value, proof)

    def create_pull(self, branch: str, base: str, title: str, body: str, draft: bool) -> ForgeWrite:
        """Open a pull request. FAILED with code 422 if the branch has an open one."""
        owner = self._owner_of_branches
        written = self._create_pull(branch, base, title, body, draft)
        # The repository may have moved to another owner with this call.
        is_misnamed = written.code == INVALID and owner != self._owner_of_branches
        return self._create_pull(branch, base, title, body, draft) if is_misnamed else written

    def _create_pull(
        self, branch: str, base: str, title: str, body: str, draft: bool
    ) -> ForgeWrite:
        value = {
            "title": checked(title),
            "head": f"{self._owner_of_branches}:{branch}",
            "base": base,
            "body": checked(body),
            "draft": draft,
            "maintainer_can_modify": False,
        }
        return self._post(f"{self._path}/pulls", value, forge_proofs.pull_created(branch, base))

    def add_labels(self, number: int, labels: Sequence[str]) -> ForgeWrite:
        """Add labels. It can be repeated."""
        path = f"{self._path}/issues/{number:d}/labels"
        proof = forge_proofs.labels_added(labels)
        return forge_write(self._calls.post(path, {"labels": list(labels)}), proof, 200)

    def create_comment(self, number: int, body: str) -> ForgeWrite:
        """Comment at a pull request."""
        path = f"{self._path}/issues/{number:d}/comments"
        result = self._calls.post(path, {"body": checked(body)})
        # The name may have changed with this call.
        return forge_write(result, forge_proofs.comment_created(self.name_of(self.repo), number))

    def close_pull(self, number: int) -> ForgeWrite:
        """Close a pull request. It can be repeated."""
        result = self._calls.patch(f"{self._path}/pulls/{number:d}", {"state": "closed"})
        return forge_write(result, forge_proofs.pull_closed(number), 200)

    def delete_branch(self, branch: str) -> ForgeWrite:
        """Delete a branch of ours. SENT too if it does not exist."""
        path = f"{self._branches}/git/refs/heads/{quote(branch)}"
        result = self._calls.delete(path, DELETED)
        return forge_proofs.branch_deleted(result)

    def _post(self, path: str, value: Mapping[str, Any], proof: Proof) -> ForgeWrite:
        return forge_write(self._calls.post(path, value), proof)
