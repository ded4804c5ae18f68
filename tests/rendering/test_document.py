"""Names and texts of documents, cut to a number of characters."""

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.rendering.document import cut_name
from tests.support.hostile import raw

_CASE = "github.com/pingcap/tidb/executor/aggregate.testAggregateSuite.TestHashAggregationOf"


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = [f"{_CASE}Rows/{'x' * 80}/{end}" for end in ("spilled", "in_memory")]
    first, second = (cut_name(name, 110) for name in names)
    assert first.endswith("/spilled")
    assert second.endswith("/in_memory")
    assert first.startswith("github.com/pingcap/tidb/executor")
    assert max(map(len, (first, second))) <= 110


@given(st.text(), st.integers(8, 120))
def test_a_cut_name_has_its_ends_and_is_harmless(name: str, most: int) -> None:
    shown = cut_name(name, most)
    assert len(shown) <= most
    assert raw(shown) == set()


def test_an_emoji_is_kept_whole_or_left_out() -> None:
    family = "👨‍👩‍👧"
    for most in range(8, 40):
        shown = cut_name(f"{family * 20}", most)
        _, _, end = shown.partition("…")
        assert not end.startswith("\u200d")
