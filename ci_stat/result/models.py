"""What runs add up to: Commit, PR, Job, FailInfo. Each holds its runs, oldest first, and counts them when asked."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, count
from operator import attrgetter

from ci_stat.escape import visible
from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind, Run, Status, Tally
from ci_stat.result import html
from ci_stat.result.lookup import NumberMap

_status = attrgetter("status")


def tally_of(runs: Iterable[Run]) -> Tally:
    return Tally.of(Counter(map(_status, runs)))


class _Counted:
    """Something with `runs`: its counts are always those of the runs it holds."""

    __slots__ = ("_tally", "runs")

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self._tally: Tally | None = None

    @property
    def tally(self) -> Tally:
        """Runs by outcome."""
        if self._tally is None or self._tally.total != len(self.runs):
            self._tally = tally_of(self.runs)
        return self._tally

    @property
    def success_cnt(self) -> int:
        return self.tally.success

    @property
    def fail_cnt(self) -> int:
        return self.tally.failure

    @property
    def abort_cnt(self) -> int:
        return self.tally.aborted

    @property
    def other_cnt(self) -> int:
        """Runs whose status is none of SUCCESS, FAILURE and ABORTED."""
        return self.tally.other

    @property
    def total_cnt(self) -> int:
        return len(self.runs)

    @property
    def fail_info_map(self) -> "dict[str, FailInfo]":
        """Failures by name, each with the failed runs of this object that it broke."""
        return group_failures(self.runs)


class FailInfo:
    """One failure and the runs it broke. `info`: its name; `kind`: a `FailureKind`.

    `run_list`: the runs, oldest first; `seen`: what each of them said, in the same order.
    """

    __slots__ = ("info", "kind", "run_list", "seen")

    def __init__(self, info: str, kind: str = "case") -> None:
        self.info = info
        self.kind = kind
        self.run_list: list[Run] = []
        self.seen: list[CaseFailure] = []

    def add(self, run: Run, failure: CaseFailure) -> None:
        self.run_list.append(run)
        self.seen.append(failure)

    @property
    def message(self) -> str:
        """What it said last; "" where no source keeps what was said."""
        return next((each.message for each in reversed(self.seen) if each.message), "")

    @property
    def newest(self) -> CaseFailure | None:
        """The failure as the newest run has it, from a log if any has."""
        from_logs = (each for each in reversed(self.seen) if each.source == "log")
        return next(from_logs, self.seen[-1] if self.seen else None)

    def fail_cnt(self) -> int:
        """How many runs it broke."""
        return len(self.run_list)

    @property
    def prs(self) -> list[tuple[str, int]]:
        """The pull requests it hit, as (repo, number), in order of the first hit."""
        return list(
            dict.fromkeys((run.repo or "", run.pr_number) for run in self.run_list if run.is_pr)
        )

    def __repr__(self) -> str:
        return f"<FailInfo {self.info!r} broke {self.fail_cnt()} runs>"


def group_failures(runs: Iterable[Run]) -> dict[str, FailInfo]:
    """Failures of the failed ones among `runs`, most runs first. Spellings of one case are one failure.

    A name that two kinds share stands once for each: the second as `kind: name`.
    """
    found: dict[tuple[str, str], FailInfo] = {}
    for run in runs:
        if run.failures and run.status == Status.FAILURE:
            once = {failure_key(failure): failure for failure in reversed(run.failures)}
            for key, failure in reversed(once.items()):
                found.setdefault(key, FailInfo(case_key(failure.name), failure.kind)).add(
                    run, failure
                )
    named: dict[str, FailInfo] = {}
    for _, info in sorted(found.items(), key=lambda item: (-len(item[1].run_list), item[0])):
        named[_free_name(named, info)] = info
    return named


def failure_key(failure: CaseFailure) -> tuple[str, str]:
    """A case is its name, however it is spelled. Anything else is what it says, as its fingerprint masks it."""
    if failure.fingerprint and not is_case(failure):
        return (failure.kind, failure.fingerprint)
    return (failure.kind, case_key(failure.name))


def is_case(failure: CaseFailure) -> bool:
    """Whether its name is that of a test case."""
    return failure.kind == FailureKind.CASE and not failure.guess


def _free_name(named: dict[str, FailInfo], info: FailInfo) -> str:
    names = chain(
        (info.info, f"{info.kind}: {info.info}"),
        (f"{info.kind}: {info.info} ({n})" for n in count(2)),
    )
    return next(name for name in names if name not in named)


class Commit(_Counted):
    """One commit of one repository, with its runs (published as `jobs`).

    `prs`: the pull requests it was tested for, oldest first: usually one, none for a run outside pull requests.
    """

    __slots__ = ("hash", "prs", "repo")

    def __init__(self, repo: str, hash: str, runs: list[Run]) -> None:
        super().__init__(runs)
        self.repo = repo
        self.hash = hash
        self.prs: tuple[PR, ...] = ()

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
        """The first pull request it was tested for; None outside pull requests."""
        return self.prs[0] if self.prs else None

    @property
    def pr_number(self) -> int:
        """Number of `pr`; 0 outside pull requests."""
        return self.runs[0].pr_number if not self.prs else self.prs[0].number

    def __repr__(self) -> str:
        name = f"{visible(self.repo, 200)} {visible(self.hash[:10])}"
        return f"<Commit {name} {self.total_cnt} runs, {self.fail_cnt} failed>"


class PR(_Counted):
    """One pull request: (repo, number) is its identity. Title, author, link and branch are those of its newest run."""

    __slots__ = ("number", "repo")

    def __init__(self, repo: str, number: int, runs: list[Run]) -> None:
        super().__init__(runs)
        self.repo = repo
        self.number = number

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
    def commit_hashes(self) -> list[str]:
        """Hashes of its commits that were tested, in order of their first run."""
        return list(dict.fromkeys(run.commit for run in self.runs if run.commit))

    @property
    def commits(self) -> list[Commit]:
        """Its commits, each with the runs of this pull request only."""
        grouped: dict[str, list[Run]] = {}
        for run in self.runs:
            grouped.setdefault(run.commit or "", []).append(run)
        found = [Commit(self.repo, commit, runs) for commit, runs in grouped.items()]
        for commit in found:
            commit.prs = (self,)
        return found

    @property
    def jobs(self) -> dict[str, list[Run]]:
        """Its runs by job name."""
        grouped: dict[str, list[Run]] = {}
        for run in self.runs:
            grouped.setdefault(run.job_name, []).append(run)
        return grouped

    def rerun_cnt(self, job_name: str = "") -> int:
        """Runs of a job beyond its first one in this pull request, on any commit; of all jobs for ""."""
        if not job_name:
            return self.total_rerun_cnt
        return max(0, sum(run.job_name == job_name for run in self.runs) - 1)

    @property
    def total_rerun_cnt(self) -> int:
        return len(self.runs) - len({run.job_name for run in self.runs})

    def attempt_cnt(self, job_name: str = "") -> int:
        """Runs of a job beyond its first one on the same commit: reruns that no new code asked for."""
        runs = [run for run in self.runs if run.job_name == job_name] if job_name else self.runs
        return repeated_attempts(runs)

    def __repr__(self) -> str:
        return f"<PR {visible(self.repo, 200)}#{self.number} {self.total_cnt} runs, {self.fail_cnt} failed>"

    def _repr_html_(self) -> str:
        return html.pr_html(self)


def repeated_attempts(runs: Iterable[Run]) -> int:
    """Runs beyond the first of the same job on the same commit; a run without commit is never one."""
    keys = [(run.job_name, run.repo, run.commit) for run in runs if run.commit]
    return len(keys) - len(set(keys))


class Job(_Counted):
    """One job over a window: all its runs, of pull requests and nightly."""

    def __init__(self, job_name: str, runs: list[Run], pr_map: NumberMap[PR]) -> None:
        super().__init__(runs)
        self.job_name = job_name
        self._pr_map = pr_map

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
        """The repository of all its runs; None if they had several, or none."""
        return _only(run.repo for run in self.runs)

    @property
    def branch(self) -> str | None:
        """The target branch of all its runs; None if they had several, or none."""
        return _only(run.branch for run in self.runs)

    @cached_property
    def local_prs(self) -> NumberMap[PR]:
        """Pull requests by (repo, number), each with the runs of this job only."""
        grouped: dict[tuple[str, int], list[Run]] = {}
        for run in self.runs:
            if run.is_pr:
                grouped.setdefault((run.repo or "", run.pr_number), []).append(run)
        return NumberMap({key: PR(*key, runs) for key, runs in grouped.items()})

    @property
    def prs(self) -> NumberMap[PR]:
        """Pull requests by (repo, number), each with all its runs, of other jobs too."""
        return NumberMap({key: self._pr_map[key] for key in self.local_prs if key in self._pr_map})

    @property
    def special_runs(self) -> list[Run]:
        """Its runs that belong to no pull request."""
        return [run for run in self.runs if not run.is_pr]

    @property
    def rerun_cnt(self) -> int:
        """Runs beyond the first one in the same pull request, on any commit."""
        return sum(len(pr.runs) - 1 for pr in self.local_prs.values())

    @property
    def attempt_cnt(self) -> int:
        """Runs beyond the first one on the same commit."""
        return repeated_attempts(self.runs)

    def __repr__(self) -> str:
        return f"<Job {visible(self.job_name, 200)} {self.total_cnt} runs, {self.fail_cnt} failed>"

    def _repr_html_(self) -> str:
        return html.job_html(self)


def _only(values: Iterator[str | None]) -> str | None:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
