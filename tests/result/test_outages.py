"""Which failures are an outage, and which are not."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records import Run, RunRow
from ci_stat.result.outages import (
    AUTHORS,
    PRS_OF_ENV,
    PRS_OF_ONE_CAUSE,
    RUNS,
    SHARE,
    SPAN,
    outages,
)
from tests.support.results import result as result_of
from tests.support.rows import BEGIN, pull, row

Hit = tuple[int, int, str, str]  # minute, pull request, kind, name


def runs(hits: Sequence[Hit], one_author: bool = False) -> list[Run]:
    return result_of([_row(number, hit, one_author) for number, hit in enumerate(hits, 1)]).run_list


def _row(number: int, hit: Hit, one_author: bool) -> RunRow:
    minute, pr, kind, name = hit
    author = "one" if one_author else f"author{pr}"
    return row(
        "unit",
        number,
        "FAILURE",
        pr=pr,
        time=BEGIN + timedelta(minutes=minute),
        description=pull(pr, ghprbPullAuthorLogin=author),
        analysis_res={kind: [name]},
    )


def env(*prs: int, every: int = 10) -> list[Hit]:
    return [(every * at, pr, "env", f"no space on node {at}") for at, pr in enumerate(prs)]


def test_machine_failures_are_one_cause_with_any_message() -> None:
    (outage,) = outages(runs([*env(1, 2, 3, 3), (40, 3, "env", "no space on node 0")]))
    assert (outage.typical.kind, outage.prs, outage.authors, len(outage.runs)) == ("env", 3, 3, 5)
    assert (outage.typical.name, outage.newest.job_id, outage.mixed) == (
        "no space on node 0",
        5,
        True,
    )


@pytest.mark.parametrize(
    "hits",
    [
        pytest.param(env(1, 2, 2, 2, 2, 2), id="two pull requests"),
        pytest.param(env(1, 2, 3, 1, 2, every=70), id="too far apart"),
        pytest.param(
            [(at, at, "case", "s.T") for at in range(PRS_OF_ONE_CAUSE - 1)], id="a case of few"
        ),
        pytest.param(
            [(at, at, "check", "check error") for at in range(9)], id="a name for anything"
        ),
        pytest.param(env(1, 2, 3, 1), id="few runs"),
        pytest.param([], id="nothing"),
    ],
)
def test_no_outage(hits: list[Hit]) -> None:
    assert outages(runs(hits)) == []


def test_one_persons_pull_requests_are_no_outage() -> None:
    assert outages(runs(env(1, 2, 3, 4, 5), one_author=True)) == []


def test_a_small_part_of_many_failures_is_no_outage() -> None:
    others = [(at, 100 + at, "case", f"s.T{at}") for at in range(20)]
    assert outages(runs(sorted([*env(1, 2, 3, every=9), *others]))) == []


def test_one_case_in_many_pull_requests_is_one_cause() -> None:
    (outage,) = outages(runs([(at, at + 1, "case", "s.T") for at in range(PRS_OF_ONE_CAUSE)]))
    assert (outage.typical.kind, outage.typical.name, outage.prs) == (
        "case",
        "s.T",
        PRS_OF_ONE_CAUSE,
    )


def test_two_outages_of_a_day_are_two() -> None:
    morning, evening = (
        env(1, 2, 3, 1, 2),
        [(at + 600, *rest) for at, *rest in env(4, 5, 6, 7, 4, 5)],
    )
    first, second = outages(runs([*morning, *evening]))  # type: ignore[list-item]
    assert (first.prs, second.prs) == (4, 3)


def test_successes_and_nightly_runs_are_in_no_outage() -> None:
    rows = [row("unit", at, "FAILURE", analysis_res={"env": ["x"]}, time=BEGIN) for at in range(9)]
    assert outages(result_of(rows).all_runs) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 600),
            st.integers(1, 6),
            st.sampled_from(["env", "case"]),
            st.sampled_from("ab"),
        )
    )
)
def test_what_an_outage_is(hits: list[Hit]) -> None:
    """Its runs are in no other outage, in order, of one cause, close together, and enough."""
    given = runs(sorted(hits))
    result = outages(given)
    ids = [run.job_id for outage in result for run in outage.runs]
    assert len(ids) == len(set(ids))
    for outage in result:
        times = [run.time for run in outage.runs]
        assert times == sorted(times)  # type: ignore[type-var]
        assert outage.authors >= AUTHORS
        assert outage.prs >= (PRS_OF_ENV if outage.machines else PRS_OF_ONE_CAUSE)
        assert all(later - earlier <= SPAN for earlier, later in pairwise(times))  # type: ignore[operator]
        between = sum(times[0] <= run.time <= times[-1] for run in given)  # type: ignore[operator]
        assert len(outage.runs) >= max(RUNS, SHARE * between)


@given(st.permutations(env(1, 2, 3, 4, 5, 6)))
def test_the_order_of_rows_changes_nothing(hits: list[Hit]) -> None:
    result, usual = outages(runs(hits)), outages(runs(env(1, 2, 3, 4, 5, 6)))
    assert [[run.time for run in outage.runs] for outage in result] == [
        [run.time for run in outage.runs] for outage in usual
    ]
