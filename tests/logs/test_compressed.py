"""Log files as plain text: every compression, cut or damaged data, bombs, and other file types."""

import base64
import bz2
import gzip
import io
import lzma
import os
import random
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_stat.logs.compressed import Unpacked, opened
from ci_stat.logs.regular_file import FLAGS, RegularFile
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog
from tests.support.zstd import CompressionParameter, ZstdCompressor, compress

Pack = Callable[[bytes], bytes]
MIB = 2**20
LOG = b"".join(b"[%d] --- FAIL: TestApply (0.0%ds)\n" % (n * 7919, n % 10) for n in range(40))


def zstd(data: bytes) -> bytes:
    options: dict[int, int] = {
        CompressionParameter.compression_level: 3,
        CompressionParameter.checksum_flag: 1,
    }
    return compress(data, options=options)


def zstd_stream(data: bytes) -> bytes:
    """Compress like `zstd < log`: the header does not contain the length."""
    packer = ZstdCompressor(level=1)
    return packer.compress(data) + packer.flush()


def skippable(data: bytes, which: int = 0) -> bytes:
    return bytes([0x50 + which]) + b"\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


PACKERS: dict[str, Pack] = {
    "plain": bytes,
    "gz": gzip.compress,
    "zst": zstd,
    "zst stream": zstd_stream,
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
PACKED = [name for name in PACKERS if name != "plain"]
packers = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())
packed_ones = pytest.mark.parametrize("pack", [PACKERS[name] for name in PACKED], ids=PACKED)
# Empty, an odd length, more than a block of each format, and text that hardly gets smaller.
NOISE = base64.b64encode(random.Random(1).randbytes(300_001)) + b"\n"
TEXTS = [b"\n", LOG, LOG * 300, NOISE]


class Dripping:
    """A pipe that returns `size` bytes per read."""

    def __init__(self, data: bytes, size: int = 1) -> None:
        self._file, self._size = io.BytesIO(data), size

    def readinto(self, buffer: memoryview, /) -> int:
        return self._file.readinto(buffer[: self._size])


def read_all(stream: Unpacked, size: int = 65_536) -> bytes:
    """Read all bytes as the scanner does; after the end every read returns 0."""
    buffer, got = memoryview(bytearray(size)), bytearray()
    while count := stream.readinto(buffer):
        got += buffer[:count]
    state = stream.state
    assert stream.readinto(buffer) == 0
    assert stream.state is state
    assert stream.given == len(got)
    return bytes(got)


def unpacked(
    data: bytes, limit: int = 2**40, drip: int | None = None
) -> tuple[bytes, LogState, str]:
    raw = io.BytesIO(data) if drip is None else Dripping(data, drip)
    stream = Unpacked(raw, limit)
    return read_all(stream), stream.state, stream.detail


def from_file(path: Path, limit: int = 2**40) -> tuple[bytes, LogState, str]:
    with opened(path, limit) as stream:
        return read_all(stream), stream.state, stream.detail


def refused(path: Path) -> NoLog:
    with pytest.raises(NoLog) as caught, opened(path):
        pass
    return caught.value


WHOLE = (LogState.READ, "")


@packers
@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_the_content_decides_the_format_not_the_name(
    tmp_path: Path, pack: Pack, text: bytes
) -> None:
    for name in ("log", "log.gz", "log.zst", "log.xz", "log.txt"):
        (tmp_path / name).write_bytes(pack(text))
        assert from_file(tmp_path / name) == (text, *WHOLE)


@packers
def test_a_pipe_may_give_one_byte_at_a_time(pack: Pack) -> None:
    assert unpacked(pack(LOG), drip=1) == (LOG, *WHOLE)
    assert unpacked(pack(LOG * 50), drip=7) == (LOG * 50, *WHOLE)


@packers
@pytest.mark.parametrize("size", [1, 3, 1_000_000])
def test_a_reader_may_ask_for_any_number_of_bytes(pack: Pack, size: int) -> None:
    stream = Unpacked(io.BytesIO(pack(LOG)))
    assert read_all(stream, size) == LOG


@packers
def test_an_empty_log(tmp_path: Path, pack: Pack) -> None:
    (tmp_path / "log").write_bytes(pack(b""))
    assert from_file(tmp_path / "log") == (b"", *WHOLE)


@packed_ones
def test_members_and_frames_one_after_another(pack: Pack) -> None:
    pieces = [LOG, b"", b"x", LOG * 100, b"\0" * 10]
    data = b"".join(map(pack, pieces))
    for drip in (None, 5):
        assert unpacked(data, drip=drip) == (b"".join(pieces), *WHOLE)


def test_members_of_different_formats() -> None:
    assert unpacked(gzip.compress(b"a") + zstd(b"b") + lzma.compress(b"c")) == (b"abc", *WHOLE)


@pytest.mark.parametrize("drip", [None, 5, 1000])
@pytest.mark.parametrize(
    "inside", [b"", b"x", b"magic \x28\xb5\x2f\xfd in it", bytes(40_000)], ids=len
)
def test_skippable_frames_give_nothing_wherever_they_are(inside: bytes, drip: int | None) -> None:
    skip = skippable(inside, 3)
    assert unpacked(skip + zstd(LOG), drip=drip) == (LOG, *WHOLE)
    assert unpacked(zstd(LOG) + skip, drip=drip) == (LOG, *WHOLE)
    assert unpacked(zstd(LOG) + skip + skip + zstd(b"end"), drip=drip) == (LOG + b"end", *WHOLE)
    assert unpacked(skip, drip=drip) == (b"", *WHOLE)


def test_a_skippable_frame_that_ends_too_early() -> None:
    text, state, detail = unpacked(zstd(b"abc") + skippable(bytes(100))[:-1])
    assert (text, state) == (b"abc", LogState.CUT)
    assert "ends early" in detail


@packed_ones
def test_a_file_cut_anywhere_returns_its_text_as_cut(pack: Pack) -> None:
    data = pack(LOG)
    shortest = 4 if data.startswith(b"BZh") else 2  # `BZ` may be a text
    for end in range(shortest, len(data)):
        text, state, detail = unpacked(data[:end])
        assert LOG.startswith(text), end
        assert state in (LogState.CUT, LogState.UNREADABLE), end
        assert detail, end


@packed_ones
def test_a_second_member_cut_anywhere_leaves_the_first(pack: Pack) -> None:
    whole, data = pack(LOG), pack(b"second")
    for end in range(1, len(data)):
        text, state, detail = unpacked(whole + data[:end])
        assert text in [LOG + b"second"[:n] for n in range(7)], end
        assert state is LogState.CUT, end
        assert detail, end


@packed_ones
def test_most_of_a_cut_log_is_read(pack: Pack) -> None:
    """About half of a big log cut in its middle is read: only the part after the cut is lost."""
    text = b"".join(b"line %d %x\n" % (n, n * n * 7919) for n in range(120_000))
    data = pack(text)
    got, state, _ = unpacked(data[: len(data) * 3 // 4])
    assert state is LogState.CUT
    # xz writes a single block, and its decompressor delays little.
    assert len(text) // 2 < len(got) < len(text)
    assert text.startswith(got)


@packed_ones
@pytest.mark.parametrize("garbage", [b"x", b"not packed at all", b"\x1f\x8b", b"\xff" * 40_000])
def test_garbage_behind_packed_data(pack: Pack, garbage: bytes) -> None:
    text, state, detail = unpacked(pack(LOG) + garbage)
    assert (text, state) == (LOG, LogState.CUT)
    assert detail


@packed_ones
@pytest.mark.parametrize("padding", [1, 3, 4, 511, 40_000])
@pytest.mark.parametrize("drip", [None, 3])
def test_padding_behind_and_between(pack: Pack, padding: int, drip: int | None) -> None:
    data = pack(LOG) + bytes(padding) + pack(b"more") + bytes(padding)
    assert unpacked(data, drip=drip) == (LOG + b"more", *WHOLE)


def test_nuls_in_front_of_plain_text_are_text() -> None:
    assert unpacked(bytes(9) + LOG) == (bytes(9) + LOG, *WHOLE)


@packed_ones
def test_every_flipped_byte_is_reported_or_has_no_effect(pack: Pack) -> None:
    """A format with a checksum never returns different text as a complete log."""
    data = pack(LOG)
    sure = pack is not PACKERS["zst stream"]
    for at in range(6, len(data)):
        text, state, detail = unpacked(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        if state is LogState.READ:
            assert not sure or text == LOG, at
        else:
            assert detail, at


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"\x50\x2a\x4d\x18"]
    ),
)
@settings(max_examples=300)
def test_no_bytes_raise(data: bytes, magic: bytes) -> None:
    _, state, detail = unpacked(magic + data)
    assert state in (LogState.READ, LogState.CUT, LogState.UNREADABLE, LogState.TOO_BIG)
    assert (state is LogState.READ) == (not detail)


@given(st.data())
@settings(max_examples=200)
def test_no_damage_to_packed_data_raises_or_hangs(data: st.DataObject) -> None:
    packed = bytearray(data.draw(st.sampled_from([PACKERS[name](LOG) for name in PACKED])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not packed:
            break
    text, state, _ = unpacked(bytes(packed), limit=MIB)
    assert len(text) <= MIB
    assert isinstance(state, LogState)


# Limits


@packers
def test_the_limit_is_exact(pack: Pack) -> None:
    data = pack(LOG)
    assert unpacked(data, len(LOG)) == (LOG, *WHOLE)
    text, state, detail = unpacked(data, len(LOG) - 1)
    assert (text, state) == (LOG[:-1], LogState.TOO_BIG)
    assert "log_limit" in detail
    assert unpacked(data, 1)[:2] == (LOG[:1], LogState.TOO_BIG)


_BOMB = """
    import resource, sys
    from ci_stat.logs.compressed import opened
    import isal.igzip_lib, lzma, numpy
    from ci_stat.unpacking.decoders import zstd
    zstd()
    buffer = memoryview(bytearray(2**17))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with opened(sys.argv[1], int(sys.argv[2])) as stream:
        while stream.readinto(buffer):
            pass
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(grown, stream.given, stream.state.name, stream.detail, sep="|")
"""


def _unpack_elsewhere(path: Path, limit: int) -> tuple[int, int, str, str]:
    """Return the growth of the process in MB, bytes of text, state and detail."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_BOMB), str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    grown, given_, state, detail = done.stdout.strip().split("|")
    return int(grown), int(given_), state, detail


def _zeros(name: str, size: int) -> bytes:
    """Return `size` zeros (a multiple of 64 MiB) compressed quickly, by repeating one member."""
    one = bytes(64 * MIB)
    if name == "gz":
        from isal import igzip

        member = igzip.compress(one, 1)
    elif name == "bz2":
        member = bz2.compress(one, 1)
    else:
        member = compress(one, 9)
    return member * (size // len(one))


@pytest.mark.parametrize("name", ["gz", "zst", "bz2"])
def test_a_bomb_ends_at_the_limit_in_little_memory(tmp_path: Path, name: str) -> None:
    (tmp_path / "log").write_bytes(_zeros(name, 1024 * MIB))
    grown, count, state, detail = _unpack_elsewhere(tmp_path / "log", 200 * MIB)
    assert (count, state) == (200 * MIB, "TOO_BIG")
    assert "200 MiB" in detail
    assert grown < 100


@pytest.mark.parametrize("name", ["gz", "zst"])
def test_a_bomb_below_the_limit_is_recognised_by_its_ratio(tmp_path: Path, name: str) -> None:
    (tmp_path / "log").write_bytes(_zeros(name, 4096 * MIB))
    grown, count, state, detail = _unpack_elsewhere(tmp_path / "log", 64 * 1024 * MIB)
    assert state == "TOO_BIG"
    assert count < 1100 * MIB
    assert "unlike any log" in detail
    assert grown < 100


def test_one_frame_of_a_single_run_of_zeros_cannot_fill_the_memory(tmp_path: Path) -> None:
    """RLE blocks: 4 bytes unpack to 128 KB, so 32 KB would unpack to a gigabyte."""
    header = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x58"  # a window of 2 MB, no length, no checksum
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (0 << 3 | 1).to_bytes(3, "little")
    (tmp_path / "log").write_bytes(header + block * 16_000 + last)
    grown, count, state, _ = _unpack_elsewhere(tmp_path / "log", 64 * 1024 * MIB)
    assert (count > 1000 * MIB, state) == (True, "TOO_BIG")
    assert grown < 100


def test_a_frame_that_wants_too_much_memory() -> None:
    header = b"\x28\xb5\x2f\xfd\x00" + bytes([20 << 3])  # a window of a gigabyte
    text, state, detail = unpacked(header + (4 << 3 | 1).to_bytes(3, "little") + b"text")
    assert (text, state) == (b"", LogState.TOO_BIG)
    assert "128 MiB of memory" in detail


def test_millions_of_empty_members_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ci_stat.unpacking.members._MEMBERS", 1000)
    assert unpacked(zstd(b"") * 1000)[1] is LogState.READ
    for pack in (gzip.compress, zstd, lzma.compress):
        text, state, detail = unpacked(pack(b"") * 1001)
        assert (text, state) == (b"", LogState.TOO_BIG)
        assert "1,000" in detail


# Other types of files, and files that change


def test_a_pipe_folder_or_device_is_not_a_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path, kind in (("pipe", "a pipe"), ("folder", "a folder"), ("/dev/null", "a device")):
        problem = refused(tmp_path / path)
        assert problem.state is LogState.UNREADABLE
        assert kind in problem.detail
    assert refused(tmp_path / "nothing").state is LogState.MISSING
    assert refused(tmp_path / "pipe" / "log").state is LogState.MISSING
    assert refused(tmp_path / ("x" * 300)).state is LogState.UNREADABLE
    assert refused(Path("log\0")).state is LogState.UNREADABLE
    assert refused(Path("\ud800")).state is LogState.UNREADABLE


def test_a_refused_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(LOG)
    count = len(os.listdir("/proc/self/fd"))
    for path in ("/dev/null", tmp_path, tmp_path / "nothing"):
        refused(Path(path))
    with opened(tmp_path / "log") as stream:
        read_all(stream)
    with pytest.raises(RuntimeError), opened(tmp_path / "log"):
        raise RuntimeError
    assert len(os.listdir("/proc/self/fd")) == count


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_we_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(LOG)
    (tmp_path / "log").chmod(stat.S_IWUSR)
    problem = refused(tmp_path / "log")
    assert problem.state is LogState.UNREADABLE
    assert "denied" in problem.detail


BIG = LOG * 100  # more than one read returns


@pytest.fixture
def half_read(tmp_path: Path) -> Iterator[Callable[..., Unpacked]]:
    """Open the file `log` and read 10 bytes of text."""
    files: list[RegularFile] = []

    def begin(finished: bool = True) -> Unpacked:
        files.append(RegularFile(os.open(tmp_path / "log", FLAGS)))
        stream = Unpacked(files[-1], finished=lambda: finished)
        buffer = memoryview(bytearray(10))
        assert stream.readinto(buffer) == 10
        assert buffer == LOG[:10]
        return stream

    yield begin
    for file in files:
        file.close()


def rest_of(stream: Unpacked) -> bytes:
    buffer, got = memoryview(bytearray(64)), bytearray(LOG[:10])
    while count := stream.readinto(buffer):
        got += buffer[:count]
    return bytes(got)


def test_a_log_deleted_while_it_is_read_is_read_whole(
    tmp_path: Path, half_read: Callable[..., Unpacked]
) -> None:
    (tmp_path / "log").write_bytes(BIG)
    stream = half_read()
    (tmp_path / "log").unlink()
    assert rest_of(stream) == BIG
    assert stream.state is LogState.READ


@pytest.mark.parametrize(("finished", "state"), [(True, LogState.READ), (False, LogState.RUNNING)])
def test_a_log_that_grows_is_read_to_an_end(
    tmp_path: Path, half_read: Callable[..., Unpacked], finished: bool, state: LogState
) -> None:
    """Reading ends even if the log grows faster than it is read."""
    path = tmp_path / "log"
    path.write_bytes(BIG)
    stream = half_read(finished)
    buffer, got = memoryview(bytearray(20_000)), bytearray(LOG[:10])
    with path.open("ab") as writer:
        for _ in range(1_000):
            writer.write(b"more than is read " * 2_000)
            writer.flush()
            count = stream.readinto(buffer)
            got += buffer[:count]
            if not count:
                break
        else:
            pytest.fail("it never ends")
    assert got.startswith(BIG + b"more")
    assert stream.state is state
    assert bool(stream.detail) is not finished


def test_a_packed_log_that_grew_is_still_being_written(
    tmp_path: Path, half_read: Callable[..., Unpacked]
) -> None:
    path, data = tmp_path / "log", gzip.compress(BIG, 0)
    path.write_bytes(data[:-5000])
    stream = half_read(finished=False)
    path.write_bytes(data[:-4000])
    assert BIG.startswith(rest_of(stream))
    assert stream.state is LogState.RUNNING


def test_a_packed_log_completed_while_it_was_read_is_whole(
    tmp_path: Path, half_read: Callable[..., Unpacked]
) -> None:
    path, data = tmp_path / "log", gzip.compress(BIG, 0)
    path.write_bytes(data[:-5000])
    stream = half_read(finished=True)
    path.write_bytes(data)
    assert rest_of(stream) == BIG
    assert (stream.state, stream.detail) == WHOLE


@pytest.mark.parametrize("left", [0, 5, 40_000, len(BIG) - 1])
def test_a_log_that_shrinks_is_cut(
    tmp_path: Path, half_read: Callable[..., Unpacked], left: int
) -> None:
    path = tmp_path / "log"
    path.write_bytes(BIG)
    stream = half_read()
    os.truncate(path, left)
    assert BIG.startswith(rest_of(stream))
    assert stream.given < len(BIG)
    assert stream.state is LogState.CUT
    assert "shrank" in stream.detail


def test_an_error_of_the_disk_midway() -> None:
    class Bad:
        def __init__(self) -> None:
            self.left = [LOG]

        def readinto(self, buffer: memoryview, /) -> int:
            if not self.left:
                raise OSError(5, "Input/output error")
            data = self.left.pop()[: len(buffer)]
            buffer[: len(data)] = data
            return len(data)

    stream = Unpacked(Bad())
    assert read_all(stream) == LOG
    assert stream.state is LogState.CUT
    assert "Input/output error" in stream.detail


def test_all_formats_in_one_file() -> None:
    """Members of each format in a row give the same text from a file and from a pipe."""
    data = b"".join(PACKERS[name](LOG * 20) for name in PACKED)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert (
            from_file(Path(file.name))
            == unpacked(data, drip=11)
            == (LOG * 20 * len(PACKED), *WHOLE)
        )
