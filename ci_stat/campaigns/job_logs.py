"""Says why a job failed: the failures of its log, and what is known about each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import unquote, urlsplit

from ci_stat.campaigns.model import Failure, JobResult
from ci_stat.errors import CiStatError
from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Extraction, LogState

MOST = 50  # failures that are kept of one log
NO_FAILURE = "the log names none"  # a log state

_ACTIONS = re.compile(r"/([^/]+/[^/]+)/actions/runs/\d+/job/(\d+)")
_JENKINS = re.compile(r"((?:/job/[^/]+)+)/(\d+)(?:/.*)?")


@dataclass(frozen=True, slots=True)
class LogAddress:
    """A job's log. `repo`: `owner/name` for GitHub Actions, "" for Jenkins."""

    job: str
    number: int
    repo: str = ""


def log_address(url: str, jenkins_url: str) -> LogAddress | None:
    """Where the log of a result's link is; None if it is at no place that we can read.

    A Jenkins other than `jenkins_url` is not asked: it must not see our credentials.
    """
    path = unquote(urlsplit(url).path)
    actions = _ACTIONS.search(path)
    if actions:
        repo, number = actions.groups()
        return LogAddress("", int(number), repo)
    root = jenkins_url.rstrip("/")
    if not root or not url.startswith(f"{root}/"):
        return None
    below = _JENKINS.fullmatch(unquote(url.removeprefix(root).partition("?")[0]))
    if below is None:
        return None
    folders, number = below.groups()
    return LogAddress("/".join(folders.split("/job/")[1:]), int(number))


@dataclass(frozen=True)
class JobLogs:
    """Reads the logs of failed jobs.

    - `read_actions`: repository, job name and job id of GitHub Actions; `read_jenkins`: job and
      number, None if no Jenkins is set. `jenkins_url`: of that Jenkins.
    - `links`: issues by the name of a case. `flaky`: names of tests that are proven flaky.
    """

    read_actions: Callable[[str, str, int], Extraction]
    read_jenkins: Callable[[str, int], Extraction] | None
    jenkins_url: str
    links: Callable[[], Mapping[str, str]]
    flaky: Callable[[], frozenset[str]]

    def with_failures(self, job: JobResult) -> JobResult:
        """The job with the failures of its log; `log_state` says why there is none."""
        address = log_address(job.url, self.jenkins_url)
        if address is None:
            return replace(job, log_state="its link leads to no log that ci_stat can read")
        try:
            extraction = self._read(job.context, address)
        except CiStatError as error:
            return replace(job, log_state=error.message)
        if extraction.state != LogState.READ:
            return replace(job, log_state=extraction.detail or str(extraction.state))
        failures = tuple(self._judged(failure) for failure in extraction.failures[:MOST])
        return replace(job, failures=failures, log_state="" if failures else NO_FAILURE)

    def _read(self, context: str, address: LogAddress) -> Extraction:
        if address.repo:
            return self.read_actions(address.repo, context, address.number)
        if self.read_jenkins is None:
            return Extraction(LogState.MISSING, detail="no Jenkins is set")
        return self.read_jenkins(address.job, address.number)

    def _judged(self, failure: CaseFailure) -> Failure:
        name = case_key(failure.name)
        message = failure.message.strip().partition("\n")[0]
        url = self._links.get(name, "")
        if url:
            return Failure(name, message, "issue", url, failure.kind)
        known = "flaky" if name in self._flaky else "new"
        return Failure(name, message, known, kind=failure.kind)

    @cached_property
    def _links(self) -> Mapping[str, str]:
        return self.links()

    @cached_property
    def _flaky(self) -> frozenset[str]:
        return self.flaky()
