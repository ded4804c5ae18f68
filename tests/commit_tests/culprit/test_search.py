"""Searches with made-up tests: what they conclude, and how they spend their runs."""

import asyncio
from pathlib import Path

import pytest

from ci_stat.commit_tests.culprit.ledger import SearchFile
from ci_stat.commit_tests.culprit.model import (
    Answer,
    Direction,
    End,
    Form,
    Kind,
    Ran,
    RateHistory,
    Rules,
)
from ci_stat.commit_tests.culprit.service import Progress, Searcher
from tests.commit_tests.culprit.searching import (
    clock,
    find,
    flaky,
    new_file,
    search_of,
    sha,
)


def test_a_steady_test_is_found_with_few_runs(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(64), flaky(23, 0, 1))
    assert result.kind is Kind.CULPRIT
    assert [commit.sha for commit in result.named] == [sha(23)]
    assert result.probability >= 0.99
    assert result.is_confirmed
    assert result.runs <= 32
    assert result.before.failed == 0
    assert result.after.passed == 0


@pytest.mark.parametrize(("before", "after"), [(0.05, 0.6), (0.0, 0.3), (0.2, 0.9)])
def test_a_flaky_test_is_found(tmp_path: Path, before: float, after: float) -> None:
    result = find(tmp_path, search_of(20), flaky(7, before, after, seed=3))
    assert [commit.sha for commit in result.named] == [sha(7)]
    assert result.confirmation is not None
    assert result.confirmation.parent == sha(6)
    assert result.confirmation.level >= 0.99


@pytest.mark.parametrize(
    ("rate", "form"),
    [(1.0, Form.FAILS_BEFORE), (0.3, Form.FLAKY), (0.0, Form.NOT_REPRODUCED)],
)
def test_a_test_with_one_rate_has_no_culprit(tmp_path: Path, rate: float, form: Form) -> None:
    rules = Rules(parallel=8, budget=1000)
    result = find(tmp_path, search_of(20, rules), flaky(0, rate, rate))
    assert (result.kind, result.form) == (Kind.NO_CULPRIT, form)
    assert result.named == ()
    assert result.after.rate == pytest.approx(rate, abs=0.1)


def test_a_test_that_fails_at_the_good_commit_now_changed_before_the_range(tmp_path: Path) -> None:
    """200 passes of older commits count as 100."""
    history = RateHistory(passed_before=200)
    result = find(tmp_path, search_of(20, history=history), flaky(0, 0.5, 0.5))
    assert (result.kind, result.form) == (Kind.NO_CULPRIT, Form.FAILS_BEFORE)


def test_the_commit_that_repaired_a_test_is_found(tmp_path: Path) -> None:
    rules = Rules(parallel=4, direction=Direction.BETTER)
    result = find(tmp_path, search_of(30, rules), flaky(11, 0.9, 0.05))
    assert [commit.sha for commit in result.named] == [sha(11)]
    worse = find(tmp_path / "worse", search_of(30), flaky(11, 0.9, 0.05))
    assert worse.kind is Kind.NO_CULPRIT


def test_a_change_in_any_direction_is_found(tmp_path: Path) -> None:
    rules = Rules(parallel=4, direction=Direction.ANY)
    for number, rates in enumerate(((0.9, 0.0), (0.0, 0.9))):
        result = find(tmp_path / str(number), search_of(16, rules), flaky(5, *rates))
        assert [commit.sha for commit in result.named] == [sha(5)]


def test_history_saves_runs(tmp_path: Path) -> None:
    with_history = RateHistory(passed_before=100, failed_after=20, passed_after=20)
    plain = find(tmp_path / "plain", search_of(100), flaky(40, 0, 0.5, seed=5))
    informed = find(
        tmp_path / "informed", search_of(100, history=with_history), flaky(40, 0, 0.5, seed=5)
    )
    assert [commit.sha for commit in informed.named] == [sha(40)]
    assert informed.runs < plain.runs


def test_commits_that_do_not_build_are_named_with_the_next_one(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(30), flaky(12, 0, 1, broken=(10, 11, 12)))
    assert [commit.sha for commit in result.named] == [sha(place) for place in (10, 11, 12, 13)]
    assert result.is_confirmed
    assert result.confirmation is not None
    assert (result.confirmation.parent, result.confirmation.suspect) == (sha(9), sha(13))
    assert [entry.unusable for entry in result.suspicions[9:13]] == [True, True, True, False]


def test_a_bad_commit_that_does_not_build_leaves_a_doubt_about_the_last_ones(
    tmp_path: Path,
) -> None:
    """The failure may have come with commits that nobody can run."""
    result = find(tmp_path, search_of(8, Rules(budget=60)), flaky(8, 0, 1, broken=(7, 8)))
    assert result.kind is Kind.UNSURE
    assert not result.is_confirmed


def test_nothing_builds(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(3), flaky(2, 0, 1, broken=range(4)))
    assert (result.kind, result.end) == (Kind.UNSURE, End.NOTHING_TO_RUN)
    assert result.runs == 4


def test_the_budget_ends_a_search_with_a_range(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(200, Rules(budget=12)), flaky(50, 0, 1))
    assert (result.kind, result.end, result.runs) == (Kind.UNSURE, End.BUDGET, 12)
    assert sha(50) in [commit.sha for commit in result.named]
    assert 1 < len(result.named) < 50
    assert result.confirmation is not None
    assert not result.confirmation.is_reached


def test_a_dead_infrastructure_ends_a_search(tmp_path: Path) -> None:
    async def run(commit: str) -> Ran:
        return Ran(Answer.ERROR, 1.0, "no disk space")

    result = find(tmp_path, search_of(50, Rules(budget=100)), run)
    assert (result.kind, result.end, result.runs) == (Kind.UNSURE, End.INFRASTRUCTURE, 4)


def test_errors_now_and_then_are_repeated(tmp_path: Path) -> None:
    runs = flaky(3, 0, 1)
    numbers = iter(range(10_000))

    async def run(commit: str) -> Ran:
        return Ran(Answer.ERROR) if next(numbers) % 3 == 0 else await runs(commit)

    result = find(tmp_path, search_of(10), run)
    assert [commit.sha for commit in result.named] == [sha(3)]


def test_without_confirmation_the_belief_alone_decides(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(64, Rules(confirms=False)), flaky(23, 0, 1))
    assert [commit.sha for commit in result.named] == [sha(23)]
    assert result.confirmation is None


def test_slots_stay_full_and_the_budget_is_kept(tmp_path: Path) -> None:
    running = most = 0
    answers = flaky(9, 0.1, 0.7)

    async def run(commit: str) -> Ran:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (int(commit[:8], 16) % 3))
        running -= 1
        return await answers(commit)

    shown: list[Progress] = []
    result = find(tmp_path, search_of(20, Rules(parallel=3, budget=25)), run, shown)
    assert most == 3
    assert result.runs <= 25
    assert max(len(progress.open_trials) for progress in shown) == 3


def test_open_runs_are_awaited_before_an_answer_counts(tmp_path: Path) -> None:
    """Failures end at once, passes late: without the passes, failures would look too frequent."""
    answers = flaky(0, 0.5, 0.5, seed=2)
    started: list[str] = []

    async def run(commit: str) -> Ran:
        started.append(commit)
        ran = await answers(commit)
        await asyncio.sleep(0.002 if ran.answer is Answer.PASSED else 0)
        return ran

    result = find(tmp_path, search_of(2, Rules(parallel=8, budget=500)), run)
    assert result.runs == len(started)


def test_a_cancelled_search_ends_its_runs_and_keeps_its_observations(tmp_path: Path) -> None:
    ended: list[str] = []
    answers = flaky(5, 0, 1)
    calls = iter(range(1000))

    async def run(commit: str) -> Ran:
        try:
            if next(calls) >= 6:
                await asyncio.sleep(60)
            return await answers(commit)
        finally:
            ended.append(commit)

    async def cancelled() -> None:
        file = new_file(tmp_path)
        task = asyncio.ensure_future(
            Searcher(file, run, clock(), lambda _: None).search(search_of(40))
        )
        while len(file.observations) < 6:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    kept = SearchFile.open(tmp_path / "search.jsonl")
    assert len(kept.observations) == 6
    assert len(ended) > 6

    # It goes on where it was.
    search = search_of(40)
    result = asyncio.run(Searcher(kept, answers, clock(), lambda _: None).search(search))
    assert [commit.sha for commit in result.named] == [sha(5)]
    assert result.runs == len(kept.observations)
