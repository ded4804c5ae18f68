"""What a campaign reads at GitHub: branches, files, pull requests, statuses, check runs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from ci_stat.connectors.github import forge_schema
from ci_stat.connectors.github.calls import call_error
from ci_stat.connectors.github.moved import FollowingCalls
from ci_stat.connectors.github.pagination import PER_PAGE
from ci_stat.connectors.github.rate_limits import Timing
from ci_stat.connectors.github.responses import (
    CAMPAIGN_REFUSALS,
    CallResult,
    CallState,
    Interpreter,
)
from ci_stat.connectors.github.schema import Fields, comment_of, valid_schema
from ci_stat.connectors.github.session import RepositorySession
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import NotFound, SourceError
from ci_stat.records import IssueComment
from ci_stat.records.forge import CommitSignal, PullState, RepositoryInfo

MISSING = (404, 410)
T = TypeVar("T")


class ForgeReads(RepositorySession):
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

    def _calls_with(self, interpreter: Interpreter, timing: Timing) -> FollowingCalls:
        self._following = FollowingCalls(self._client, interpreter, timing, self._address)
        return self._following

    def _interpreter(self, mask: Mask, wall: Callable[[], float]) -> Interpreter:
        return Interpreter(mask, wall, CAMPAIGN_REFUSALS)

    # Who we are, and where

    def name_of(self, repo: str) -> str:
        """The present name of a repository, as far as an answer has said so: it may have moved."""
        return self._following.name_of(repo)

    @property
    def _owner_of_branches(self) -> str:
        return self.name_of(self.fork).partition("/")[0]

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
        owner = self.name_of(self.repo).partition("/")[0]
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
        head = f"{self._owner_of_branches}:{branch}"
        pulls = self._pulls({"head": head, "state": state})
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
        repo = self.name_of(self.repo)
        with valid_schema():
            comments = [comment_of(value, repo, number) for value in values]
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
