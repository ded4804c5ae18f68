"""Turn the content of a log into UTF-8 lines that end with LF; reject what is not text.

The first bytes decide for the whole log:

- UTF-16 with a byte order mark, or without one if nearly every second byte is NUL;
- CR only: a CR ends a line if the first bytes contain CR but no LF. Otherwise only LF ends lines,
  as `grep -n` counts them, and a CR inside a line is text that a terminal overwrites.
"""

import codecs
from collections.abc import Callable, Iterator

from ci_stat.logs.signatures import not_text
from ci_stat.records import LogState
from ci_stat.unpacking.members import explained
from ci_stat.unpacking.source import Incomplete

SAMPLE = 64 * 1024  # bytes that decide
_BINARY = 16 * 1024  # bytes that show whether the log is text
_PAIRS = 4096  # bytes that show whether text without a mark is UTF-16
_MIN_PAIRS = 8
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

Convert = Callable[[bytes, bool], bytes]
"""Returns the text of the next bytes; True says that they are the last ones."""


def is_plain(head: bytes) -> bool:
    """Whether a log with this beginning (SAMPLE bytes) can be read as it is.

    Raises Incomplete if it is not text.
    """
    if head.startswith(codecs.BOM_UTF8):
        return False
    return _conversion(head) is None


def text_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content in blocks as text. Raises Incomplete after all text was returned."""
    content = _UntilError(blocks)
    head = _head(content)
    head = head.removeprefix(codecs.BOM_UTF8)
    convert = _conversion(head)

    if convert is None:
        yield head
        yield from content
    else:
        yield convert(head, False)
        for block in content:
            yield convert(block, False)
        yield convert(b"", True)

    if content.problem is not None:
        raise content.problem


class _UntilError:
    """Blocks up to the first error, which becomes `problem`."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.problem: Incomplete | None = None

    def __iter__(self) -> "_UntilError":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except StopIteration:
            raise
        except Exception as error:
            self.problem = explained(error)
            raise StopIteration from None


def _head(content: _UntilError) -> bytes:
    head = bytearray()
    for block in content:
        head += block
        if len(head) >= SAMPLE:
            break
    return bytes(head)


def _conversion(head: bytes) -> Convert | None:
    """Return how the log is converted; None if it is not. Raises Incomplete if it is not text."""
    encoding = _utf16(head)
    if encoding:
        text = head[: len(head) & ~1].decode(encoding, "replace").encode("utf-8", "replace")
        utf_8 = _from(encoding)
        return _joined(utf_8, _lines_of_cr()) if _has_only_cr(text) else utf_8

    kind = not_text(head[:_BINARY])
    if kind:
        raise Incomplete(LogState.UNREADABLE, f"not a text but {kind}")
    return _lines_of_cr() if _has_only_cr(head) else None


def _utf16(head: bytes) -> str:
    """Return the encoding if it is UTF-16, else ""."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding

    sample = head[: min(_PAIRS, len(head) & ~1)]
    pairs = len(sample) // 2
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    few, most = 0.05 * pairs, 0.8 * pairs
    if pairs < _MIN_PAIRS:
        return ""
    if odd > most and even < few:
        return "utf-16-le"
    return "utf-16-be" if even > most and odd < few else ""


def _from(encoding: str) -> Convert:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    started = False

    def convert(data: bytes, is_end: bool) -> bytes:
        nonlocal started
        text = decoder.decode(data, is_end)
        if text and not started:
            started = True
            text = text.removeprefix("\ufeff")
        return text.encode("utf-8", "replace")

    return convert


def _has_only_cr(head: bytes) -> bool:
    sample = head[:SAMPLE]
    # The last CR may belong to an LF that follows.
    return b"\n" not in sample and b"\r" in sample[:-1]


def _lines_of_cr() -> Convert:
    rest = b""

    def convert(data: bytes, is_end: bool) -> bytes:
        nonlocal rest
        text, rest = rest + data, b""
        if text.endswith(b"\r") and not is_end:
            text, rest = text[:-1], b"\r"
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    return convert


def _joined(first: Convert, second: Convert) -> Convert:
    return lambda data, is_end: second(first(data, is_end), is_end)
