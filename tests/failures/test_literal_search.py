"""Both engines find the same literals in any text."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures.commands.sections import ANCHORS
from ci_stat.failures.rules import anchors_of, builtin
from ci_stat.failures.scanning import literal_search
from ci_stat.failures.scanning.literal_search import (
    Engine,
    FragmentEngine,
    HyperscanEngine,
    engine,
    pieces,
)
from ci_stat.failures.scanning.pieces import PIECES as PIECES_OF_ANCHORS

pytest.importorskip("hyperscan", reason="no wheel of Hyperscan for this machine")

LITERALS = [literal.encode() for literal in sorted(anchors_of(builtin()) | set(ANCHORS))]
HYPERSCAN, FRAGMENTS = HyperscanEngine(LITERALS), FragmentEngine(LITERALS)

PIECES = st.one_of(
    st.sampled_from(LITERALS),
    st.sampled_from(LITERALS).map(lambda literal: literal[:-1]),
    st.sampled_from(LITERALS).map(lambda literal: literal[1:]),
    st.sampled_from([b"\n", b"\r", b" ", b"\0", b"\xff", b"\xe2", b"x", b"0"]),
    st.binary(max_size=5),
)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_both_engines_find_the_same(data: bytes) -> None:
    expected = sorted(
        (offset, index)
        for index, literal in enumerate(LITERALS)
        for offset in range(len(data))
        if data.startswith(literal, offset)
    )
    assert sorted(HYPERSCAN.find(data)) == expected
    assert sorted(FRAGMENTS.find(memoryview(data))) == expected


@pytest.mark.parametrize("engine", [HYPERSCAN, FRAGMENTS], ids=lambda engine: type(engine).__name__)
@given(st.lists(PIECES, max_size=40).map(b"".join), st.integers(1, 9))
def test_a_part_of_the_matches_is_a_part_of_them(engine: Engine, data: bytes, most: int) -> None:
    matches = engine.find(data)
    some = engine.some(data, most)
    assert set(some) <= set(matches)
    assert len(some) == min(most, len(matches))
    assert engine.present(data) == {index for _, index in matches}


@given(st.lists(st.tuples(st.integers(0, 1 << 16), PIECES), max_size=20), st.integers(1, 30))
def test_in_a_long_text_too(places: list[tuple[int, bytes]], most: int) -> None:
    data = bytearray(b"." * (1 << 16))
    for begin, piece in places:
        data[begin : begin + len(piece)] = piece
    matches = HYPERSCAN.find(bytes(data))
    some = HYPERSCAN.some(memoryview(data), most)
    assert set(some) <= set(matches)
    assert len(some) == min(most, len(set(matches)))


def test_every_piece_is_the_first_of_an_anchor() -> None:
    assert {piece.encode() for piece in PIECES_OF_ANCHORS} <= set(pieces(LITERALS))


def test_without_hyperscan_the_other_engine_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(literals: object) -> Engine:
        raise ImportError("no module named hyperscan")

    monkeypatch.setattr(literal_search, "HyperscanEngine", missing)
    assert isinstance(engine(LITERALS), FragmentEngine)


def test_threads_search_at_the_same_time() -> None:
    data = b"".join(LITERALS) * 40
    expected = sorted(HYPERSCAN.find(data))
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(HYPERSCAN.find, [data] * 40))
    assert all(sorted(matches) == expected for matches in results)
