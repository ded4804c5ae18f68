"""What a CI says about a pull request: its target, and whether it is of a fork."""

from collections.abc import Mapping

from ci_stat.test_results.environment import github_event

_TARGETS = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CHANGE_TARGET",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
)


def target_branch(variables: Mapping[str, str]) -> str:
    """The branch that a pull request goes to; the default branch outside of one; "" if unknown."""
    for name in _TARGETS:
        if variables.get(name):
            return variables[name].removeprefix("refs/heads/")
    if variables.get("CI_DEFAULT_BRANCH"):
        return variables["CI_DEFAULT_BRANCH"]
    repository = github_event(variables.get("GITHUB_EVENT_PATH", "")).get("repository")
    branch = repository.get("default_branch") if isinstance(repository, dict) else None
    return branch if isinstance(branch, str) else ""


def is_from_fork(variables: Mapping[str, str]) -> bool:
    """Whether GitHub Actions runs for a pull request of a fork, which gets no secrets."""
    pull = github_event(variables.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    if not isinstance(pull, dict):
        return False
    names = [_repository_name(pull.get(side)) for side in ("head", "base")]
    return names[0] != names[1]


def _repository_name(side: object) -> object:
    repository = side.get("repo") if isinstance(side, dict) else None
    return repository.get("full_name") if isinstance(repository, dict) else None
