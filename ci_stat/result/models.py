"""What runs add up to: Commit, PR, Job. Each holds its runs, oldest first, and counts them."""

from collections.abc import Callable, Hashable, Iterable
from functools import cached_property
from typing import TypeVar

from ci_stat.escape import visible
from ci_stat.records import Run
from ci_stat.result import html
from ci_stat.result.counted import CountedRuns, repeated_attempts
from ci_stat.result.lookup import NumberMap

K = TypeVar("K", bound=Hashable)


class Commit(CountedRuns):
    """One commit of one repository, with its runs (published as `jobs`).

    `prs`: the pull requests it was tested for, oldest first; empty for nightly runs.
    """

    __slots__ = ("hash", "prs", "repo")

    def __init__(self, repo: str, hash: str, runs: list[Run]) -> None:
        super().__init__(runs)
        self.repo = repo
        self.hash = hash
        self.prs: tuple[PR, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        return self.repo, self.hash

    @property
    def jobs(self) -> list[Run]:
        """The runs on this commit, oldest first."""
        return self.runs

    @property
    def branch(self) -> str | None:
        """Target branch of its newest run."""
        return self.runs[-1].branch

    @property
    def pr(self) -> "PR | None":
        """The first pull request it was tested for; None for nightly runs."""
        return self.prs[0] if self.prs else None

    @property
    def pr_number(self) -> int:
        """Number of `pr`; 0 for nightly runs."""
        return self.prs[0].number if self.prs else self.runs[0].pr_number

    def __str__(self) -> str:
        return self.hash

    def __repr__(self) -> str:
        name = f"{visible(self.repo, 200)} {visible(self.hash[:10])}"
        return f"<Commit {name} {self.total_cnt} runs, {self.fail_cnt} failed>"


class PR(CountedRuns):
    """One pull request, identified by (repo, number).

    Title, author, link and branch are those of its newest run.
    """

    __slots__ = ("number", "repo")

    def __init__(self, repo: str, number: int, runs: list[Run]) -> None:
        super().__init__(runs)
        self.repo = repo
        self.number = number

    @property
    def identity(self) -> tuple[str, int]:
        return self.repo, self.number

    @property
    def rank(self) -> tuple[int, int, str, int]:
        """Sort key: most failures first; among equals more runs, then repository and number."""
        return (-self.fail_cnt, -self.total_cnt, self.repo, self.number)

    @property
    def title(self) -> str | None:
        return self.runs[-1].pr_title

    @property
    def author(self) -> str | None:
        """Login of the author."""
        return self.runs[-1].author

    @property
    def link(self) -> str | None:
        return self.runs[-1].pr_link

    @property
    def branch(self) -> str | None:
        """Target branch."""
        return self.runs[-1].branch

    @property
    def commit_hashes(self) -> list[Commit]:
        """Its tested commits in order of their first run; runs without a hash are in `commits`."""
        return [commit for commit in self.commits if commit.hash]

    @property
    def commits(self) -> list[Commit]:
        """Its commits, each with the runs of this pull request only."""
        by_hash = _grouped(self.runs, lambda run: run.commit or "")
        commits = [Commit(self.repo, hash, runs) for hash, runs in by_hash.items()]
        for commit in commits:
            commit.prs = (self,)
        return commits

    @property
    def jobs(self) -> dict[str, list[Run]]:
        """Its runs by job name."""
        return _grouped(self.runs, lambda run: run.job_name)

    def rerun_cnt(self, job_name: str = "") -> int:
        """Runs of a job beyond its first in this pull request, on any commit; "" for all jobs."""
        if not job_name:
            return self.total_rerun_cnt
        return max(0, sum(run.job_name == job_name for run in self.runs) - 1)

    @property
    def total_rerun_cnt(self) -> int:
        return len(self.runs) - len({run.job_name for run in self.runs})

    def attempt_cnt(self, job_name: str = "") -> int:
        """Runs of a job beyond its first on the same commit: reruns without new code."""
        runs = [run for run in self.runs if run.job_name == job_name] if job_name else self.runs
        return repeated_attempts(runs)

    def __repr__(self) -> str:
        name = f"{visible(self.repo, 200)}#{self.number}"
        return f"<PR {name} {self.total_cnt} runs, {self.fail_cnt} failed>"

    def _repr_html_(self) -> str:
        return html.pr_html(self)


class Job(CountedRuns):
    """One job over a window: all its runs, of pull requests and nightly."""

    def __init__(self, job_name: str, runs: list[Run], pr_map: NumberMap[PR]) -> None:
        super().__init__(runs)
        self.job_name = job_name
        self._pr_map = pr_map

    @property
    def identity(self) -> str:
        return self.job_name

    @property
    def rank(self) -> tuple[int, int, str]:
        """Sort key: most failures first; among equals more runs, then the name."""
        return (-self.fail_cnt, -self.total_cnt, self.job_name)

    @property
    def repos(self) -> list[str]:
        """The repositories it ran for."""
        return sorted({run.repo for run in self.runs if run.repo})

    @property
    def branches(self) -> list[str]:
        """The target branches it ran for."""
        return sorted({run.branch for run in self.runs if run.branch})

    @property
    def repo(self) -> str | None:
        """The repository of all its runs; None if they have several or none."""
        return _only(run.repo for run in self.runs)

    @property
    def branch(self) -> str | None:
        """The target branch of all its runs; None if they have several or none."""
        return _only(run.branch for run in self.runs)

    @cached_property
    def local_prs(self) -> NumberMap[PR]:
        """Pull requests by (repo, number), each with the runs of this job only."""
        pr_runs = (run for run in self.runs if run.is_pr)
        by_pr = _grouped(pr_runs, lambda run: (run.repo or "", run.pr_number))
        return NumberMap({key: PR(*key, runs) for key, runs in by_pr.items()})

    @property
    def prs(self) -> NumberMap[PR]:
        """Pull requests by (repo, number), each with the runs of all jobs."""
        return NumberMap({key: self._pr_map[key] for key in self.local_prs if key in self._pr_map})

    @property
    def special_runs(self) -> list[Run]:
        """Its runs that belong to no pull request."""
        return [run for run in self.runs if not run.is_pr]

    @property
    def rerun_cnt(self) -> int:
        """Runs beyond the first in the same pull request, on any commit."""
        return sum(len(pr.runs) - 1 for pr in self.local_prs.values())

    @property
    def attempt_cnt(self) -> int:
        """Runs beyond the first on the same commit."""
        return repeated_attempts(self.runs)

    def __repr__(self) -> str:
        return f"<Job {visible(self.job_name, 200)} {self.total_cnt} runs, {self.fail_cnt} failed>"

    def _repr_html_(self) -> str:
        return html.job_html(self)


def _grouped(runs: Iterable[Run], key_of: Callable[[Run], K]) -> dict[K, list[Run]]:
    groups: dict[K, list[Run]] = {}
    for run in runs:
        groups.setdefault(key_of(run), []).append(run)
    return groups


def _only(values: Iterable[str | None]) -> str | None:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
