"""Builds of pull requests in multibranch projects, as rows of pull requests. Pure.

A multibranch project builds pull request 12 in the job `project/PR-12`. The environment of such a
build has CHANGE_ID, CHANGE_URL and others; where a pipeline declares them as parameters, Jenkins
tells them. The repository is the one of CHANGE_URL, else of the build's checkout.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ci_stat.connectors.jenkins.builds import Build
from ci_stat.records import pull_number

# A pull request's parameter in the words of multibranch projects, and of the original writer.
CHANGE_PARAMETERS = {
    "CHANGE_ID": "ghprbPullId",
    "CHANGE_TITLE": "ghprbPullTitle",
    "CHANGE_AUTHOR": "ghprbPullAuthorLogin",
    "CHANGE_URL": "ghprbPullLink",
    "CHANGE_TARGET": "ghprbTargetBranch",
}
_JOB = re.compile(r"(?:PR|MR)-(\d{1,18})(?:-head|-merge)?")
_PULL_PATH = re.compile(r"/(.+?)(?:/-)?/(?:pull|pulls|pull-requests|merge_requests)/\d+/?")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:(?!//)(.+)")


def with_pull_request(job: str, build: Build) -> Mapping[str, str]:
    """The build's parameters, and those of its pull request in the writer's words.

    Parameters that are there stay. Without a repository there is no pull request: both identify it.
    """
    given = build.parameters
    number = given.get("CHANGE_ID") or _number_in(job)
    if not pull_number(number) or given.get("ghprbPullId"):
        return given
    checkout = _checkout(job, build)
    repo = _repo_of_page(given.get("CHANGE_URL", "")) or _repo_of_clone(checkout[0])
    if not repo:
        return given
    known = {name: given[change] for change, name in CHANGE_PARAMETERS.items() if given.get(change)}
    known |= {"ghprbPullId": number, "ghprbGhRepository": repo}
    if checkout[1]:
        known["ghprbActualCommit"] = checkout[1]
    return {**known, **{name: value for name, value in given.items() if value}}


def _number_in(job: str) -> str:
    """12 of `project/PR-12`; "" for a job that is in no project."""
    project, _, name = job.rpartition("/")
    match = _JOB.fullmatch(name) if project else None
    return match[1] if match else ""


def _checkout(job: str, build: Build) -> tuple[str, str]:
    """The address and commit of the project's repository; a pipeline also checks out libraries."""
    project = job.split("/")[-2].lower() if "/" in job else ""
    own = [one for one in build.checkouts if _repo_of_clone(one[0]).lower().endswith(f"/{project}")]
    return next(iter([*own, *build.checkouts]), ("", ""))


def _repo_of_page(url: str) -> str:
    """`owner/name` of a pull request's page."""
    match = _PULL_PATH.fullmatch(_path(url))
    return match[1] if match else ""


def _repo_of_clone(url: str) -> str:
    """`owner/name` of an address from which Git clones."""
    scp = _SCP.fullmatch(url)
    path = scp[1] if scp else _path(url)
    return path.strip("/").removesuffix(".git")


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.path if parts.hostname else ""
