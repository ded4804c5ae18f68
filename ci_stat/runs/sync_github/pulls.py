"""Which pull request a workflow run belongs to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.actions_schema import PullRequest, Repository, WorkflowRun

PULL_EVENTS = (
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
)
# The branch that a merge queue tests: it names the pull request.
_QUEUE = re.compile(r"gh-readonly-queue/(.+)/pr-([1-9][0-9]{0,17})-[0-9a-f]{7,64}")

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class PullFinder:
    """Finds the pull requests of one repository's runs. Each is requested once.

    GitHub lists with a run only open pull requests from branches of the repository itself. Closed
    ones, and those from forks, are found by the commit or by the branch.
    """

    actions: Actions
    repository: Repository
    by_number: dict[int, PullRequest | None] = field(default_factory=dict)
    by_head: dict[tuple[str, str, str], PullRequest | None] = field(default_factory=dict)

    def find(self, run: WorkflowRun) -> PullRequest | None:
        """The pull request of a run; None for other runs, and if it is unknown.

        Raises SourceError.
        """
        queued = _QUEUE.fullmatch(run.branch)
        if queued is not None:
            return self._numbered(int(queued[2]), queued[1])
        listed = self._listed(run)
        if listed is not None:
            return self._numbered(*listed)
        return self._by_head(run) if run.event in PULL_EVENTS else None

    def _listed(self, run: WorkflowRun) -> tuple[int, str] | None:
        """Number and base of the pull request that the run's commit or branch belongs to.

        A run on the default branch belongs to none, although it may be merged into other branches.
        """
        if run.branch == self.repository.default_branch and run.event not in PULL_EVENTS:
            return None
        own = [pull for pull in run.pulls if pull.base_repo == self.repository.id]
        own.sort(key=lambda pull: (pull.sha != run.sha, pull.head != run.branch, -pull.number))
        # A branch of the same name in a fork is another one.
        from_here = run.head_owner.lower() == self.repository.name.partition("/")[0].lower()
        same = [
            pull for pull in own if run.sha == pull.sha or (from_here and run.branch == pull.head)
        ]
        return (same[0].number, same[0].base) if same else None

    def _numbered(self, number: int, base: str) -> PullRequest:
        """A pull request by its number; without title and author if it cannot be read."""
        if number not in self.by_number:
            self.by_number[number] = self.actions.pull(self.repository.name, number)
        pull = self.by_number[number]
        return pull or _unknown(self.repository, number, base)

    def _by_head(self, run: WorkflowRun) -> PullRequest | None:
        key = (run.sha, run.head_owner, run.branch)
        if key not in self.by_head:
            self.by_head[key] = self._searched(run)
        return self.by_head[key]

    def _searched(self, run: WorkflowRun) -> PullRequest | None:
        name = self.repository.name
        pulls = self.actions.pulls_of_commit(name, run.sha) if run.sha else []
        pull = self._best(run, pulls)
        if pull is None and run.head_owner and run.branch:
            pull = self._best(run, self.actions.pulls_from(name, run.head_owner, run.branch))
        if pull is not None:
            self.by_number[pull.number] = pull
        return pull

    def _best(self, run: WorkflowRun, pulls: Iterable[PullRequest]) -> PullRequest | None:
        """The one at this commit, else the newest that existed when the run was created."""
        own = [pull for pull in pulls if pull.repo.lower() == self.repository.name.lower()]
        at_commit = [pull for pull in own if pull.sha == run.sha]
        if at_commit:
            return at_commit[0]
        earlier = [pull for pull in own if pull.created_at <= run.created_at]
        return max(earlier, key=lambda pull: pull.created_at, default=None)


def _unknown(repository: Repository, number: int, base: str) -> PullRequest:
    url = f"{repository.url}/pull/{number}" if repository.url else ""
    return PullRequest(number, "", "", url, base, repository.name, "", _LONG_AGO)
