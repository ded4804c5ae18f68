"""The fingerprint: equal for the same failure of two builds, different for two failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures.fingerprint import _VERSIONS, MAX_LENGTH, VERSION, aliases, fingerprint, mask

PIECES = st.sampled_from(
    [
        "0x7f12aa79",
        "/tmp/pytest-12/x",
        "/home/u/build/a.go:12",
        "C:\\work\\a.cs(3,4)",
        "goroutine 17 [running]",
        "1.5s",
        "2021-06-21T09:03:12.345Z",
        "127.0.0.1:4000",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "deadbeef1234567",
        "#",
        "# #",
        "expected 1, got 2",
        "1e-9",
        "Mon Jun 21",
        "12 ms",
        "/",
        "//",
        "a/b/c",
        "-1",
        "TestIssue16696",
        " ",
        "\t",
        ": ",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=12).map("".join)))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("timeout after 30.1s", "timeout after 29.8s"),
        ("at 0x7f12aa79, goroutine 17", "at 0x55, goroutine 9"),
        ("/home/a/src/f.go:12: bad", "/var/lib/jenkins/workspace/b/src/f.go:99: bad"),
        ("dial tcp 127.0.0.1:4000: refused", "dial tcp 10.2.3.4:20160: refused"),
        ("commit 3f2a9bc1d0 missing", "commit 99aa88bb77 missing"),
        ("2021-06-21T09:03:12.345Z failed", "2021-07-01T19:43:02.001Z failed"),
        ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "id 11111111-2222-3333-4444-555555555555"),
        ("open /tmp/a1/x: no", "open /tmp/zz: no"),
        ("[1 2 3] != [4 5 6 7]", "[9 8] != [1 2]"),
    ],
)
def test_what_varies_from_run_to_run_does_not_count(one: str, two: str) -> None:
    assert fingerprint("case", "S.T", one) == fingerprint("case", "S.T", two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("case", "S.T", "x"), ("case", "S.U", "x")),
        (("case", "S.T", "x"), ("panic", "S.T", "x")),
        (("case", "S.T", "expected true"), ("case", "S.T", "expected false")),
        (("case", "TestIssue1", "x"), ("case", "TestIssue2", "x")),
        (("compile", "a", "undefined: foo"), ("compile", "a", "undefined: bar")),
    ],
)
def test_what_says_something_counts(one: tuple[str, str, str], two: tuple[str, str, str]) -> None:
    assert fingerprint(*one) != fingerprint(*two)


def test_a_case_counts_once_however_its_name_is_spelled() -> None:
    spellings = [
        "f_test.go:Suite.Test",
        "FAIL: f_test.go:606: Suite.Test",
        "PANIC: /go/f_test.go:9: Suite.Test",
    ]
    assert len({fingerprint("case", spelling, "m") for spelling in spellings}) == 1


def test_the_version_stands_in_front_and_sixteen_bytes_follow() -> None:
    version, _, digest = fingerprint("case", "S.T", "m").partition(":")
    assert version == f"v{VERSION}"
    assert len(bytes.fromhex(digest)) == 16


def test_the_first_version_never_changes() -> None:
    # Data stored under a fingerprint must be found again: a change of the masking is a new version.
    assert fingerprint("case", "a_test.go:1: S.T", "got 1, want 2 at /x/y.go:3") == GOLDEN


GOLDEN = "v1:bdf99bd12362b0c954da625d12e8526c"


def test_older_versions_are_mapped_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint("case", "S.T", "m")
    monkeypatch.setitem(_VERSIONS, 2, lambda kind, name, message: f"v2:{kind}{name}{message}")
    monkeypatch.setattr("ci_stat.failures.fingerprint.VERSION", 2)
    assert fingerprint("case", "S.T", "m").startswith("v2:")
    assert before in aliases("case", "S.T", "m")


def test_a_guess_that_gets_a_kind_is_mapped_to_the_guess_that_it_was() -> None:
    message = "cannot open the frobnicator 17"
    guess = fingerprint("unknown", message, message)
    assert aliases("case", "S.T", message) == (guess,)
    assert aliases("env", message, message) == (guess,)
    assert aliases("unknown", message, message) == ()


def test_a_long_message_is_mapped_too() -> None:
    message = "cannot open " + "the frobnicator " * 40
    guess = fingerprint("unknown", message[:300], message)
    assert aliases("case", "S.T", message) == (guess,)


def test_a_message_of_a_megabyte_is_cut() -> None:
    assert len(mask("a " * 2**20)) <= MAX_LENGTH
