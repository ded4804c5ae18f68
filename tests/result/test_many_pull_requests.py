"""A CI may write one text as the commit of each run: the work grows with the runs, not faster."""

from types import MemberDescriptorType

import msgspec
import pytest

from ci_stat.records import Run
from ci_stat.result import Commit, Result
from ci_stat.result.counted import CountedRuns
from tests.support.results import provenance, result
from tests.support.rows import row


class _Work:
    """How many pull requests were written into commits, and how many values were compared."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.written = self.compared = 0
        slot: MemberDescriptorType = vars(Commit)["prs"]

        def read(commit: Commit) -> object:
            return slot.__get__(commit)

        def write(commit: Commit, prs: tuple[object, ...]) -> None:
            self.written += len(prs)
            slot.__set__(commit, prs)

        def equal(one: CountedRuns, other: object) -> bool:
            self.compared += 1
            return one is other

        patch.setattr(Commit, "prs", property(read, write))
        patch.setattr(CountedRuns, "__eq__", equal)


def _runs(count: int, commit: str) -> list[Run]:
    """One run of each of `count` pull requests, all with this text as their commit."""
    (run,) = result([row("unit", 1, pr=1, commit=commit)]).run_list
    numbers = range(1, count + 1)
    return [msgspec.structs.replace(run, pr_number=n, job_id=n) for n in numbers]


def test_80_000_pull_requests_with_one_commit_text(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = _runs(80_000, "HEAD")
    work = _Work(monkeypatch)
    res = Result(runs, provenance(len(runs)))

    (commit,) = res.commit_hash_map.values()
    assert [pr.number for pr in commit.prs] == list(range(1, 80_001))
    assert (work.written, work.compared) == (80_000, 0)
