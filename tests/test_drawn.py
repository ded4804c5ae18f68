"""The part of a product that `make test` runs."""

import pytest

from tests.support import drawn as module
from tests.support.drawn import drawn


@pytest.mark.parametrize(("size", "count"), [(0, 0), (1, 1), (4, 1), (5, 2), (100, 25)])
def test_one_of_four_and_at_least_one(size: int, count: int) -> None:
    part = drawn(range(size), 4, "numbers", whole=False)
    assert len(part) == count
    assert part == sorted(set(part))


def test_the_same_part_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (
        drawn(range(1000), 4, key, whole=False) for key in ("points", "points", "faults")
    )
    assert first == again != other
    monkeypatch.setattr(module, "SEED", "2")
    assert drawn(range(1000), 4, "points", whole=False) != first


def test_the_whole_in_the_full_suite() -> None:
    assert drawn(range(10), 4, "numbers", whole=True) == list(range(10))
