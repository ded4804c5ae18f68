"""GitHub as the place of a campaign: branches, commits, pull requests, statuses, check runs.

It implements `ci_stat.campaigns.forge.Forge`. Commits are created as objects with a fixed author
and time, so that equal arguments give an equal commit however often they are sent.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from ci_stat.connectors.github import forge_proofs, forge_schema
from ci_stat.connectors.github.calls import DELETED, call_error
from ci_stat.connectors.github.forge_proofs import Proof, forge_write
from ci_stat.connectors.github.pagination import PER_PAGE
from ci_stat.connectors.github.responses import (
    CAMPAIGN_REFUSALS,
    CallResult,
    CallState,
    Interpreter,
)
from ci_stat.connectors.github.schema import Fields, comment_of, valid_schema
from ci_stat.connectors.github.session import RepositorySession
from ci_stat.connectors.github.write_outcome import checked
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import NotFound, SourceError
from ci_stat.records import DeliveryState, IssueComment
from ci_stat.records.forge import CommitSignal, ForgeWrite, NewFile, PullState, RepositoryInfo

AUTHOR = {"name": "ci_stat", "email": "ci_stat@users.noreply.github.com"}
MISSING = (404, 410)
T = TypeVar("T")


class GitHubForge(RepositorySession):
    """The base repository, and the one in which branches are created."""

    def __init__(
        self, base_url: str, repo: str, token: str, *, fork: str = "", **timing: Any
    ) -> None:
        """`fork`: where branches are created; `repo` by default. The rest as `RepositorySession`.

        Raises SettingsError.
        """
        super().__init__(base_url, repo, token, **timing)
        self.fork = fork.strip() or self.repo
        self._branches = f"/repos/{self.fork}"
        self._known: dict[str, tuple[str, list[Any]]] = {}  # path -> ETag and items
        self._viewer: str | None = None

    def _interpreter(self, mask: Mask, wall: Callable[[], float]) -> Interpreter:
        return Interpreter(mask, wall, CAMPAIGN_REFUSALS)

    # Who we are, and where

    def viewer(self) -> str:
        """The login of the token's owner; "" for an App."""
        if self._viewer is None:
            self._viewer = super().viewer()
        return self._viewer

    def scopes(self) -> tuple[str, ...] | None:
        """The scopes of a classic token; None for another kind of token."""
        text = self._calls.read("/user").headers.get("x-oauth-scopes")
        if text is None:
            return None
        return tuple(scope.strip() for scope in text.split(",") if scope.strip())

    def repository(self, repo: str) -> RepositoryInfo:
        """A repository, by `owner/name`. Raises NotFound, which names it."""
        try:
            value = self._calls.read(f"/repos/{repo}").value
        except NotFound as error:
            words = f"GitHub has no repository {repo}, or the token may not see it."
            raise NotFound(words, error.hint) from None
        with valid_schema():
            return forge_schema.repository_of(value)

    def is_collaborator(self, login: str) -> bool | None:
        """Whether a login may push; None if the token may not ask."""
        return self._is_there(f"{self._path}/collaborators/{_part(login)}")

    def is_member(self, login: str) -> bool | None:
        """Whether a login is a member of the owner's organisation; None if unknown."""
        owner = self.repo.partition("/")[0]
        return self._is_there(f"/orgs/{_part(owner)}/members/{_part(login)}")

    def _is_there(self, path: str) -> bool | None:
        result = self._calls.existence(path)
        if result.state is CallState.DONE:
            return True
        return False if result.code in MISSING else None

    # Branches and files

    def branch_head(self, repo: str, branch: str) -> str | None:
        """The commit of a branch; None if it does not exist."""
        result = self._calls.get(f"/repos/{repo}/git/ref/heads/{quote(branch)}")
        return self._parsed_or_none(repo, result, forge_schema.ref_sha)

    def branches(self, repo: str, prefix: str) -> dict[str, str]:
        """The branches whose name begins with `prefix`, with their commits."""
        # GitHub lists them on one page.
        path = f"/repos/{repo}/git/matching-refs/heads/{quote(prefix)}"
        refs = self._calls.read(path).value
        with valid_schema():
            return forge_schema.branches_of(refs)

    def file(self, repo: str, path: str, ref: str) -> str | None:
        """The content of a text file at a commit; None if it does not exist."""
        result = self._calls.get(f"/repos/{repo}/contents/{quote(path)}", {"ref": ref})
        return self._parsed_or_none(repo, result, forge_schema.content_of)

    # Pull requests

    def pull(self, number: int) -> PullState | None:
        """A pull request of the base repository; None if it does not exist.

        An unchanged one costs nothing of GitHub's limit.
        """
        path = f"{self._path}/pulls/{number:d}"
        etag, known = self._known.get(path, ("", []))
        result = self._calls.get(path, etag=etag)
        if result.code == 304:
            return forge_schema.pull_of(known[0])
        pull = self._parsed_or_none(self.repo, result, forge_schema.pull_of)
        if result.headers.get("etag"):
            self._known[path] = (result.headers["etag"], [result.value])
        return pull

    def pulls_of(self, branch: str, state: str = "all") -> tuple[PullState, ...]:
        """The pull requests from a branch of ours."""
        owner = self.fork.partition("/")[0]
        pulls = self._pulls({"head": f"{owner}:{branch}", "state": state})
        # GitHub ignores an invalid `head`, and then lists all.
        return tuple(pull for pull in pulls if pull.head_branch == branch)

    def open_pulls(self, base: str) -> tuple[PullState, ...]:
        """The open pull requests against a base branch."""
        return self._pulls({"base": base, "state": "open"})

    def recent_pulls(self, base: str, limit: int) -> tuple[PullState, ...]:
        """The newest merged pull requests against a base branch."""
        query = {"base": base, "state": "closed", "sort": "updated", "direction": "desc"}
        page = self._pages.page(f"{self._path}/pulls", query | {"per_page": str(PER_PAGE)})
        with valid_schema():
            pulls = [forge_schema.pull_of(value) for value in page.items]
        merged = [pull for pull in pulls if pull.is_merged]
        return tuple(merged[:limit])

    def _pulls(self, query: Mapping[str, str]) -> tuple[PullState, ...]:
        values = self._pages.whole(f"{self._path}/pulls", query)
        with valid_schema():
            return tuple(forge_schema.pull_of(value) for value in values)

    def changed_files(self, number: int) -> tuple[str, ...]:
        """The paths that a pull request changes."""
        values = self._pages.whole(f"{self._path}/pulls/{number:d}/files", {})
        with valid_schema():
            return tuple(Fields(value).text("filename") for value in values)

    def comments(self, number: int) -> tuple[IssueComment, ...]:
        """All comments of a pull request, the oldest first."""
        values = self._pages.whole(f"{self._path}/issues/{number:d}/comments", {})
        with valid_schema():
            comments = [comment_of(value, self.repo, number) for value in values]
        return tuple({comment.id: comment for comment in comments}.values())

    def signals(self, sha: str) -> tuple[CommitSignal, ...]:
        """All statuses and check runs of a commit, the oldest first.

        An unchanged list costs nothing of GitHub's limit.
        """
        statuses = self._listed(f"{self._path}/commits/{sha}/statuses", {})
        checks = self._listed(
            f"{self._path}/commits/{sha}/check-runs", {"filter": "all"}, "check_runs"
        )
        with valid_schema():
            signals = [forge_schema.status_signal(value) for value in statuses]
            signals += [forge_schema.check_signal(value) for value in checks]
        # A status that is created between two pages moves the last one of a page to the next page.
        signals = list({(signal.kind, signal.id): signal for signal in signals}.values())
        return tuple(sorted(signals, key=lambda signal: (signal.updated, signal.id)))

    def _listed(self, path: str, query: Mapping[str, str], of: str = "") -> list[Any]:
        """The items of a list. If it had one page, which is unchanged, those that are known.

        Raises SourceError, also if a link to a next page is missing.
        """
        etag, known = self._known.get(path, ("", []))
        whole = dict(query) | {"per_page": str(PER_PAGE)}
        first = self._pages.page(path, whole, of, etag)
        if first.unchanged:
            return known
        items = first.items
        # A full page without a link may be cut: `whole` asks whether another follows.
        is_one_page = not first.next and len(items) < PER_PAGE
        if not is_one_page:
            items = self._pages.whole(path, query, of)
        if first.total is not None and len(items) < first.total:
            raise SourceError(
                f"GitHub listed {len(items)} of {first.total} check runs.", "Try again later."
            )
        if first.etag and is_one_page:
            self._known[path] = (first.etag, items)
        return items

    # Writes

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
        owner = self.fork.partition("/")[0]
        value = {
            "title": checked(title),
            "head": f"{owner}:{branch}",
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
        proof = forge_proofs.comment_created(self.repo, number)
        return self._post(path, {"body": checked(body)}, proof)

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

    def _parsed_or_none(self, repo: str, result: CallResult, parse: Callable[[Any], T]) -> T | None:
        """What a call of a repository found; None if there is nothing. Raises SourceError.

        GitHub says "not found" too when the token lost its access: then it raises NotFound.
        """
        if result.state is CallState.REFUSED and result.code in MISSING:
            self.repository(repo)
            return None
        if result.state is not CallState.DONE:
            raise call_error(result)
        with valid_schema():
            return parse(result.value)


def _part(name: str) -> str:
    return quote(name, safe="")
