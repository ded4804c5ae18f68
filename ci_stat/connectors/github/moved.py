"""Calls that go on under the new name of a repository that moved.

GitHub redirects what is asked under a former name: 301 for reads, 307 for writes, which it has not
made. A redirect is followed within the same GitHub only, and only if the repository itself moved:
an issue that was transferred is redirected, too.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from ci_stat.connectors.github.calls import Calls
from ci_stat.connectors.github.client import GitHubClient
from ci_stat.connectors.github.names import REPO_NAME
from ci_stat.connectors.github.rate_limits import Timing
from ci_stat.connectors.github.responses import MOVED, CallResult, CallState, Interpreter
from ci_stat.connectors.github.schema import SchemaError, text_in
from ci_stat.connectors.http.address import Address, origin

_REPO = re.compile(r"/repos/([^/?]+/[^/?]+)(?=[/?]|$)")
_ROOT = re.compile(r"/repositories/[0-9]+|/repos/[^/]+/[^/]+")


class FollowingCalls(Calls):
    """Requests to the GitHub at `address`, with former names of repositories replaced."""

    def __init__(
        self, client: GitHubClient, interpreter: Interpreter, timing: Timing, address: Address
    ) -> None:
        super().__init__(client, interpreter, timing)
        self._address = address
        self._names: dict[str, str] = {}  # former name in lower case -> present name

    def name_of(self, repo: str) -> str:
        """The present name of a repository, as far as an answer has said so."""
        return self._names.get(repo.casefold(), repo)

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        value: Mapping[str, Any] | None,
        etag: str = "",
        accepted: frozenset[int] = frozenset(),
    ) -> CallResult:
        result = super()._once(method, self._current(path), query, value, etag, accepted)
        repo = _REPO.match(path)
        if repo is None or not _has_moved(result) or not self._learn_name(repo[1]):
            return result
        return super()._once(method, self._current(path), query, value, etag, accepted)

    def _current(self, path: str) -> str:
        repo = _REPO.match(path)
        return path if repo is None else f"/repos/{self.name_of(repo[1])}{path[repo.end() :]}"

    def _learn_name(self, repo: str) -> bool:
        """Ask what a repository is called now. Whether it has another name."""
        asked = super()._once("GET", self._current(f"/repos/{repo}"), None, None)
        root = self._root_in(asked.headers.get("location", "")) if _has_moved(asked) else ""
        if not root:
            return False
        there = super()._once("GET", root, None, None)
        name = _full_name(there)
        is_new = bool(name) and name.casefold() != self.name_of(repo).casefold()
        if is_new:
            self._names[repo.casefold()] = name
        return is_new

    def _root_in(self, location: str) -> str:
        """The path of a repository in a redirect; "" if it leads to another server or place."""
        base = f"{self._address.root}{self._address.path}/"
        try:
            url = urljoin(base, location)
            is_here = bool(location) and origin(url) == origin(self._address.root)
        except ValueError:
            return ""
        path = urlsplit(url).path
        below = path.removeprefix(self._address.path)
        is_below = path == f"{self._address.path}{below}"
        return below if is_here and is_below and _ROOT.fullmatch(below) else ""


def _has_moved(result: CallResult) -> bool:
    return result.state is CallState.REFUSED and result.code in MOVED


def _full_name(result: CallResult) -> str:
    if result.state is not CallState.DONE:
        return ""
    try:
        name = text_in(result.value, "full_name")
    except SchemaError:
        return ""
    return name if REPO_NAME.fullmatch(name) else ""
