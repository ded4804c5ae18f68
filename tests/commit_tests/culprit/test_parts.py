"""The parts of a decision: groups of suspects, ranges, evidence, costs, next runs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.commit_tests.culprit.costs import expected_costs
from ci_stat.commit_tests.culprit.decisions import assess, next_trials
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.groups import groups, shortest_range
from ci_stat.commit_tests.culprit.model import Answer, Source, Trial
from tests.commit_tests.culprit.searching import commits, observation, search_of, sha

_PLACES = commits(10).places()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sets(st.integers(0, 12)))
def test_groups_divide_the_suspects_at_what_can_be_run(
    suspects: list[float], unusable: set[int]
) -> None:
    found = groups(np.array(suspects), unusable)
    assert found[0].first == 1
    assert found[-1].last == len(suspects)
    assert all(left.last + 1 == right.first for left, right in pairwise(found))
    for group in found:
        inside = suspects[group.first - 1 : group.last]
        assert group.probability == pytest.approx(sum(inside))
        assert all(place in unusable for place in range(group.first, group.last))
        if group.parent is not None:
            assert group.parent not in unusable
            assert all(place in unusable for place in range(group.parent + 1, group.first))
        if group.test is not None:
            assert group.test == group.last
            assert group.test not in unusable


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.floats(0.01, 0.99))
def test_the_shortest_range_is_the_shortest(weights: list[float], share: float) -> None:
    suspects = np.array(weights) / max(1.0, sum(weights))
    first, last, held = shortest_range(suspects, share)
    assert held == pytest.approx(suspects[first - 1 : last].sum())
    for length in range(1, last - first + 1):
        sums = [suspects[at : at + length].sum() for at in range(len(weights) - length + 1)]
        assert max(sums) < share + 1e-9
    if suspects.sum() >= share + 1e-9:
        assert held >= share - 1e-9
    else:
        assert last - first + 1 == len(weights) or held >= share - 1e-9


def test_evidence_counts_answers_by_place() -> None:
    evidence = Evidence.of(
        [
            observation(3, 4, Answer.FAILED),
            observation(1, 4, Answer.PASSED, source=Source.CI_DATA),
            observation(2, 6, Answer.UNUSABLE),
            observation(4, 7, Answer.ERROR),
            observation(5, 7, Answer.ERROR),
            observation(6, 8, Answer.ERROR),
            observation(7, 8, Answer.PASSED),
            observation(8, 50, Answer.FAILED),
        ],
        _PLACES,
    )
    assert {place: (c.failed, c.passed) for place, c in evidence.counts.items()} == {
        4: (1, 1),
        8: (0, 1),
    }
    assert evidence.unusable == {6, 7}
    assert evidence.own_runs == 7
    assert evidence.errors_in_a_row == 0


def test_pairs_are_those_of_the_suspect_by_their_begin() -> None:
    evidence = Evidence.of(
        [
            observation(1, 5, Answer.FAILED),
            observation(6, 5, Answer.FAILED, confirms=sha(5)),
            observation(4, 4, Answer.PASSED, confirms=sha(5)),
            observation(5, 4, Answer.FAILED, confirms=sha(5)),
            observation(7, 5, Answer.ERROR, confirms=sha(5)),
            observation(8, 5, Answer.FAILED, confirms=sha(6)),
        ],
        _PLACES,
    )
    assert evidence.confirming(sha(5), sha(4)) == (2, 1)
    pairs = evidence.pairs(sha(5), sha(4))
    assert (pairs.failed_before, pairs.failed_after, pairs.pairs) == (0, 1, 1)
    before, after = evidence.before_pairs(sha(5), 5)
    assert (before.runs, after.failed, after.runs) == (0, 1, 1)


def test_neighbours_of_a_broken_commit_are_doubtful_unless_they_ran() -> None:
    evidence = Evidence.of(
        [observation(1, 5, Answer.UNUSABLE), observation(2, 6, Answer.PASSED)], _PLACES
    )
    usable = expected_costs(evidence, 11).usable
    assert usable[5] == 0
    assert usable[6] == 1
    assert usable[4] == 0.5
    assert usable[2] == 0.75
    assert usable[0] == pytest.approx(1 - 1 / 6)


def test_a_commit_whose_setup_is_kept_costs_less() -> None:
    runs = [
        observation(1, 5, Answer.FAILED, seconds=600.0),
        observation(2, 3, Answer.PASSED, seconds=600.0),
        observation(3, 5, Answer.FAILED, seconds=60.0),
        observation(4, 3, Answer.PASSED, seconds=60.0),
    ]
    minutes = expected_costs(Evidence.of(runs, _PLACES), 11).minutes
    assert minutes[5] == minutes[3] == 1
    assert minutes[4] == 10
    assert expected_costs(Evidence.of(runs[:2], _PLACES), 11).minutes.tolist() == [10] * 11


def test_expensive_commits_are_run_less_often() -> None:
    """Runs that cost a tenth at commits which are built already are used first."""
    search = search_of(10)
    runs = [
        observation(number, place, answer, seconds=seconds)
        for number, (place, answer, seconds) in enumerate(
            [(5, Answer.FAILED, 1000.0), (4, Answer.PASSED, 1000.0)]
            + [(5, Answer.FAILED, 1.0), (4, Answer.PASSED, 1.0)] * 2
        )
    ]
    trials = next_trials(search, assess(search, Evidence.of(runs, search.commits.places())), 2)
    assert {trial.place for trial in trials} <= {4, 5}


def test_runs_that_confirm_take_turns_with_the_open_ones() -> None:
    search = search_of(10)
    runs = [observation(number, 5, Answer.FAILED) for number in range(6)]
    runs += [observation(number, 4, Answer.PASSED) for number in range(6, 14)]
    assessment = assess(search, Evidence.of(runs, search.commits.places()))
    assert assessment.confirms
    trials = next_trials(search, assessment, 3, [Trial(4, sha(5))])
    assert [trial.place for trial in trials] == [5, 4, 5]
    assert {trial.confirms for trial in trials} == {sha(5)}
