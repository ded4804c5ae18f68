"""Failures across runs: which failures of different runs are the same one (`FailInfo`)."""

from collections.abc import Iterable
from itertools import chain, count

from ci_stat.records import CaseFailure, FailureKey, Run, Status
from ci_stat.result.packages import FailureKeys


class FailInfo:
    """One failure and the runs it broke.

    - `info`: its name; `kind`: a `FailureKind`.
    - `package`: of a test, if its name alone is ambiguous; else "".
    - `run_list`: the runs, oldest first; `seen`: the failure as each of them has it.
    """

    __slots__ = ("info", "kind", "package", "run_list", "seen")

    def __init__(self, info: str, kind: str = "case", package: str = "") -> None:
        self.info = info
        self.kind = kind
        self.package = package
        self.run_list: list[Run] = []
        self.seen: list[CaseFailure] = []

    def __eq__(self, other: object) -> bool:
        """Whether both have the same name, kind and runs, also of two loads."""
        if not isinstance(other, FailInfo):
            return NotImplemented
        return self._value == other._value

    def __hash__(self) -> int:
        return hash((self.info, self.kind))

    @property
    def _value(self) -> tuple[object, ...]:
        return self.info, self.kind, self.run_list, self.seen

    def add(self, run: Run, failure: CaseFailure) -> None:
        self.run_list.append(run)
        self.seen.append(failure)

    @property
    def message(self) -> str:
        """The newest message; "" if no source has one."""
        messages = (failure.message for failure in reversed(self.seen))
        return next(filter(None, messages), "")

    @property
    def newest(self) -> CaseFailure | None:
        """The failure of the newest run, preferably of a run whose log was read."""
        from_logs = (failure for failure in reversed(self.seen) if failure.source == "log")
        return next(from_logs, self.seen[-1] if self.seen else None)

    def fail_cnt(self) -> int:
        """The number of runs it broke."""
        return len(self.run_list)

    @property
    def prs(self) -> list[tuple[str, int]]:
        """The affected pull requests, as (repo, number), in order of their first broken run."""
        prs = ((run.repo or "", run.pr_number) for run in self.run_list if run.is_pr)
        return list(dict.fromkeys(prs))

    def __repr__(self) -> str:
        return f"<FailInfo {self.info!r} broke {self.fail_cnt()} runs>"


def group_failures(runs: Iterable[Run]) -> dict[str, FailInfo]:
    """The failures of the failed ones among `runs` by name, most runs first.

    Spellings of one case are one failure; tests with one name in several packages have an entry
    each, `name in package`. A name of two kinds has two entries: the second is
    `kind: name`.
    """
    failed = [run for run in runs if run.failures and run.status == Status.FAILURE]
    keys = FailureKeys(failure for run in failed for failure in run.failures)
    by_key: dict[FailureKey, FailInfo] = {}
    for run in failed:
        # The first failure of a key counts once for its run.
        once = {keys.key(failure): failure for failure in reversed(run.failures)}
        for key, failure in reversed(once.items()):
            info = by_key.get(key)
            if info is None:
                package = keys.package(failure)
                info = by_key[key] = FailInfo(keys.name(failure), failure.kind, package)
            info.add(run, failure)

    most_runs_first = sorted(by_key.items(), key=lambda item: (-len(item[1].run_list), item[0]))
    by_name: dict[str, FailInfo] = {}
    for _, info in most_runs_first:
        by_name[_unused_name(by_name, info)] = info
    return by_name


def _unused_name(by_name: dict[str, FailInfo], info: FailInfo) -> str:
    names = chain(
        (info.info, f"{info.kind}: {info.info}"),
        (f"{info.kind}: {info.info} ({n})" for n in count(2)),
    )
    return next(name for name in names if name not in by_name)
