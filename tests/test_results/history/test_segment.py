"""Segments: what is encoded comes back, under a name that its content decides."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.errors import SourceError
from ci_stat.records.run_info import RunInfo
from ci_stat.test_results.history.segment import (
    VERSION,
    Segment,
    SegmentFile,
    SegmentText,
    decode,
    encode,
    pack,
    pack_path,
    path_of,
    unpacked_days,
)

TEXT = st.text(max_size=8)
LINES = st.integers(-(2**31), 2**31)
RUNS = st.builds(
    RunInfo,
    job=TEXT,
    number=st.none() | st.integers(0, 10**15),
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    started=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
)
TEXTS = st.builds(
    SegmentText, st.integers(0, 9), TEXT, TEXT, st.none() | LINES, st.integers(0, 2**60)
)
FILES = st.builds(
    SegmentFile,
    *([TEXT] * 5),
    *([st.lists(st.integers(0, 2**40), max_size=3)] * 3),
    st.lists(st.none() | st.integers(0, 2**60), max_size=3),
    st.lists(TEXT, max_size=2),
    st.lists(TEXTS, max_size=2),
)
SEGMENTS = st.builds(
    Segment,
    st.just(VERSION),
    TEXT,
    RUNS,
    st.lists(st.tuples(*[TEXT] * 5), max_size=3),
    st.lists(FILES, max_size=2),
)
DAY = date(2026, 11, 1)


@given(SEGMENTS)
def test_what_is_encoded_comes_back(segment: Segment) -> None:
    path, content = encode(segment)
    (decoded,) = decode(path, content)
    assert decoded == segment
    assert path_of(decoded) == path


@given(st.lists(SEGMENTS, max_size=4))
def test_a_pack_has_each_segment_once_in_any_order(segments: list[Segment]) -> None:
    path, content = pack(DAY, segments)
    assert {path_of(one) for one in decode(path, content)} == set(map(path_of, segments))
    assert pack(DAY, [*reversed(segments), *segments]) == (path, content)
    assert pack_path(DAY, map(path_of, segments)) == path


@pytest.mark.parametrize("damage", [b"", b"no zstd", b"\x28\xb5\x2f\xfd", None])
def test_damage_is_an_error(damage: bytes | None) -> None:
    segment = Segment(
        VERSION, "k", RunInfo("unit", started=datetime(2026, 11, 1, tzinfo=UTC)), [], []
    )
    path, content = encode(segment)
    with pytest.raises(SourceError, match="damaged"):
        decode(path, content[:-3] if damage is None else damage)


def test_a_segment_of_a_newer_ci_stat_is_refused() -> None:
    run = RunInfo("unit", started=datetime(2026, 11, 1, tzinfo=UTC))
    path, content = encode(Segment(VERSION + 1, "k", run, [], []))
    with pytest.raises(SourceError, match="Use the newer ci_stat"):
        decode(path, content)


def test_finished_days_with_a_loose_segment_are_packed() -> None:
    one, two = "0" * 32, "1" * 32
    paths = [
        f"segments/2026/11/01/{one}.zst",
        f"segments/2026/11/01/{two}.zst",
        f"segments/2026/11/02/{one}.zst",  # alone
        f"days/2026/11/03-{one}.zst",  # packed
        f"days/2026/11/04-{one}.zst",
        f"segments/2026/11/04/{one}.zst",  # came late
        f"segments/2026/11/09/{one}.zst",
        f"segments/2026/11/09/{two}.zst",  # not finished yet
        "README.md",
    ]
    assert list(unpacked_days(paths, date(2026, 11, 10))) == [DAY, date(2026, 11, 4)]
