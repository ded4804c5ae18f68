"""One repository at one GitHub: what its clients of issues and of pull requests share."""

import random
import re
import time
from collections.abc import Callable

from ci_stat.connectors.github.calls import Calls, call_error
from ci_stat.connectors.github.client import GitHubClient
from ci_stat.connectors.github.names import REPO_NAME
from ci_stat.connectors.github.pagination import Pages
from ci_stat.connectors.github.rate_limits import Timing
from ci_stat.connectors.github.responses import CallState, Interpreter
from ci_stat.connectors.github.schema import text_in, valid_schema
from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import TIMEOUT
from ci_stat.connectors.http.masking import Mask
from ci_stat.errors import SettingsError


class RepositorySession:
    """One repository at one GitHub. Nothing is connected before the first call.

    - `base_url`: of the REST API, `https://api.github.com` or `https://HOST/api/v3`.
    - `repo`: `owner/name`. `token`: a user's or an App installation's.
    - `timeout`: seconds to connect, and for each read.
    - `between_reads`, `between_writes`: seconds from the end of a request, or a write, to the
      next.
    - `clock`, `wall`, `sleep`, `jitter`: seconds, Unix seconds, waiting, and a random number from
      0 to 1.

    Raises SettingsError for invalid arguments. One object sends one request at a time, from any
    number of threads.
    """

    def __init__(
        self,
        base_url: str,
        repo: str,
        token: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
        between_reads: float = 0.25,
        between_writes: float = 2.0,
    ) -> None:
        address = parse_address(base_url, "github_url", "https://api.github.com")
        self.repo, token = repo.strip(), token.strip()
        if not REPO_NAME.fullmatch(self.repo):
            raise SettingsError(
                f"{self.repo[:200]!r} is not the name of a repository.",
                "Write owner/name, e.g. me/app, in github_repo or --repo.",
            )
        if not re.fullmatch("[!-~]+", token):
            raise SettingsError(
                "gh_token is empty or contains an invalid character.", "Copy it again."
            )
        self._address = address
        self.root = f"{address.root}{address.path}"
        mask = Mask(token)
        timing = Timing(clock, sleep, jitter, between_reads, between_writes)
        self._client = GitHubClient(address, token, mask, timeout)
        self._calls = self._calls_with(self._interpreter(mask, wall), timing)
        self._pages = Pages(self._calls, address)
        self._path = f"/repos/{self.repo}"

    def _interpreter(self, mask: Mask, wall: Callable[[], float]) -> Interpreter:
        return Interpreter(mask, wall)

    def _calls_with(self, interpreter: Interpreter, timing: Timing) -> Calls:
        return Calls(self._client, interpreter, timing)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.repo} at {self.root}>"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def viewer(self) -> str:
        """The login of the token's owner; "" for an App, which cannot ask for its login.

        Raises SourceError.
        """
        result = self._calls.get("/user")
        if result.state is CallState.REFUSED and result.code == 403:
            return ""
        if result.state is not CallState.DONE:
            raise call_error(result)
        with valid_schema():
            return text_in(result.value, "login")
