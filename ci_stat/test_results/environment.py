"""What the environment of a CI says about the run: documented variables of each system."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from ci_stat.records.run_info import RunInfo

Environment = Mapping[str, str]
_MAX_EVENT = 16 * 2**20  # bytes of GitHub's event file
_LAST_NUMBER = re.compile(r"(\d{1,15})/?(?:merge|head)?/?$")
_SHARD = re.compile(r" \d{1,5}[/ :]\d{1,5}$")  # `rspec 3/8`: the shards of a job are one run
_REPO = re.compile(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def from_environment(variables: Environment) -> RunInfo | None:
    """Return the run that the variables describe; None outside of a CI that is known."""
    for is_here, read in _SYSTEMS:
        if is_here(variables):
            return read(variables)
    return None


def _github(variables: Environment) -> RunInfo:
    """https://docs.github.com/actions/reference/variables-reference"""
    get = variables.get
    repo, run_id = get("GITHUB_REPOSITORY", ""), get("GITHUB_RUN_ID", "")
    ref, event = get("GITHUB_REF", ""), github_event(get("GITHUB_EVENT_PATH", ""))
    server = get("GITHUB_SERVER_URL", "https://github.com")
    attempt = _number(get("GITHUB_RUN_ATTEMPT")) or 1
    is_pull = ref.startswith("refs/pull/")
    link = f"{server}/{repo}/actions/runs/{run_id}/attempts/{attempt}" if run_id else ""
    return RunInfo(
        job=" / ".join(filter(None, (get("GITHUB_WORKFLOW"), get("GITHUB_JOB")))),
        number=_number(run_id),
        attempt=attempt,
        repo=repo,
        # The commit of a pull request is that of its branch: GITHUB_SHA is a merge of both, which
        # changes with the target.
        commit=_head(event) or get("GITHUB_SHA", ""),
        branch=get("GITHUB_HEAD_REF") or get("GITHUB_REF_NAME", ""),
        pull=_last_number(ref) if is_pull else None,
        trigger=get("GITHUB_EVENT_NAME", ""),
        url=link,
    )


def github_event(path: str) -> dict[str, object]:
    """Return the event that started a workflow, from its file; {} without a valid one."""
    try:
        if not path or Path(path).stat().st_size > _MAX_EVENT:
            return {}
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _head(event: dict[str, object]) -> str:
    value: object = event
    for key in ("pull_request", "head", "sha"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _gitlab(variables: Environment) -> RunInfo:
    """https://docs.gitlab.com/ci/variables/predefined_variables/"""
    get = variables.get
    branch = get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or get("CI_COMMIT_REF_NAME", "")
    return RunInfo(
        job=_SHARD.sub("", get("CI_JOB_NAME", "")),
        number=_number(get("CI_PIPELINE_ID")),
        repo=get("CI_PROJECT_PATH", ""),
        commit=get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or get("CI_COMMIT_SHA", ""),
        branch=branch,
        pull=_number(get("CI_MERGE_REQUEST_IID")),
        trigger=get("CI_PIPELINE_SOURCE", ""),
        url=get("CI_JOB_URL", ""),
    )


def _jenkins(variables: Environment) -> RunInfo:
    """https://www.jenkins.io/doc/book/pipeline/jenkinsfile/ and its branch and ghprb plug-ins."""
    get = variables.get
    pull = _number(get("CHANGE_ID")) or _number(get("ghprbPullId"))
    branch = get("CHANGE_BRANCH") or get("ghprbSourceBranch") or get("BRANCH_NAME")
    return RunInfo(
        job=get("JOB_NAME", ""),
        number=_number(get("BUILD_NUMBER")),
        repo=get("ghprbGhRepository") or repo_of(get("GIT_URL", "")),
        commit=get("ghprbActualCommit") or get("GIT_COMMIT", ""),
        branch=branch or get("GIT_BRANCH", "").removeprefix("origin/"),
        pull=pull,
        trigger=get("BUILD_CAUSE", "") or ("pull_request" if pull else ""),
        url=get("BUILD_URL", ""),
    )


def _buildkite(variables: Environment) -> RunInfo:
    """https://buildkite.com/docs/pipelines/configure/environment-variables"""
    get = variables.get
    step = get("BUILDKITE_STEP_KEY") or get("BUILDKITE_LABEL", "")
    job_id, url = get("BUILDKITE_JOB_ID", ""), get("BUILDKITE_BUILD_URL", "")
    return RunInfo(
        job=" / ".join(filter(None, (get("BUILDKITE_PIPELINE_SLUG"), step))),
        number=_number(get("BUILDKITE_BUILD_NUMBER")),
        attempt=(_number(get("BUILDKITE_RETRY_COUNT")) or 0) + 1,
        repo=repo_of(get("BUILDKITE_REPO", "")),
        commit=get("BUILDKITE_COMMIT", ""),
        branch=get("BUILDKITE_BRANCH", ""),
        pull=_number(get("BUILDKITE_PULL_REQUEST")),  # "false" outside of one
        trigger=get("BUILDKITE_SOURCE", ""),
        url=f"{url}#{job_id}" if url and job_id else url,
    )


def _circleci(variables: Environment) -> RunInfo:
    """https://circleci.com/docs/reference/variables/"""
    get = variables.get
    pull = _number(get("CIRCLE_PR_NUMBER")) or _last_number(get("CIRCLE_PULL_REQUEST", ""))
    owner = get("CIRCLE_PROJECT_USERNAME", "")
    return RunInfo(
        job=get("CIRCLE_JOB", ""),
        number=_number(get("CIRCLE_BUILD_NUM")),
        repo="/".join(filter(None, (owner, get("CIRCLE_PROJECT_REPONAME")))),
        commit=get("CIRCLE_SHA1", ""),
        branch=get("CIRCLE_BRANCH") or get("CIRCLE_TAG", ""),
        pull=pull,
        trigger="pull_request" if pull else "",
        url=get("CIRCLE_BUILD_URL", ""),
    )


def _azure(variables: Environment) -> RunInfo:
    """https://learn.microsoft.com/azure/devops/pipelines/build/variables"""
    get = variables.get
    pull = _number(get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"))
    branch = get("SYSTEM_PULLREQUEST_SOURCEBRANCH") or get("BUILD_SOURCEBRANCH", "")
    build, project = get("BUILD_BUILDID", ""), quote(get("SYSTEM_TEAMPROJECT", ""))
    server = get("SYSTEM_COLLECTIONURI") or get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "")
    link = f"{server.rstrip('/')}/{project}/_build/results?buildId={build}" if server else ""
    return RunInfo(
        job=" / ".join(filter(None, (get("BUILD_DEFINITIONNAME"), get("SYSTEM_JOBNAME")))),
        number=_number(build),
        attempt=_number(get("SYSTEM_JOBATTEMPT")) or 1,
        repo=get("BUILD_REPOSITORY_NAME", ""),
        commit=get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or get("BUILD_SOURCEVERSION", ""),
        branch=branch.removeprefix("refs/heads/"),
        pull=pull or _number(get("SYSTEM_PULLREQUEST_PULLREQUESTID")),
        trigger=get("BUILD_REASON", ""),
        url=link,
    )


_SYSTEMS: tuple[tuple[Callable[[Environment], bool], Callable[[Environment], RunInfo]], ...] = (
    (lambda variables: variables.get("GITHUB_ACTIONS") == "true", _github),
    (lambda variables: variables.get("GITLAB_CI") == "true", _gitlab),
    (lambda variables: variables.get("BUILDKITE") == "true", _buildkite),
    (lambda variables: variables.get("CIRCLECI") == "true", _circleci),
    (lambda variables: variables.get("TF_BUILD", "").lower() == "true", _azure),
    (
        lambda variables: bool(variables.get("JENKINS_URL") and variables.get("BUILD_NUMBER")),
        _jenkins,
    ),
)


def workspace(variables: Environment) -> str:
    """Return the folder of the checkout, with which some producers begin the names of files."""
    names = (
        "GITHUB_WORKSPACE",
        "CI_PROJECT_DIR",
        "BUILDKITE_BUILD_CHECKOUT_PATH",
        "CIRCLE_WORKING_DIRECTORY",
        "BUILD_SOURCESDIRECTORY",
        "WORKSPACE",
    )
    return next((variables[name] for name in names if variables.get(name)), "")


def _number(text: str | None) -> int | None:
    is_number = bool(text) and str(text).isascii() and str(text).isdigit() and len(str(text)) < 16
    return int(str(text)) if is_number else None


def _last_number(text: str) -> int | None:
    """The number at the end of a ref or a URL of a pull request."""
    match = _LAST_NUMBER.search(text)
    return int(match[1]) if match else None


def repo_of(url: str) -> str:
    """Return `owner/name` of a clone URL."""
    match = _REPO.search(url)
    return match[1] if match else ""
