"""GitHub Actions: workflow runs, their jobs and logs, and the pull requests of commits."""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode

from ci_stat.connectors.github.actions_schema import (
    PullRequest,
    Repository,
    WorkflowJob,
    WorkflowRun,
    job_of,
    pull_of,
    repository_of,
    run_of,
    valid,
    workflow_of,
)
from ci_stat.connectors.github.calls import Calls, call_error
from ci_stat.connectors.github.client import GitHubClient
from ci_stat.connectors.github.pagination import PER_PAGE, Pages
from ci_stat.connectors.github.rate_limits import Timing
from ci_stat.connectors.github.responses import (
    ACTIONS_REFUSALS,
    ANONYMOUS_REFUSALS,
    CallResult,
    CallState,
    Interpreter,
)
from ci_stat.connectors.github.schema import HINT, valid_schema
from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import TIMEOUT
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import SettingsError, SourceError


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of workflow runs.

    - `total`: runs of all pages. `next`: the target of the next page, "" for none.
    - `problems`: why runs are left out. `unchanged`: the page has the given ETag, and no runs here.
    """

    runs: list[WorkflowRun]
    next: str
    total: int
    etag: str
    problems: tuple[str, ...] = ()
    unchanged: bool = False


class Actions:
    """GitHub Actions at one GitHub. Nothing is connected before the first call.

    - `base_url`: of the REST API. `token`: "" for anonymous requests: 60 an hour, and no logs.
    - The others are as in `repository.GitHub`.

    Raises SettingsError for invalid arguments. It sends one request at a time, from any number of
    threads; logs are read beside them. All reads raise SourceError without a valid response.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
        between_reads: float = 0.25,
    ) -> None:
        address = parse_address(base_url, "github_url", "https://api.github.com")
        token = token.strip()
        if not re.fullmatch("[!-~]*", token):
            raise SettingsError("gh_token contains an invalid character.", "Copy it again.")
        self.name = f"{address.root}{address.path}"
        self.loopback, self.timeout, self.is_anonymous = address.loopback, timeout, not token
        self.mask = Mask(token)
        self._client = GitHubClient(address, token, self.mask, timeout)
        timing = Timing(clock, sleep, jitter, between_reads)
        refusals = ACTIONS_REFUSALS if token else ANONYMOUS_REFUSALS
        interpreter = Interpreter(self.mask, wall, refusals)
        self._calls = Calls(self._client, interpreter, timing)
        self._pages = Pages(self._calls, address)

    def __repr__(self) -> str:
        return f"<Actions at {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def repository(self, repo: str) -> Repository:
        """A repository by its name, in any case of letters."""
        value = self._calls.read(f"/repos/{repo}").value
        with valid_schema():
            return repository_of(value)

    def workflows(self, repo: str) -> list[tuple[str, str]]:
        """Name and file name of each workflow."""
        pages = self._pages.pages(f"/repos/{repo}/actions/workflows", {}, "workflows")
        items = [item for page in pages for item in page.items]
        return valid(items, workflow_of)[0]

    # Runs

    def runs_target(self, repo: str, created: str) -> str:
        """The first page of the runs that were created in a range `A..B`, newest first."""
        query = {"created": created, "per_page": str(PER_PAGE)}
        return f"/repos/{repo}/actions/runs?{urlencode(query)}"

    def run_page(self, target: str, etag: str = "") -> RunPage:
        """A page of runs. `target`: from `runs_target` or `RunPage.next`."""
        page = self._pages.page(target, of="workflow_runs", etag=etag)
        if page.unchanged:
            return RunPage([], "", 0, etag, unchanged=True)
        runs, problems = valid(page.items, run_of)
        total = len(runs) if page.total is None else page.total
        return RunPage(runs, page.next, total, page.etag, tuple(problems))

    def run(self, repo: str, number: int) -> WorkflowRun | None:
        """One run; None if it does not exist any more."""
        result = self._found(self._calls.get(f"/repos/{repo}/actions/runs/{number:d}"))
        if result is None:
            return None
        with valid_schema():
            return run_of(result)

    # Jobs

    def jobs(self, repo: str, run: int) -> tuple[list[WorkflowJob], list[str]]:
        """The jobs of all attempts of a run, and why jobs are left out."""
        return self._jobs(f"/repos/{repo}/actions/runs/{run:d}/jobs", {"filter": "all"})

    def attempt_jobs(
        self, repo: str, run: int, attempt: int
    ) -> tuple[list[WorkflowJob], list[str]]:
        """The jobs of one attempt, those that reappear from an earlier one included."""
        return self._jobs(f"/repos/{repo}/actions/runs/{run:d}/attempts/{attempt:d}/jobs", {})

    def _jobs(self, path: str, query: Mapping[str, str]) -> tuple[list[WorkflowJob], list[str]]:
        items: list[Any] = []
        total = 0
        for page in self._pages.pages(path, query, "jobs"):
            items += page.items
            total = page.total or 0
        if len(items) < total:
            problem = f"GitHub lists {len(items)} of the {total} jobs of a run."
            raise SourceError(problem, HINT)
        return valid(items, job_of)

    def log_address(self, repo: str, job: int) -> CallResult:
        """Where the log of a job is, in `headers`, for about a minute; or why there is none."""
        return self._calls.location(f"/repos/{repo}/actions/jobs/{job:d}/logs")

    def job(self, repo: str, number: int) -> WorkflowJob | None:
        """One job; None if it does not exist."""
        result = self._found(self._calls.get(f"/repos/{repo}/actions/jobs/{number:d}"))
        if result is None:
            return None
        with valid_schema():
            return job_of(result)

    # Pull requests. None, or nothing, also if the token may not read them.

    def pull(self, repo: str, number: int) -> PullRequest | None:
        """One pull request."""
        result = self._found(self._calls.get(f"/repos/{repo}/pulls/{number:d}"), 403)
        if result is None:
            return None
        with valid_schema():
            return pull_of(result)

    def pulls_of_commit(self, repo: str, sha: str) -> list[PullRequest]:
        """The open and the merged pull requests with a commit."""
        return self._pulls(f"/repos/{repo}/commits/{quote(sha, safe='')}/pulls", {})

    def pulls_from(self, repo: str, owner: str, branch: str) -> list[PullRequest]:
        """The pull requests from a branch of a fork, closed ones too, newest first."""
        return self._pulls(f"/repos/{repo}/pulls", {"state": "all", "head": f"{owner}:{branch}"})

    def _pulls(self, path: str, query: Mapping[str, str]) -> list[PullRequest]:
        """The first page is enough: few pull requests share a commit or a branch."""
        refused = (403, 409, 422)  # no permission, an empty repository, an unknown commit
        full_query = dict(query) | {"per_page": str(PER_PAGE)}
        value = self._found(self._calls.get(path, full_query), *refused)
        return valid(value, pull_of)[0] if isinstance(value, list) else []

    def _found(self, result: CallResult, *missing: int) -> Any:
        """The value of a result; None for 404, 410 and the statuses `missing`."""
        if result.state is CallState.REFUSED and result.code in (404, 410, *missing):
            return None
        if result.state is not CallState.DONE:
            raise call_error(result)
        return result.value
