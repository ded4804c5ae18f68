"""The scanner: which parts of a log it keeps, and the numbers of their lines."""

import io
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.failures.document import Document
from ci_stat.failures.scanning import pages as kept_pages
from ci_stat.failures.scanning import scan as scanner
from ci_stat.failures.scanning.anchors import Anchors
from ci_stat.failures.scanning.scan import OVERLAP, PAGE, PAGES, scan
from ci_stat.failures.text import MAX_LENGTH

ANCHORS = Anchors(["FAIL: ", "--- FAIL: ", "panic: "])
BUFFER = PAGE * PAGES


class Dribble:
    """A stream whose reads return different numbers of bytes."""

    def __init__(self, data: bytes, sizes: Callable[[], int]) -> None:
        self._file, self._sizes = io.BytesIO(data), sizes

    def readinto(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer[: max(1, self._sizes())])


def positions(data: bytes) -> dict[int, str]:
    """Return number and text of each kept line with an anchor."""
    document = Document(scan(io.BytesIO(data), ANCHORS).parts)
    return {document.numbers[line]: document.text(line) for line in document.anchored(ANCHORS)}


def expected(data: bytes) -> dict[int, str]:
    lines = data.decode().split("\n")
    anchored = {
        n: text
        for n, text in enumerate(lines, 1)
        if any(literal in text for literal in ANCHORS.literals)
    }
    return {n: text[:MAX_LENGTH].rstrip() for n, text in anchored.items()}


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Draw filler with anchors, some near the borders of pages and buffers."""
    size = draw(st.integers(0, 3 * BUFFER))
    line = b"some filler of a log that says nothing at all " * 2 + b"\n"
    data = bytearray((line * (size // len(line) + 1))[:size])
    borders = st.builds(
        lambda unit, times, off: unit * times + off,
        st.sampled_from([PAGE, BUFFER]),
        st.integers(0, 24),
        st.integers(-20, 20),
    )
    for place in draw(st.lists(st.one_of(st.integers(0, max(0, size)), borders), max_size=8)):
        text = draw(st.sampled_from([b"\nFAIL: x\n", b"\n--- FAIL: T (0s)\n", b"\npanic: y\n"]))
        if 0 <= place <= size - len(text):
            data[place : place + len(text)] = text
    return bytes(data)


@given(logs())
@example(b"")
@example(b"FAIL: ")
@example(b"x" * (BUFFER - 3) + b"FAIL: y")
@example(b"x" * (BUFFER - 3) + b"\nFAIL: y\n" + b"z" * BUFFER)
@example(b"\n" * (BUFFER - 2) + b"panic: over the border\n" + b"\n" * BUFFER)
def test_every_anchored_line_is_kept_with_its_number(data: bytes) -> None:
    assert positions(data) == expected(data)


@given(logs(), st.randoms(use_true_random=False))
def test_the_size_of_the_reads_does_not_matter(data: bytes, rng: object) -> None:
    import random

    assert isinstance(rng, random.Random)
    dribbled = scan(Dribble(data, lambda: rng.randint(1, 90_000)), ANCHORS)
    assert dribbled == scan(io.BytesIO(data), ANCHORS)


@given(logs())
def test_lines_are_counted_and_what_is_kept_is_the_log(data: bytes) -> None:
    scanned = scan(io.BytesIO(data), ANCHORS)
    assert (scanned.size, scanned.lines) == (
        len(data),
        len(data.split(b"\n")) - data.endswith(b"\n") if data else 0,
    )
    lines = data.split(b"\n")
    for part in scanned.parts:
        text = part.data.split(b"\n")
        assert lines[part.first - 1].endswith(text[0]) or len(text) == 1
        assert lines[part.first : part.first + len(text) - 2] == text[1:-1]
        assert part.whole_line == (
            lines[part.first - 1].startswith(text[0]) and not _inside(data, part)
        )


def _inside(data: bytes, part: scanner.Part) -> bool:
    start = sum(len(line) + 1 for line in data.split(b"\n")[: part.first - 1])
    return not data[start:].startswith(part.data[:200])


def test_an_anchor_cut_apart_by_colours_is_found_far_from_the_end() -> None:
    line = b"pan\x1b[1mic\x1b[0m: at the disco"
    assert positions(line + b"\n" + b"filler\n" * 100_000) == {1: "panic: at the disco"}


def test_a_log_full_of_anchors_is_kept_in_part_from_both_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = 12
    monkeypatch.setattr(kept_pages, "MAX_PAGES", pages)
    data = b"".join(b"FAIL: %d\n" % number for number in range(200_000))
    limit = (2 * pages + 2 * PAGES) * PAGE
    assert limit < len(data)
    scanned = scan(io.BytesIO(data), ANCHORS)
    kept = sum(len(part.data) for part in scanned.parts)
    assert limit // 2 < kept <= limit
    document = Document(scanned.parts)
    assert document.numbers[0] == 1
    assert document.text(len(document) - 1) == "FAIL: 199999"
    assert document.numbers[-1] == 200_000


def test_a_line_without_end_is_one_line() -> None:
    data = b"x" * (5 * BUFFER) + b"panic: in the middle" + b"y" * (5 * BUFFER)
    assert list(positions(data)) == [1]


@pytest.mark.parametrize("unit", [PAGE, BUFFER])
@pytest.mark.parametrize("shift", range(-8, 2))
def test_anchors_on_the_border_are_seen_once(unit: int, shift: int) -> None:
    data = b"." * (unit + shift) + b"\npanic: y\n" + b"." * unit
    assert positions(data) == {2: "panic: y"}


def test_no_anchor_of_the_package_is_longer_than_the_overlap() -> None:
    from ci_stat.failures.rules import anchors_of, builtin

    assert max(len(anchor.encode()) for anchor in anchors_of(builtin())) <= OVERLAP
