"""One request to GitHub's REST API over the HTTP client of all connectors.

PyGithub is not used. It repeats a POST after a redirect or a 502, so an issue could be created
twice; it repeats a 202 without end; and it asks once more for each object of a list.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ci_stat.connectors.http.address import Address
from ci_stat.connectors.http.client import HttpClient
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response

MAX_BODY = 2**26  # bytes; 100 issues of 65,536 characters, each of them escaped, have 39 million
HEADERS = {
    "Accept": "application/vnd.github+json",
    "Accept-Encoding": "gzip, deflate",
    "X-GitHub-Api-Version": "2022-11-28",
}


class GitHubClient:
    """Requests with one token to one GitHub; anonymous without it. Nothing is connected yet."""

    def __init__(self, address: Address, token: str, mask: Mask, timeout: float) -> None:
        headers = HEADERS | ({"Authorization": f"token {token}"} if token else {})
        self._http = HttpClient(
            address, mask, timeout, headers=headers, max_body=MAX_BODY, keep_alive=True
        )

    def close(self) -> None:
        """Close the idle connections. The client may be used again."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        value: Any = None,
        etag: str = "",
    ) -> Response | NoResponse:
        """Send one request to `path` below the address, with `value` as its JSON body.

        `etag`: of the response that is known; an unchanged one has the status 304 and no body.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        if value is None:
            return self._http.exchange(method, target, {"If-None-Match": etag} if etag else {})
        headers = {"Content-Type": "application/json"}
        return self._http.exchange(method, target, headers, json.dumps(value).encode())
