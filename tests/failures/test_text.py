"""The text of a line as rules see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures.text import MAX_LENGTH, clean, without_escapes


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"[2021-06-06T12:07:58.284Z] FAIL: a_test.go:1: S.T", "FAIL: a_test.go:1: S.T"),
        (b"[2021-06-06T12:07:58.284Z] ", ""),
        (b"[2021-06-06T12:07:58.284Z]", ""),
        (b"[2021-06-06T12:07:58.284Z]     indented", "    indented"),
        (b"\x1b[8mha:////4AbCdEf0123==\x1b[0m[Pipeline] sh", "[Pipeline] sh"),
        (
            b"\x1b[38;5;9merror[E0463]\x1b[0m\x1b[1m: can't find crate\x1b[0m",
            "error[E0463]: can't find crate",
        ),
        (b"\x1b]0;title\x07shown", "shown"),
        (b"10%\r 50%\r100%\rerror: no space\r", "error: no space"),
        (b"2021-12-01T13:01:02.4797328Z   > Task :test", "  > Task :test"),
        (b"build\tRun tests\t2021-12-01T13:01:02.4797328Z FAILED", "FAILED"),
        (b"build\tUNKNOWN STEP\t\xef\xbb\xbf2021-12-01T13:01:02.4797328Z ##[group]Run x", "Run x"),
        (b"[task 2021-06-06T12:07:58.284Z] + make", "+ make"),
        (b"\x1b_bk;t=1700000000000\x07make: done", "make: done"),
        (b"[Container] 2021/06/06 12:07:58.28 Running command make", "Running command make"),
        (b"##[error]The action stopped.", "Error: The action stopped."),
        (b"2021-12-01T13:01:02.4797328Z ##[warning]Slow.", "Warning: Slow."),
        (b"##[group]Run make", "Run make"),
        (b"travis_time:end:0a1b:start=1,finish=2,duration=3\r\x1b[0K", ""),
        (
            b"travis_time:end:0a1b:start=1,finish=2,duration=3\r\x1b[0K"
            b'The command "x" exited with 1.',
            'The command "x" exited with 1.',
        ),
        (b"section_start:1560896352:step[collapsed=true]\r\x1b[0KHeader", "Header"),
        (b"[12:07:58] gulp", "gulp"),
        (b"12:07:58.123 plain", "plain"),
        (b"#12 34.567 RUN make", "RUN make"),
        (b"web_1     | Traceback", "Traceback"),
        (b"[pod/tikv-0/tikv] panicked", "panicked"),
        (b"[2021/06/18 11:06:01.123 +08:00] [FATAL] [main.go:1]", "[FATAL] [main.go:1]"),
        (b"[2021-06-06T12:07:58.284Z] [2021/06/18 11:06:01.123 +08:00] [WARN]", "[WARN]"),
        (b"nl", ""),
        (b"nltk installed", "nltk installed"),
        (b"\xff\xfe broken \xc3", "\ufffd\ufffd broken \ufffd"),
        (b"a\x00b\x07c", "abc"),
    ],
)
def test_what_stands_before_and_between_the_words_goes(raw: bytes, text: str) -> None:
    assert clean(raw) == text


@given(st.binary(max_size=300))
def test_any_bytes_become_a_line_of_bounded_length_without_control_characters(raw: bytes) -> None:
    text = clean(raw.replace(b"\n", b""))
    assert len(text) <= MAX_LENGTH
    assert not any(ord(char) < 32 and char != "\t" for char in text)
    assert text == text.rstrip()


def test_a_line_of_a_megabyte_is_cut() -> None:
    assert len(clean(b"x" * 2**20)) == MAX_LENGTH


@given(
    st.lists(
        st.sampled_from(
            [b"\x1b[31m", b"\x1b[8mha:////", b"\x1b[0m", b"\x1b]0;", b"a", b"\n", b"\x07", b"\x1b"]
        )
    )
)
def test_lines_stay_lines_when_colours_go(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert without_escapes(data).count(b"\n") == data.count(b"\n")
