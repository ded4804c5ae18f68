"""Unpacking in a second thread: the same text, and nothing left behind wherever reading ends."""

import base64
import gzip
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_stat.logs import compressed
from ci_stat.logs.compressed import opened
from ci_stat.logs.read_ahead import ReadAhead, is_worth_it
from ci_stat.records import LogState
from tests.logs.test_compressed import NOISE, PACKED, PACKERS, WHOLE, from_file, read_all
from tests.logs.test_zip import archive

TEXT = base64.b64encode(random.Random(5).randbytes(2_400_000)) + b"\n"


@pytest.fixture(autouse=True)
def _ends_all_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    count = threading.active_count()
    yield
    assert threading.active_count() == count


def count_threads(monkeypatch: pytest.MonkeyPatch) -> list[ReadAhead]:
    started: list[ReadAhead] = []

    def start(blocks: Iterator[bytes]) -> ReadAhead:
        started.append(ReadAhead(blocks))
        return started[-1]

    monkeypatch.setattr(compressed, "ReadAhead", start)
    return started


@pytest.mark.parametrize("name", [*PACKED, "zip"])
def test_a_big_file_is_unpacked_ahead(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = count_threads(monkeypatch)
    data = archive({"a.txt": TEXT}) if name == "zip" else PACKERS[name](TEXT)
    (tmp_path / "log").write_bytes(data)
    text, state, _ = from_file(tmp_path / "log")
    assert (text, state, len(started)) == (TEXT, LogState.READ, 1)


@pytest.mark.parametrize(("name", "size"), [("gz", 1), ("plain", 9)])
def test_a_small_or_plain_file_starts_no_thread(
    tmp_path: Path, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = count_threads(monkeypatch)
    (tmp_path / "log").write_bytes(PACKERS[name](NOISE * size))
    assert from_file(tmp_path / "log") == (NOISE * size, *WHOLE)
    assert not started


def test_one_core_and_a_worker_process_unpack_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_worth_it(2**20)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert not is_worth_it(2**20)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("multiprocessing.parent_process", lambda: object())
    assert not is_worth_it(2**20)


@pytest.mark.parametrize("given", [0, 10, 700_000])
def test_a_reader_that_stops_midway_ends_the_thread(tmp_path: Path, given: int) -> None:
    (tmp_path / "log").write_bytes(gzip.compress(TEXT, 1))
    with opened(tmp_path / "log") as stream:
        done = 0
        while done < given:
            done += stream.readinto(memoryview(bytearray(10_000)))
        if not given:
            return
    assert stream.readinto(memoryview(bytearray(10))) == 0


def test_the_limit_ends_the_thread(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(gzip.compress(TEXT, 1))
    with opened(tmp_path / "log", limit=1_000_000) as stream:
        assert len(read_all(stream)) == 1_000_000
        assert stream.state is LogState.TOO_BIG


def test_a_cut_file_gives_its_text_first(tmp_path: Path) -> None:
    data = gzip.compress(TEXT, 1)
    (tmp_path / "log").write_bytes(data[: len(data) // 2])
    text, state, detail = from_file(tmp_path / "log")
    assert TEXT.startswith(text)
    assert len(text) > len(TEXT) // 3
    assert (state, detail) == (LogState.CUT, "the compressed data ends early")


def test_an_error_comes_after_the_blocks_before_it() -> None:
    def blocks() -> Iterator[bytes]:
        yield from [b"a", b"b"]
        raise ValueError("broken")

    ahead = ReadAhead(blocks())
    got = [next(ahead), next(ahead)]
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
    ahead.close()
    assert got == [b"a", b"b"]
    assert list(ahead) == []


def test_it_does_not_read_the_whole_log_ahead() -> None:
    taken = []

    def blocks() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"x"

    ahead = ReadAhead(blocks())
    next(ahead)
    time.sleep(0.2)
    assert len(taken) < 10
    ahead.close()
    assert len(taken) < 12
