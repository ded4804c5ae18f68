"""Packed columns come back as they were."""

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.store.results.packed.packing import pack
from ci_stat.store.results.packed.unpacking import unpack


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 9), st.integers(0, 9))))
def test_packed_columns_come_back(rows: list[tuple[int, int, int]]) -> None:
    columns = [[row[0] for row in rows], [row[1] * 1000 for row in rows], [row[2] for row in rows]]
    assert [column.tolist() for column in unpack(pack(columns))] == columns
