"""Zip archives of logs: their files in order as one log; hostile, damaged and empty archives."""

import bz2
import gzip
import io
import os
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_stat.logs import compressed
from ci_stat.logs.compressed import Unpacked, opened
from ci_stat.records import LogState
from ci_stat.unpacking.zip_files import natural_key
from tests.logs.test_compressed import LOG, MIB, Dripping, from_file, unpacked
from tests.support.zstd import compress


def archive(files: dict[str, bytes], method: int = ZIP_DEFLATED) -> bytes:
    """Return a zip archive with the files in the given order."""
    data = io.BytesIO()
    with ZipFile(data, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return data.getvalue()


def both_ways(data: bytes, limit: int = 2**40) -> tuple[bytes, LogState, str]:
    """Read the archive from a file and from a pipe, which must agree."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        answer = from_file(Path(file.name), limit)
    assert unpacked(data, limit) == answer
    return answer


STEPS = {"10_Test.txt": b"ten\n", "2_Build.txt": b"two\nlines", "1_Set up job.txt": b"one\n"}


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2])
def test_files_are_read_in_natural_order_as_one_log(method: int) -> None:
    text, state, detail = both_ways(archive(STEPS, method))
    assert (text, state) == (b"one\ntwo\nlines\nten\n", LogState.READ)
    assert detail == (
        "3 files of the archive: 1_Set up job.txt from line 1, 2_Build.txt from line 2,"
        " 10_Test.txt from line 4"
    )


def test_a_single_file_of_any_size() -> None:
    text = LOG * 3000
    assert both_ways(archive({"log.txt": text}))[:2] == (text, LogState.READ)
    assert unpacked(archive({"log.txt": text}), drip=997)[:2] == (text, LogState.READ)


def test_steps_of_a_job_that_is_there_as_a_whole_are_left_out() -> None:
    """GitHub's log archives contain each job as a file and its steps in a folder."""
    files = {
        "0_test (3.12).txt": b"whole\n",
        "test (3.12)/1_Set up job.txt": b"step\n",
        "test (3.12)/system.txt": b"system\n",
        "lint/1_Run.txt": b"lint\n",
    }
    text, state, detail = both_ways(archive(files))
    assert (text, state) == (b"whole\nlint\n", LogState.READ)
    assert detail.endswith("; 2 files with steps of the same jobs left out")


def test_other_files_of_an_archive_are_named() -> None:
    files = {"a.png": b"\x89PNG\r\n\x1a\n" + bytes(50), "b.txt": LOG, "c/": b"", "d.txt": b""}
    text, state, detail = both_ways(archive(files))
    assert (text, state) == (LOG, LogState.READ)
    assert detail.endswith("left out: a.png (not a text but a PNG picture)")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, compress])
def test_a_file_that_is_compressed_again_is_unpacked(pack: type[bytes]) -> None:
    text, state, _ = both_ways(archive({"a.txt": b"a\n", "b.log": pack(LOG)}, ZIP_STORED))
    assert (text, state) == (b"a\n" + LOG, LogState.READ)


def test_text_in_other_encodings() -> None:
    files = {
        "1.txt": "\ufeffeins\n".encode(),
        "2.txt": "zwei\r\n".encode("utf-16"),
        "3.txt": b"a\rb\rc",
    }
    assert both_ways(archive(files))[:2] == (b"eins\nzwei\r\na\nb\nc\n", LogState.READ)


def test_an_archive_in_an_archive_is_named() -> None:
    inner = archive({"log.txt": LOG})
    text, state, detail = both_ways(archive({"inner.zip": inner}, ZIP_STORED))
    assert (text, state) == (b"", LogState.UNREADABLE)
    assert "no text" in detail
    assert "inner.zip (not a text but a zip archive)" in detail
    assert unpacked(gzip.compress(inner))[1:] == (
        LogState.UNREADABLE,
        "not a text but a zip archive",
    )


def test_hostile_names_are_only_shown(tmp_path: Path) -> None:
    names = [
        "../../escape.txt",
        "/tmp/absolute.txt",
        "..\\windows.txt",
        "a\x1b[31m\n.txt",
        "\u202e",
    ]
    names += ["9" * 60_000 + ".txt", "x/" * 5000 + "y"]
    path = tmp_path / "log.zip"
    path.write_bytes(archive(dict.fromkeys(names, LOG)))
    text, state, detail = from_file(path)
    assert (text, state) == (LOG * len(names), LogState.READ)
    assert os.listdir(tmp_path) == ["log.zip"]
    assert "\x1b" not in detail
    assert "\n" not in detail
    assert len(detail) < 1500


def test_the_detail_of_many_files_is_short() -> None:
    detail = both_ways(archive({f"{number}.txt": b"x\n" for number in range(3000)}))[2]
    assert detail.startswith("3,000 files of the archive: 0.txt from line 1, 1.txt from line 2")
    assert detail.endswith("2,960 more")


def test_an_empty_archive() -> None:
    for data in (archive({}), archive({"folder/": b""}), archive({"a.txt": b""})):
        assert both_ways(data) == (b"", LogState.UNREADABLE, "the zip archive contains no file")


def encrypted(data: bytes) -> bytes:
    """Set the flag of encryption in all headers."""
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = data.split(magic)
        at -= len(magic)
        parts[1:] = [part[:at] + b"\x01" + part[at + 1 :] for part in parts[1:]]
        data = magic.join(parts)
    return data


def test_an_encrypted_archive() -> None:
    text, state, detail = both_ways(encrypted(archive({"a.txt": LOG})))
    assert (text, state, detail) == (b"", LogState.UNREADABLE, "a.txt: encrypted")


def test_an_unknown_compression_method() -> None:
    text, state, detail = both_ways(archive({"a.txt": LOG, "b.txt": LOG}, ZIP_LZMA))
    assert (text, state) == (b"", LogState.UNREADABLE)
    assert detail.startswith("a.txt: the compression method lzma is not supported; b.txt: ")


def test_an_archive_cut_anywhere_is_unreadable() -> None:
    data = archive({"a.txt": LOG, "b.txt": LOG})
    for end in range(4, len(data)):
        text, state, detail = unpacked(data[:end])
        assert (text, state) == (b"", LogState.UNREADABLE), end
        assert "damaged or ends early" in detail


def test_damaged_content_is_reported_and_the_other_files_are_read() -> None:
    data = archive({"a.txt": LOG, "b.txt": b"b\n"}, ZIP_STORED)
    text, state, detail = both_ways(data.replace(b"[7919]", b"[7910]"))
    assert text == LOG.replace(b"[7919]", b"[7910]") + b"b\n"
    assert state is LogState.CUT
    assert detail.startswith("a.txt: the checksum is wrong; 2 files of the archive")


@given(st.data())
@settings(max_examples=150)
def test_no_damage_raises_or_hangs(data: st.DataObject) -> None:
    packed = bytearray(archive(STEPS | {"x/y.txt": LOG}))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    text, state, detail = unpacked(bytes(packed), limit=MIB)
    assert len(text) <= MIB
    assert detail or state is LogState.READ


# Limits


def test_the_limit_holds_for_all_files_together() -> None:
    data = archive({f"{number}.txt": LOG for number in range(10)})
    assert both_ways(data, 10 * len(LOG))[1] is LogState.READ
    text, state, detail = both_ways(data, 10 * len(LOG) - 1)
    assert (len(text), state) == (10 * len(LOG) - 1, LogState.TOO_BIG)
    assert "log_limit" in detail


def overlapping(count: int, content: bytes) -> bytes:
    """Return an archive whose entries are all the same bytes of it."""
    single = archive({"a.txt": content})
    end = single.rindex(b"PK\x05\x06")
    begin = single.index(b"PK\x01\x02")
    entries = single[begin:end] * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entries), begin, 0)
    return single[:begin] + entries + tail


def test_overlapping_entries_are_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_BOMB", 4 * MIB)
    text, state, detail = both_ways(overlapping(2000, bytes(MIB).replace(b"\0", b"x")))
    assert state is LogState.TOO_BIG
    assert "unlike any log" in detail
    assert len(text) < 40 * MIB


def test_a_bomb_ends_by_its_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_BOMB", 4 * MIB)
    text, state, detail = both_ways(archive({"a.txt": b"x" * (20 * MIB)}))
    assert state is LogState.TOO_BIG
    assert "unlike any log" in detail
    assert len(text) < 6 * MIB


def test_a_list_of_files_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ci_stat.unpacking.zip_files._MAX_DIRECTORY", 100_000)
    text, state, detail = both_ways(overlapping(3000, b"x\n"))
    assert (text, state) == (b"", LogState.TOO_BIG)
    assert "the list of files in the zip archive is longer than" in detail


def test_a_pipe_that_is_larger_than_the_limit_is_not_stored() -> None:
    noise = random.Random(2).randbytes(MIB)
    text, state, detail = unpacked(archive({"a.txt": noise}, ZIP_STORED) * 4, 2 * MIB)
    assert (text, state) == (b"", LogState.TOO_BIG)
    assert "log_limit" in detail


def test_a_process_killed_while_it_stores_a_pipe_leaves_nothing_behind(tmp_path: Path) -> None:
    noise = random.Random(2).randbytes(4 * MIB)
    data = archive({"a.txt": noise}, ZIP_STORED)
    code = "from ci_stat.cli import main; main()"
    command = [sys.executable, "-c", code, "explain", "-"]
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environ) as process:
        assert process.stdin is not None
        process.stdin.write(data[: 3 * MIB])  # a pipe holds 64 KB: it is being stored
        process.stdin.flush()
        process.kill()
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "log.zip"
    path.write_bytes(archive(STEPS))
    count = len(os.listdir("/proc/self/fd"))
    buffer = memoryview(bytearray(3))
    with opened(path) as stream:
        stream.readinto(buffer)
    piped = Unpacked(Dripping(archive(STEPS), 50))
    piped.readinto(buffer)
    piped.close()
    assert len(os.listdir("/proc/self/fd")) == count


def test_natural_order() -> None:
    names = ["b/1", "a/10_x", "a/2_x", "a/2_b", "a", "a1", "01", "1", "x" * 3]
    ordered = ["01", "1", "a", "a/2_b", "a/2_x", "a/10_x", "a1", "b/1", "xxx"]
    assert sorted(names, key=natural_key) == ordered
    assert zipfile.ZIP_DEFLATED == 8
