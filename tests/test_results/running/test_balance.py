"""Shards: every file in exactly one, about as long, the same on every machine."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.test_results.running.balance import split

NAMES = st.lists(st.text(min_size=1, max_size=3), max_size=15)
SECONDS = st.floats(0, 5000, allow_nan=False)


@given(names=NAMES, shards=st.integers(1, 9), data=st.data())
def test_every_unit_is_in_exactly_one_shard(
    names: list[str], shards: int, data: st.DataObject
) -> None:
    known = data.draw(st.dictionaries(st.sampled_from(names or ["a"]), SECONDS))
    plan = split(names, known, shards)
    members = [name for shard in plan.shards for name in shard.units]
    assert sorted(members) == sorted(set(names))
    assert [shard.number for shard in plan.shards] == list(range(1, shards + 1))


@given(names=NAMES, shards=st.integers(1, 9), seed=st.integers())
def test_the_order_of_units_does_not_matter(names: list[str], shards: int, seed: int) -> None:
    known = {name: float(len(name)) for name in names[::2]}
    shuffled = random.Random(seed).sample(names, len(names))
    assert split(shuffled, known, shards) == split(names, known, shards)


@given(
    seconds=st.lists(st.integers(1, 500), min_size=1, max_size=40),
    shards=st.integers(1, 9),
)
def test_no_shard_is_longer_than_the_mean_and_one_unit(seconds: list[int], shards: int) -> None:
    known = {f"t{place}": float(value) for place, value in enumerate(seconds)}
    plan = split(list(known), known, shards)
    longest = max(shard.seconds or 0 for shard in plan.shards)
    assert longest <= sum(seconds) / shards + max(seconds)
    assert longest <= 4 / 3 * max(sum(seconds) / shards, max(seconds), *_pairs(seconds, shards))


def _pairs(seconds: list[int], shards: int) -> list[float]:
    """A bound of the best possible time: of the longest shards + 1 units, two share a shard."""
    ordered = sorted(seconds, reverse=True)
    rounds = range(1, (len(ordered) - 1) // shards + 1)
    return [sum(ordered[shards * r - r : shards * r + 1][-(r + 1) :]) for r in rounds] or [0]


def test_a_new_file_counts_as_the_median() -> None:
    plan = split(["a", "b", "c", "new"], {"a": 1.0, "b": 5.0, "c": 100.0}, 2)
    assert plan.median == 5.0
    assert [(shard.units, shard.seconds, shard.without_history) for shard in plan.shards] == [
        (("c",), 100.0, 0),
        (("a", "b", "new"), 11.0, 1),
    ]


def test_without_history_all_count_the_same() -> None:
    plan = split(list("abcdefg"), {}, 3)
    assert sorted(len(shard.units) for shard in plan.shards) == [2, 2, 3]
    assert {shard.seconds for shard in plan.shards} == {None}


def test_units_that_take_no_time_are_spread_too() -> None:
    plan = split(list("abcdef"), dict.fromkeys("abcdef", 0.0), 3)
    assert [len(shard.units) for shard in plan.shards] == [2, 2, 2]


def test_equal_plans_have_equal_digests() -> None:
    plan = split(["a", "b", "c"], {}, 2)
    assert plan.digest == split(["c", "b", "a"], {}, 2).digest
    assert plan.digest != split(["a", "b", "c"], {"a": 9.0, "b": 1.0, "c": 1.0}, 2).digest
