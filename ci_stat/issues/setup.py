"""Where the tracker is: its address, the name that our ledger knows it by, and links into it."""

import logging
from collections.abc import Callable

from ci_stat.config.clients import GitHub
from ci_stat.connectors.http.address import parse_address
from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.store.state.issue_calls import Issues

log = logging.getLogger(__name__)


def tracker_url(place: GitHub) -> str:
    """The root of the API. Raises SettingsError."""
    api = parse_address(place.url, "github_url", "https://api.github.com")
    return f"{api.root}{api.path}"


def ledger_name(place: GitHub) -> str:
    """What our own state knows the repository by: names of repositories have no letter case."""
    return f"{tracker_url(place)} {place.repo.casefold()}"


def issue_links(issues: Issues, place: GitHub) -> dict[str, str]:
    """The newest issue that we wrote for each case, by the case's name. Raises DatabaseError."""
    root = _web_root(tracker_url(place))
    return {
        key.removeprefix("case:"): f"{root}/{place.repo}/issues/{numbers[-1]}"
        for key, numbers in issues.ledger().created.items()
        if key.startswith("case:")
    }


def _web_root(root: str) -> str:
    """Where people read issues: not at the API's own address."""
    return root.replace("://api.", "://", 1) if "://api." in root else root.removesuffix("/api/v3")


def own_links(open_issues: Callable[[], Issues], place: GitHub) -> dict[str, str]:
    """Links to the issues that we wrote, by case; none where our state cannot be used."""
    try:
        return issue_links(open_issues(), place)
    except CiStatError as error:  # `around` warns about it
        log.info("No links to our issues: %s", visible(error))
        return {}
