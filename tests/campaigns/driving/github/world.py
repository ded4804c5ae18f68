"""A campaign at the stand-in for GitHub, where a double of Prow runs the jobs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from ci_stat.campaigns.service import Campaigns
from ci_stat.connectors.github.forge import GitHubForge
from tests.campaigns.driving.deaths import Death
from tests.campaigns.driving.world import campaigns_of
from tests.connectors.github.forge import REPO, code_server, forge_of
from tests.support.github.code import Code
from tests.support.prow import Job, Prow

__all__ = ["REPO", "GitHubWorld", "github_world"]

Request = Callable[..., Any]


@dataclass
class GitHubTime:
    """The stand-in's time, in which Prow's jobs end."""

    prow: Prow

    def __call__(self) -> datetime:
        return self.prow.code.github.now

    def sleep(self, seconds: float) -> None:
        self.prow.advance(seconds)


class GitHubWorld:
    """The stand-in, Prow, and drivers that share one state. `place`: names it in the state."""

    def __init__(self, state: Engine, code: Code, jobs: tuple[Job, ...], place: str) -> None:
        self.state, self.code, self.github, self.place = state, code, code.github, place
        self.github.creations_per_minute = 80
        self.prow = Prow(code, jobs)
        self.time = GitHubTime(self.prow)
        self._random = Random(7)
        self._forges: list[GitHubForge] = []

    def campaigns(
        self,
        owner: str = "host:1:a",
        alive: Callable[[str], bool] = lambda _: False,
        death: Death | None = None,
        fork: str = "",
    ) -> Campaigns:
        """The service of one process. `death`: around each of its writes to GitHub."""
        forge = forge_of(self.github, fork, sleep=self.time.sleep)
        self._forges.append(forge)
        if death is not None:
            request = forge._client.request
            forge._client.request = partial(_mortal, death, request)  # type: ignore[method-assign]
        return campaigns_of(self.state, self.place, forge, self.time, self._new_hex, owner, alive)

    def close(self) -> None:
        """Close the connections of all processes."""
        for forge in self._forges:
            forge.close()

    def _new_hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    @property
    def branches(self) -> set[str]:
        return set(self.code.heads(self.github.repo))

    @property
    def open_pulls(self) -> set[int]:
        issues = (self.code.issue(number) for number in self.code.pulls)
        return {issue.number for issue in issues if issue.state == "open"}


def _mortal(death: Death, request: Request, method: str, path: str, *rest: Any) -> Any:
    if method == "GET":
        return request(method, path, *rest)
    kind = path.rpartition("/")[2]
    return death.around(f"{method} {kind}", request, method, path, *rest)


@contextmanager
def github_world(
    state: Engine, folder: Path, jobs: tuple[Job, ...], place: str = "github"
) -> Iterator[GitHubWorld]:
    """A world in which nothing may violate GitHub's rules."""
    with code_server(folder) as code:
        world = GitHubWorld(state, code, jobs, place)
        try:
            yield world
        finally:
            world.close()
        assert code.github.findings == []
