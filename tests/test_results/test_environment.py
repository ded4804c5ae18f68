"""What each CI's variables say about a run. The values are those of its documentation."""

import json
import subprocess
from pathlib import Path

import pytest

from ci_stat.records.run_info import RunInfo
from ci_stat.test_results.checkout import from_git
from ci_stat.test_results.environment import from_environment, workspace

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKFLOW": "ci",
    "GITHUB_JOB": "unit",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_NUMBER": "3",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_REPOSITORY": "octocat/Hello-World",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": "ffac537e6cbbf934b08745a378932722df287a53",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_HEAD_REF": "",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_WORKSPACE": "/runner/checkouts/Hello-World/Hello-World",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_JOB_NAME": "rspec 3/8",
    "CI_JOB_ID": "50",
    "CI_PIPELINE_ID": "1000",
    "CI_PROJECT_PATH": "group/app",
    "CI_COMMIT_SHA": "1ecfd275763eff1d6b4844ea3168962458c9f27a",
    "CI_COMMIT_REF_NAME": "main",
    "CI_PIPELINE_SOURCE": "schedule",
    "CI_JOB_URL": "https://gitlab.example/group/app/-/jobs/50",
}
JENKINS = {
    "JENKINS_URL": "https://ci.example/",
    "JOB_NAME": "folder/unit",
    "BUILD_NUMBER": "153",
    "BUILD_URL": "https://ci.example/job/folder/job/unit/153/",
    "GIT_COMMIT": "a1b2",
    "GIT_BRANCH": "origin/main",
    "GIT_URL": "git@github.com:me/app.git",
}
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_PIPELINE_SLUG": "app",
    "BUILDKITE_STEP_KEY": "unit",
    "BUILDKITE_BUILD_NUMBER": "1514",
    "BUILDKITE_RETRY_COUNT": "1",
    "BUILDKITE_COMMIT": "83a20ec058e2fb00e7fa4558c4c6e81e2dcf253d",
    "BUILDKITE_BRANCH": "main",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_SOURCE": "webhook",
    "BUILDKITE_REPO": "git@github.com:acme-inc/my-project.git",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/acme-inc/app/builds/1514",
    "BUILDKITE_JOB_ID": "e44f9784",
}
CIRCLECI = {
    "CIRCLECI": "true",
    "CIRCLE_JOB": "build",
    "CIRCLE_BUILD_NUM": "88",
    "CIRCLE_SHA1": "c0ffee",
    "CIRCLE_BRANCH": "feature",
    "CIRCLE_PROJECT_USERNAME": "me",
    "CIRCLE_PROJECT_REPONAME": "app",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/me/app/88",
}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_DEFINITIONNAME": "app-ci",
    "SYSTEM_JOBNAME": "Linux",
    "BUILD_BUILDID": "752",
    "SYSTEM_JOBATTEMPT": "2",
    "BUILD_REPOSITORY_NAME": "fabrikam/app",
    "BUILD_SOURCEVERSION": "bc0044458ba1",
    "BUILD_SOURCEBRANCH": "refs/heads/feature/tools",
    "BUILD_REASON": "IndividualCI",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/fabrikam/",
    "SYSTEM_TEAMPROJECT": "My Project",
}
RUNS = [
    (
        GITHUB,
        RunInfo(
            "ci / unit",
            1658821493,
            2,
            "octocat/Hello-World",
            "ffac537e6cbbf934b08745a378932722df287a53",
            "main",
            trigger="push",
            url="https://github.com/octocat/Hello-World/actions/runs/1658821493/attempts/2",
        ),
    ),
    (
        GITLAB,
        RunInfo(
            "rspec",
            1000,
            1,
            "group/app",
            "1ecfd275763eff1d6b4844ea3168962458c9f27a",
            "main",
            trigger="schedule",
            url="https://gitlab.example/group/app/-/jobs/50",
        ),
    ),
    (
        JENKINS,
        RunInfo(
            "folder/unit",
            153,
            1,
            "me/app",
            "a1b2",
            "main",
            url="https://ci.example/job/folder/job/unit/153/",
        ),
    ),
    (
        BUILDKITE,
        RunInfo(
            "app / unit",
            1514,
            2,
            "acme-inc/my-project",
            "83a20ec058e2fb00e7fa4558c4c6e81e2dcf253d",
            "main",
            trigger="webhook",
            url="https://buildkite.com/acme-inc/app/builds/1514#e44f9784",
        ),
    ),
    (
        CIRCLECI,
        RunInfo(
            "build",
            88,
            1,
            "me/app",
            "c0ffee",
            "feature",
            url="https://circleci.com/gh/me/app/88",
        ),
    ),
    (
        AZURE,
        RunInfo(
            "app-ci / Linux",
            752,
            2,
            "fabrikam/app",
            "bc0044458ba1",
            "feature/tools",
            trigger="IndividualCI",
            url="https://dev.azure.com/fabrikam/My%20Project/_build/results?buildId=752",
        ),
    ),
]
PULLS = [
    (GITHUB, {"GITHUB_REF": "refs/pull/17/merge", "GITHUB_HEAD_REF": "topic"}, 17, "topic"),
    (
        GITLAB,
        {"CI_MERGE_REQUEST_IID": "17", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic"},
        17,
        "topic",
    ),
    (JENKINS, {"CHANGE_ID": "17", "CHANGE_BRANCH": "topic", "BRANCH_NAME": "PR-17"}, 17, "topic"),
    (JENKINS, {"ghprbPullId": "17", "ghprbSourceBranch": "topic"}, 17, "topic"),
    (BUILDKITE, {"BUILDKITE_PULL_REQUEST": "17"}, 17, "main"),
    (CIRCLECI, {"CIRCLE_PULL_REQUEST": "https://github.com/me/app/pull/17"}, 17, "feature"),
    (CIRCLECI, {"CIRCLE_PR_NUMBER": "17"}, 17, "feature"),
    (
        AZURE,
        {
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "17",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/topic",
        },
        17,
        "topic",
    ),
    (AZURE, {"SYSTEM_PULLREQUEST_PULLREQUESTID": "17"}, 17, "feature/tools"),
]


@pytest.mark.parametrize(("variables", "run"), RUNS)
def test_a_run_of_each_ci(variables: dict[str, str], run: RunInfo) -> None:
    assert from_environment(variables) == run


@pytest.mark.parametrize(("variables", "more", "pull", "branch"), PULLS)
def test_pull_requests_of_each_ci(
    variables: dict[str, str], more: dict[str, str], pull: int, branch: str
) -> None:
    run = from_environment(variables | more)
    assert run is not None
    assert (run.pull, run.branch) == (pull, branch)


@pytest.mark.parametrize(("variables", "run"), RUNS)
def test_missing_and_odd_variables_are_survived(variables: dict[str, str], run: RunInfo) -> None:
    for name in variables:
        from_environment({key: value for key, value in variables.items() if key != name})
        from_environment(variables | {name: "x" * 100 + "\x1b\n"})


def test_elsewhere_the_environment_says_nothing() -> None:
    assert from_environment({}) is None
    assert from_environment({"CI": "true", "BUILD_NUMBER": "7"}) is None


def test_the_commit_of_a_pull_request_on_github_is_that_of_its_branch(tmp_path: Path) -> None:
    """GITHUB_SHA is a merge with the target, another one for each run."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": "abc"}}}))
    run = from_environment(GITHUB | {"GITHUB_EVENT_PATH": str(event)})
    assert run is not None
    assert run.commit == "abc"
    for text in ("", "{", "[]", '{"pull_request": 7}', "[" * 100_000):
        event.write_text(text)
        run = from_environment(GITHUB | {"GITHUB_EVENT_PATH": str(event)})
        assert run is not None
        assert run.commit == GITHUB["GITHUB_SHA"]


def test_the_folder_of_the_checkout() -> None:
    assert workspace(GITHUB) == "/runner/checkouts/Hello-World/Hello-World"
    assert workspace({}) == ""


def test_git_says_commit_branch_and_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert from_git(tmp_path) == RunInfo("local", trigger="local")
    git("init", "-q", "-b", "topic")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("remote", "add", "origin", "https://user:pass@github.com/me/app.git")
    run = from_git(tmp_path)
    assert (run.commit, run.branch, run.repo) == (git("rev-parse", "HEAD"), "topic", "me/app")
    git("checkout", "-q", "--detach")
    assert from_git(tmp_path).branch == ""
