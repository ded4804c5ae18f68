"""What a log contains: UTF-16, lines that end with CR only, and data that is not text."""

import bz2
import gzip
import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.logs.encoding import SAMPLE
from ci_stat.logs.workers import LogOptions, diagnose_files
from ci_stat.records import LogState
from tests.logs.test_compressed import LOG, PACKERS, WHOLE, from_file, packers, unpacked

Pack = type[bytes]
LINES = "Übung macht den Meister\n--- FAIL: TestApply (0.00s)\n    a_test.go:1: 猫\n" * 3

# UTF-16


@packers
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_utf_16_becomes_utf_8(pack: Pack, encoding: str, mark: str) -> None:
    data = (mark + LINES).encode(encoding)
    assert unpacked(pack(data)) == (LINES.encode(), *WHOLE)
    assert unpacked(pack(data), drip=1) == (LINES.encode(), *WHOLE)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_long_utf_16_log(tmp_path: Path, encoding: str) -> None:
    """Characters of two units lie across the borders of blocks."""
    text = "a" + "\U0001f600line\n" * 100_000
    (tmp_path / "log").write_bytes(f"\ufeff{text}".encode(encoding))
    assert from_file(tmp_path / "log") == (text.encode(), *WHOLE)


def test_utf_16_that_ends_inside_a_character() -> None:
    assert unpacked("\ufeffab\n".encode("utf-16-le") + b"c") == ("ab\n\ufffd".encode(), *WHOLE)


def test_chinese_without_a_mark_is_not_obvious_and_stays() -> None:
    data = ("猫" * 50 + "\n").encode("utf-16-le")
    assert unpacked(data) == (data, *WHOLE)


def test_lines_of_utf_16_are_counted_as_shown(tmp_path: Path) -> None:
    text = "step\r\n" * 40 + "--- FAIL: TestApply (0.00s)\r\n    a_test.go:1: got 1\r\nFAIL\r\n"
    (tmp_path / "log").write_bytes(text.encode("utf-16"))
    [(_, diagnosis)] = diagnose_files([str(tmp_path / "log")], LogOptions())
    assert [failure.name for failure in diagnosis.extraction.failures] == ["TestApply"]
    assert diagnosis.extraction.failures[0].first_line == 41
    assert diagnosis.extraction.lines == 43


def test_the_mark_of_utf_8_is_removed() -> None:
    assert unpacked(b"\xef\xbb\xbf" + LOG) == (LOG, *WHOLE)
    assert unpacked(gzip.compress(b"\xef\xbb\xbf" + LOG)) == (LOG, *WHOLE)
    assert unpacked(b"\xef\xbb\xbf") == (b"", *WHOLE)


# CR only


@packers
def test_cr_ends_lines_if_there_is_no_lf(pack: Pack) -> None:
    assert unpacked(pack(LOG.replace(b"\n", b"\r"))) == (LOG, *WHOLE)
    assert unpacked(pack(LOG.replace(b"\n", b"\r")), drip=3) == (LOG, *WHOLE)


@packers
def test_lines_of_cr_in_utf_16(pack: Pack) -> None:
    data = LINES.replace("\n", "\r").encode("utf-16")
    assert unpacked(pack(data)) == (LINES.encode(), *WHOLE)


@pytest.mark.parametrize("text", [b"10%\r20%\r30%\r\nend\n", b"a\r\nb\r\n", b"one\r", b"\n\r\r"])
def test_a_log_with_lf_keeps_its_cr(text: bytes) -> None:
    assert unpacked(text) == (text, *WHOLE)


def test_a_log_that_begins_with_a_long_progress_bar() -> None:
    """CR and LF both end lines then: an LF after a CR is the end of the same line."""
    progress = b"12 %\r" * (SAMPLE // 4)
    assert (
        unpacked(progress + b"done\r\nend\n")[0] == progress.replace(b"\r", b"\n") + b"done\nend\n"
    )


@given(st.lists(st.sampled_from([b"a", b"\r", b"\r\n"]), max_size=40), st.integers(1, 5))
def test_where_blocks_end_has_no_effect(parts: list[bytes], drip: int) -> None:
    head = b"x\r" * SAMPLE
    data = head + b"".join(parts)
    expected = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert unpacked(data, drip=drip * 10_007)[0] == expected


# Not text


def png() -> bytes:
    header = struct.pack(">I4s2I5B", 13, b"IHDR", 100, 100, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + header + zlib.compress(random.Random(1).randbytes(9000))


OTHER = {
    "an ELF program or library": b"\x7fELF\x02\x01\x01" + bytes(9) + b"panic: x\n" * 99,
    "a PNG picture": png(),
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "a zip archive": b"PK\x03\x04" + bytes(30),
    "a tar archive": b"log.txt".ljust(257, b"\0") + b"ustar  \0" + bytes(248) + LOG,
    "binary data": random.Random(3).randbytes(5000),
}


@packers
@pytest.mark.parametrize("kind", OTHER)
def test_what_is_not_text_says_so(pack: Pack, kind: str) -> None:
    data = OTHER[kind]
    if kind == "a zip archive" and pack is PACKERS["plain"]:
        pytest.skip("a damaged archive")
    assert unpacked(pack(data)) == (b"", LogState.UNREADABLE, f"not a text but {kind}")


def test_numbers_are_not_text() -> None:
    data = struct.pack("<3000I", *range(3000))
    assert unpacked(data)[1:] == (LogState.UNREADABLE, "not a text but binary data")


def test_a_file_that_is_not_text_has_no_failures(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(OTHER["an ELF program or library"])
    [(_, diagnosis)] = diagnose_files([str(tmp_path / "log")], LogOptions())
    assert diagnosis.extraction.failures == ()
    assert diagnosis.extraction.state == LogState.UNREADABLE


TEXTS = {
    "colours": b"\x1b[31mError\x1b[0m\x1b(B\x1b[m\x0f done\n" * 200,
    "backspaces": b"1%\x08\x08" * 500 + b"\n",
    "bells": b"\x07\n" * 100,
    "nuls after a crash": b"line\n" * 50 + bytes(20_000) + LOG,
    "nuls at the start": bytes(100_000) + LOG,
    "latin-1": "Übung für größere Männer\n".encode("latin-1") * 50,
    "gbk": "构建失败，请检查日志\n".encode("gbk") * 50,
    "shift-jis": "ビルドに失敗しました\n".encode("shift-jis") * 50,
    "a picture later": LOG * 2000 + png() + LOG,
    "one odd byte": b"\x01",
    "BZ": b"BZh is not packed\n",
    "PK": b"PK is not packed\n",
}


@packers
@pytest.mark.parametrize("name", TEXTS)
def test_odd_texts_stay_texts(pack: Pack, name: str) -> None:
    assert unpacked(pack(TEXTS[name])) == (TEXTS[name], *WHOLE)


def test_standard_input_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "--- FAIL: TestApply (0.00s)\n    a_test.go:1: got 1\n"
    for data in (text.encode("utf-16"), bz2.compress(text.encode()), text.replace("\n", "\r")):
        raw = data.encode() if isinstance(data, str) else data
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        [(_, diagnosis)] = diagnose_files(["-"], LogOptions())
        assert [failure.name for failure in diagnosis.extraction.failures] == ["TestApply"]
