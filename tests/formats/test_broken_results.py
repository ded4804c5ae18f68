"""Broken, empty and hostile result files: a state with its reason, never a crash, never green."""

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import ReadState
from tests.formats.result_files import in_blocks, read, suite

TWO = suite('<testcase name="a"/><testcase name="b"><failure message="m">t</failure></testcase>')


@pytest.mark.parametrize("content", ["", " \n\t", "\ufeff", "\0\0\0"])
def test_an_empty_file(content: str) -> None:
    found, file = read(content)
    assert (found, file.state) == ([], ReadState.EMPTY)
    assert file.detail


@pytest.mark.parametrize(
    "content",
    ["<testsuites/>", suite(""), "<?xml version='1.0'?><testsuites></testsuites>", "<TestRun/>"],
)
def test_a_file_without_cases_is_not_green(content: str) -> None:
    found, file = read(content)
    assert (found, file.state) == ([], ReadState.NO_CASES)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("not xml at all", "begins with `not xml at all`"),
        ("<html><body>502</body></html>", "web page"),
        ("<a/>", "<a>"),
        ("<test-results/>", "NUnit 2"),
        ('{"a": 1}', "neither CTRF nor"),
        ("[1, 2]", "begins with"),
        ("log line\n<testsuite/>", "begins with `log line"),
    ],
)
def test_what_is_no_result_file(content: str, word: str) -> None:
    found, file = read(content)
    assert (found, file.state) == ([], ReadState.NOT_RESULTS)
    assert word in file.detail


def test_a_cut_file_keeps_the_cases_before_its_end() -> None:
    end = TWO.index('<testcase name="b"')
    for length in range(1, len(TWO) - len("</testsuite>\n") + 11):
        found, file = read(TWO[:length])
        assert file.state in (ReadState.CUT, ReadState.EMPTY), (length, file.state, file.detail)
        assert len(found) == (length >= end) + (length >= TWO.index("</testcase>") + 11)
        assert file.detail


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("</wrong>", "line 3: </wrong> closes <testsuite>"),
        ("< b/>", "line 3: < b/> is not a tag"),
        ("<1/>", "line 3: <1/> is not a tag"),
        ('<testcase name="b" junk/>', "line 3: invalid attributes"),
        ('<testcase name="b"c="d"e/>', "line 3: invalid attributes"),
    ],
)
def test_a_broken_file_keeps_the_cases_before_and_names_the_line(inside: str, reason: str) -> None:
    found, file = read(suite(f'<testcase name="a"/>\n{inside}<testcase name="c"/>'))
    assert [case.name for case in found] == ["a"]
    assert (file.state, file.detail) == (ReadState.BROKEN, reason)


def test_text_behind_the_document() -> None:
    found, file = read(f"{TWO}Killed\n")
    assert len(found) == 2
    assert (file.state, file.detail) == (
        ReadState.BROKEN,
        "line 3: `Killed` follows the end of the document",
    )


def test_zeros_behind_the_document_are_left_by_a_crash_and_harmless() -> None:
    found, file = read(TWO.encode() + b"\0" * 4096)
    assert (len(found), file.state) == (2, ReadState.COMPLETE)


BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><testsuite name="&b;"/>'
EXTERNAL = '<!DOCTYPE a [\n<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="s">'
PARAMETER = '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]><testsuite/>'


@pytest.mark.parametrize("content", [BOMB, f"{EXTERNAL}&x;</testsuite>", PARAMETER, "<!ENTITY a>"])
def test_entities_are_refused(content: str) -> None:
    for size in (1, 7, 1 << 16):
        found, file = read(content, size)
        assert (found, file.state) == ([], ReadState.REFUSED)
        assert "entities" in file.detail


def test_a_document_type_without_entities_is_allowed_and_never_opened() -> None:
    for declaration in (
        '<!DOCTYPE testsuite SYSTEM "file:///no/such.dtd">',
        "<!DOCTYPE r [\n<!ELEMENT r ANY >\n]>",
    ):
        found, file = read(declaration + TWO.partition("\n")[2])
        assert (len(found), file.state) == (2, ReadState.COMPLETE)


def test_an_unknown_entity_stays_text() -> None:
    found, file = read(suite('<testcase name="&nbsp;&x;"><failure>&oob;</failure></testcase>'))
    assert file.state is ReadState.COMPLETE
    assert (found[0].name, found[0].text) == ("&nbsp;&x;", "&oob;")


def test_deep_nesting_ends_with_a_reason() -> None:
    found, file = read("<testsuite>" * 200_000)
    assert (found, file.state) == ([], ReadState.BROKEN)
    assert "deeper than 1,000" in file.detail


def test_a_tag_without_end_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ci_stat.formats.xml_tokens.MAX_TAG", 1 << 20)

    def content() -> Iterator[bytes]:
        yield b'<testsuite name="'
        for _ in range(200):
            yield b"x" * 65_536

    file = ResultFile(content())
    assert list(file) == []
    assert file.state is ReadState.BROKEN
    assert "longer than" in file.detail


def test_a_gigabyte_of_output_needs_little_memory() -> None:
    """3 MB here, of lines and of one line, inside and outside of cases; the same code."""

    def content() -> Iterator[bytes]:
        yield b'<testsuite name="s"><testcase name="a"><system-out>'
        line = b"a line of output &amp; an entity\n" * 2000
        for _ in range(25):
            yield line
        yield b'</system-out></testcase><testcase name="b"/><system-err><![CDATA['
        for _ in range(25):
            yield b"x" * 65_000
        yield b"]]></system-err></testsuite>"

    tracemalloc.start()
    file = ResultFile(content())
    found = list(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.state is ReadState.COMPLETE
    assert [case.name for case in found] == ["a", "b"]
    assert found[0].left_out == 25 * 2000 * len("a line of output & an entity\n") - 16 * 1024
    assert peak < 2 * 2**20


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "utf-16"),
        ("utf-32", "UTF-32"),
        ("iso-8859-1", "ISO-8859-1"),
        ("windows-1252", "windows-1252"),
        ("utf-8", "UTF-16"),  # as tools write that convert the text but not its declaration
        ("utf-8", "no-such-encoding"),
        ("utf-8", "zlib"),
    ],
)
def test_encodings(encoding: str, declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><testcase name="tést_ä"/>'
    for size in (1, 1 << 16):
        found, file = read(text.encode(encoding), size)
        assert [case.name for case in found] == ["tést_ä"]
        assert (file.state, file.invalid) == (ReadState.COMPLETE, 0)


def test_a_wrong_encoding_is_counted_and_loses_only_its_characters() -> None:
    found, file = read(b'<?xml version="1.0" encoding="UTF-8"?><testcase name="t\xe9st"/>')
    assert [case.name for case in found] == ["t\ufffdst"]
    assert (file.state, file.invalid) == (ReadState.COMPLETE, 1)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_make_reading_fail(content: bytes, size: int) -> None:
    for prefix in (b"", b"<testsuite>", b'<testcase name="a">', b"{", b'{"Action":"run",'):
        file = ResultFile(in_blocks(prefix + content, size))
        found = list(file)
        assert (file.state is ReadState.COMPLETE) <= bool(found)
        assert bool(file.detail) == (file.state is not ReadState.COMPLETE)


@given(st.integers(0, len(TWO)), st.integers(0, len(TWO)), st.binary(max_size=3))
def test_no_damage_makes_reading_fail(begin: int, length: int, inserted: bytes) -> None:
    content = TWO.encode()
    damaged = content[:begin] + inserted + content[begin + length :]
    file = ResultFile(in_blocks(damaged, 16))
    assert len(list(file)) <= 3


def test_compressed_data_is_no_result_file() -> None:
    """Unpacking is the task of who opens the file."""
    _, file = read(gzip.compress(TWO.encode()))
    assert file.state is ReadState.NOT_RESULTS


def test_a_tar_archive_says_what_to_do() -> None:
    """Its files are not read as one text, which would be in the format of the first of them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        text = b"=== RUN   TestA\n--- FAIL: TestA (0.00s)\nFAIL\n"
        member = tarfile.TarInfo("go-test.txt")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    file = ResultFile([packed.getvalue()])
    assert list(file) == []
    assert (file.state, file.detail) == (
        ReadState.NOT_RESULTS,
        "it is a tar archive: unpack it, and give the folder",
    )
