"""The tracker's address: its API root, its name in our ledger, and links to our issues."""

import logging
from collections.abc import Callable

from ci_stat.config import GitHub
from ci_stat.connectors.github.names import repository_name
from ci_stat.connectors.http.address import parse_address
from ci_stat.errors import CiStatError, SettingsError, UsageError
from ci_stat.escape import visible
from ci_stat.store.state.issue_calls import IssueCalls

log = logging.getLogger(__name__)


def tracker_url(github: GitHub) -> str:
    """Return the root of the API. Raises SettingsError."""
    api = parse_address(github.url, "github_url", "https://api.github.com")
    return f"{api.root}{api.path}"


def repository(github: GitHub) -> str:
    """Return the repository for issues as OWNER/NAME, also from its address at GitHub.

    Raises SettingsError if it is not set, or is no repository.
    """
    if github.repo:
        return _name(github)
    raise SettingsError(
        "github_repo is not set, so ci_stat does not know which repository the issues belong to.",
        'Set it to OWNER/NAME, e.g. "github_repo": "me/app" in env.json, or'
        " CI_STAT_GITHUB_REPO=me/app.",
    )


def _name(github: GitHub) -> str:
    try:
        return repository_name(github.repo, github.url)
    except UsageError as error:
        raise SettingsError(f"github_repo: {error.message}", error.hint) from None


def ledger_name(github: GitHub) -> str:
    """Return the repository's name in our ledger: names of repositories ignore case.

    Raises SettingsError.
    """
    return f"{tracker_url(github)} {repository(github).casefold()}"


def issue_links(issues: IssueCalls, github: GitHub) -> dict[str, str]:
    """Return a link to our newest issue of each case, by the case's name.

    Raises DatabaseError.
    """
    root = _web_root(tracker_url(github))
    return {
        key.removeprefix("case:"): f"{root}/{repository(github)}/issues/{numbers[-1]}"
        for key, numbers in issues.ledger().created.items()
        if key.startswith("case:")
    }


def _web_root(api_root: str) -> str:
    """The root of the web pages, which differs from the API's."""
    if "://api." in api_root:
        return api_root.replace("://api.", "://", 1)
    return api_root.removesuffix("/api/v3")


def own_links(open_issues: Callable[[], IssueCalls], github: GitHub) -> dict[str, str]:
    """Return `issue_links`, or nothing if our state cannot be used."""
    try:
        return issue_links(open_issues(), github)
    except CiStatError as error:  # the context has warned about it
        log.info("No links to our issues: %s", visible(error))
        return {}
