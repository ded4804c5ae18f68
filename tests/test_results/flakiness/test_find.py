"""What is flaky in a results database, on each kind of database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.failures.case_identity import identity_key
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import RunFilter
from ci_stat.test_results.flakiness.gather import gather, require_runs
from ci_stat.test_results.flakiness.known import known_flaky
from ci_stat.test_results.flakiness.model import Basis, Counts
from ci_stat.test_results.flakiness.service import find_flaky
from tests.store.results.conftest import empty, results
from tests.store.results.test_results import store
from tests.test_results.flakiness.drawn import BEGIN

__all__ = ["empty", "results"]

END = BEGIN + timedelta(days=30)
INSIDE = {"P": "", "F": "<failure/>", "S": "<skipped/>"}


def fill(
    engine: Engine,
    names: Mapping[str, str] | None = None,
    first: int = 1,
    cut: int = 0,
    begin: datetime = BEGIN,
    **tests: str,
) -> None:
    """Tests as `PF P`: letters of one word are runs on one commit, `.` is absent. A run an hour.

    `first`: number of the first run. `cut`: number of a run whose file ends early. A test takes a
    second more in each run.
    """
    words = {name: text.split() for name, text in {**(names or {}), **tests}.items()}
    number = first - 1
    for at, letters in enumerate(next(iter(words.values()))):
        for place in range(len(letters)):
            number += 1
            cases = "".join(
                f'<testcase classname="C" name="{name}" time="{number}">{INSIDE[letter]}</testcase>'
                for name, letter in ((name, word[at][place]) for name, word in words.items())
                if letter != "."
            )
            end = "" if number == cut else "</testsuite>"
            run = RunInfo(
                job="unit", number=number, commit=f"c{first + at - 1}", branch="main", repo="o/n",
                started=begin + timedelta(hours=number),
            )  # fmt: skip
            store(engine, f"<testsuite name='s'>{cases}{end}", run, "r.xml")


def test_proof_and_rate_with_their_runs(results: Engine) -> None:
    fill(results, flaky="PFP PP P FPPF PP", slow="PPP FF P PPPP PP", quiet="PPP PP P PPPP PP")
    flaky = find_flaky(results, BEGIN, END)

    (proven,) = flaky.proven
    assert proven.case.name == "flaky"
    assert (proven.proof, proven.within_run) == (Counts(2, 5), 0)
    assert proven.newest is not None
    assert proven.newest.info.commit == "c3"
    assert proven.newest_failed.info.number == 10
    assert {test.case.name: test.rate for test in flaky.rated} == {
        "flaky": Counts(3, 12),
        "slow": Counts(2, 12),
    }
    assert (flaky.all_tests, flaky.commits, flaky.repeated, flaky.rate_runs) == (3, 5, 4, 12)
    assert flaky.branch.basis is Basis.MOST_RUNS
    assert flaky.branch.words == ("main",)


def test_known_flaky_tests_have_the_keys_of_result_files(results: Engine) -> None:
    fill(results, flaky="PF PF PP", other="PP PP PP")
    known = known_flaky(results, BEGIN, END)
    assert list(known) == [identity_key("s", "C", "flaky")]
    test = known[identity_key("s", "C", "flaky")]
    assert (test.mixed, test.commits, test.jobs) == (2, 3, ("unit",))
    assert test.newest == BEGIN + timedelta(hours=4)
    assert not known_flaky(results, BEGIN, END, RunFilter(jobs=("other",)))


def test_a_run_that_was_cut_proves_nothing(results: Engine) -> None:
    fill(results, flaky="PF PP", other="PP PP", cut=2)
    flaky = find_flaky(results, BEGIN, END)
    assert flaky.left_out.incomplete == 1
    assert not flaky.proven


def test_a_window_without_runs_is_no_answer(results: Engine) -> None:
    with pytest.raises(CannotTell, match="empty"):
        require_runs(results, gather(results, BEGIN, END))
    fill(results, a="P")
    with pytest.raises(CannotTell, match="newest run of all is from 2026-11-01 01:00"):
        require_runs(results, gather(results, END, END + timedelta(days=1)))
    with pytest.raises(UnknownName, match="unti"):
        require_runs(results, gather(results, BEGIN, END, RunFilter(jobs=("unti",))))
