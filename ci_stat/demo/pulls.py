"""Pull requests and the pool in which they live.

Knows who opens what, when a commit is new, and what has passed on it. Knows no runs' outcomes beyond that.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from ci_stat.demo.descriptions import Writer, escaped, pull_description
from ci_stat.demo.outcomes import Defect
from ci_stat.demo.world import BOT, LOGINS, REPOS, Repo

_LIFE = 4.0  # mean number of times that something happens to a pull request, besides what follows from it
_CONFLICT_RATE = 0.05


@dataclass(slots=True, eq=False)
class PullRequest:
    """One pull request at its present commit. `life`: how often something still happens to it."""

    repo: Repo
    number: int
    branch: str
    author: str
    title: str
    body: str
    source_branch: str
    life: int = 1
    commit: str = ""
    mergeable: bool = True
    defect: Defect | None = None
    passed: set[str] = field(default_factory=set)

    def push(self, commit: str, defect: Defect | None, mergeable: bool = True) -> None:
        """A new head commit: nothing has passed on it yet."""
        self.commit, self.defect, self.mergeable = commit, defect, mergeable
        self.passed = set()

    def description(self, trigger: str) -> dict[str, Any]:
        """The build parameters of runs that `trigger` (a login, or "" for a push) starts now."""
        return pull_description(
            repo=self.repo.name,
            number=self.number,
            commit=self.commit,
            title=self.title,
            body=self.body,
            author=self.author,
            source_branch=self.source_branch,
            trigger=trigger,
            mergeable=self.mergeable,
        )


class Desk:
    """Opens pull requests: numbers count on in each repository."""

    def __init__(self, rng: Random, writer: Writer) -> None:
        self._rng = rng
        self._writer = writer
        self._weights = [repo.weight for repo in REPOS]
        self._numbers = {repo.name: repo.next_number for repo in REPOS}

    def commit(self) -> str:
        return f"{self._rng.getrandbits(160):040x}"

    def mergeable(self) -> bool:
        return self._rng.random() >= _CONFLICT_RATE

    def open(self) -> PullRequest:
        """An ordinary pull request somewhere; to a release branch it is mostly a cherry-pick."""
        rng = self._rng
        (repo,) = rng.choices(REPOS, self._weights)
        number = self._numbers[repo.name] + rng.randint(1, 3)  # issues take numbers too
        self._numbers[repo.name] = number
        names, weights = zip(*repo.branches, strict=True)
        (branch,) = rng.choices(names, weights)
        title = self._writer.title()
        if branch != "master":
            title = f"{title} (#{number - rng.randint(20, 160)})"
        pull = self.open_as(repo, number, branch, title)
        pull.life = 1 + int(rng.expovariate(1 / _LIFE))
        return pull

    def open_as(self, repo: Repo, number: int, branch: str, title: str) -> PullRequest:
        """The pull request `number` with this title; author and body are drawn."""
        rng = self._rng
        author = BOT if branch != "master" and rng.random() < 0.3 else rng.choice(LOGINS)
        source = (
            f"{branch}-{number}-pick"
            if author == BOT
            else f"{author.partition('-')[2]}/topic-{number % 97}"
        )
        return PullRequest(
            repo, number, branch, author, escaped(title), self._writer.body(), source
        )


class Pool:
    """The pull requests that are alive; one whose life ends is replaced by a new one."""

    def __init__(self, rng: Random, desk: Desk, size: int) -> None:
        self._rng = rng
        self._desk = desk
        self._alive = [desk.open() for _ in range(size)]

    def pick(self) -> PullRequest:
        """Somebody's pull request, one of its lives used."""
        place = self._rng.randrange(len(self._alive))
        pull = self._alive[place]
        pull.life -= 1
        if pull.life <= 0:
            self._alive[place] = self._desk.open()
        return pull
