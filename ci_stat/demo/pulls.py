"""The pull requests of the demo: how they are opened, their commits, and the open ones.

A pull request knows which jobs have passed on its commit, and nothing else about runs.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from ci_stat.demo.descriptions import Writer, escaped, pull_description
from ci_stat.demo.outcomes import Defect
from ci_stat.demo.world import BOT, LOGINS, REPOS, Repo

_LIFE = 4.0  # mean number of events of a pull request, without their consequences
_CONFLICT_RATE = 0.05


@dataclass(slots=True, eq=False)
class PullRequest:
    """One pull request at its current commit. `life`: the number of events that remain."""

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
        """Set a new head commit, on which no job has passed."""
        self.commit, self.defect, self.mergeable = commit, defect, mergeable
        self.passed = set()

    def description(self, trigger: str) -> dict[str, Any]:
        """Return the build parameters of runs started by `trigger`: a login, or "" for a push."""
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


class PullFactory:
    """Opens pull requests; numbers increase in each repository."""

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
        """Open an ordinary pull request in a random repository.

        One to a release branch has the title of a cherry-pick.
        """
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
        """Open the pull request `number` with this title, a random author and a random body."""
        rng = self._rng
        author = BOT if branch != "master" and rng.random() < 0.3 else rng.choice(LOGINS)
        source = f"{author.partition('-')[2]}/topic-{number % 97}"
        if author == BOT:
            source = f"{branch}-{number}-pick"
        return PullRequest(
            repo, number, branch, author, escaped(title), self._writer.body(), source
        )


class Pool:
    """The open pull requests; one whose life ends is replaced by a new one."""

    def __init__(self, rng: Random, factory: PullFactory, size: int) -> None:
        self._rng = rng
        self._factory = factory
        self._open = [factory.open() for _ in range(size)]

    def pick(self) -> PullRequest:
        """Return a random pull request and reduce its life by one."""
        index = self._rng.randrange(len(self._open))
        pull = self._open[index]
        pull.life -= 1
        if pull.life <= 0:
            self._open[index] = self._factory.open()
        return pull
