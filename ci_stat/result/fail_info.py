"""Failures across runs: which failures of different runs are the same one (`FailInfo`)."""

from collections.abc import Iterable
from itertools import chain, count

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind, Run, Status


class FailInfo:
    """One failure and the runs it broke.

    - `info`: its name; `kind`: a `FailureKind`.
    - `run_list`: the runs, oldest first; `seen`: the failure as each of them has it.
    """

    __slots__ = ("info", "kind", "run_list", "seen")

    def __init__(self, info: str, kind: str = "case") -> None:
        self.info = info
        self.kind = kind
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

    Spellings of one case are one failure. A name of two kinds has two entries: the second is
    `kind: name`.
    """
    by_key: dict[tuple[str, str], FailInfo] = {}
    for run in runs:
        if run.failures and run.status == Status.FAILURE:
            # The first failure of a key counts once for its run.
            once = {failure_key(failure): failure for failure in reversed(run.failures)}
            for key, failure in reversed(once.items()):
                info = by_key.get(key)
                if info is None:
                    info = by_key[key] = FailInfo(case_key(failure.name), failure.kind)
                info.add(run, failure)

    most_runs_first = sorted(by_key.items(), key=lambda item: (-len(item[1].run_list), item[0]))
    by_name: dict[str, FailInfo] = {}
    for _, info in most_runs_first:
        by_name[_unused_name(by_name, info)] = info
    return by_name


def failure_key(failure: CaseFailure) -> tuple[str, str]:
    """What equal failures share: a case's name in any spelling, else the fingerprint.

    The kind of a guess is a guess too, so it tells no failures apart.
    """
    if failure.fingerprint and not is_case(failure):
        kind = FailureKind.UNKNOWN.value if failure.guess else failure.kind
        return (kind, failure.fingerprint)
    return (failure.kind, case_key(failure.name))


def is_case(failure: CaseFailure) -> bool:
    """Whether its name is that of a test case."""
    return failure.kind == FailureKind.CASE and not failure.guess


def _unused_name(by_name: dict[str, FailInfo], info: FailInfo) -> str:
    names = chain(
        (info.info, f"{info.kind}: {info.info}"),
        (f"{info.kind}: {info.info} ({n})" for n in count(2)),
    )
    return next(name for name in names if name not in by_name)
