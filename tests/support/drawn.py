"""A drawn part of a large product of cases. `make test` runs the part, `make test-full` the whole.

The draw has a seed: it is the same in each run. CI_STAT_TEST_SEED=2 draws another part.
"""

import os
from collections.abc import Sequence
from random import Random
from typing import TypeVar

import pytest

FULL = "CI_STAT_TEST_FULL" in os.environ
SEED = os.environ.get("CI_STAT_TEST_SEED", "1")
T = TypeVar("T")

full = pytest.mark.skipif(not FULL, reason="only in the full suite: make test-full")


def drawn(cases: Sequence[T], share: int, key: str, whole: bool = FULL) -> list[T]:
    """One of `share` cases, at least one, in their order; all of them in the full suite.

    `key`: the name of the product, so that two products of the same size differ.
    """
    if whole or not cases:
        return list(cases)
    count = -(-len(cases) // share)
    places = Random(f"{SEED} {key}").sample(range(len(cases)), count)
    return [cases[place] for place in sorted(places)]
