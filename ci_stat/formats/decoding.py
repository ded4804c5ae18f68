"""Turn the bytes of a result file into text, whatever encoding it has or claims."""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

_HEAD = 1024  # bytes that decide
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((rb"[<{\s]\0", "utf-16-le"), (rb"\0[<{\s]", "utf-16-be"))
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
# Other names that Python knows, such as zlib or idna, are not encodings of files. UTF-16 without
# its zeros is not UTF-16, whatever the declaration says.
_ENCODINGS = re.compile(
    r"utf-?8|us-ascii|ascii|iso[-_]?8859[-_]\d{1,2}|latin-?\d|windows-?125\d|cp\d{3,4}"
    r"|gbk|gb2312|gb18030|big5|shift[-_]jis|euc-(?:jp|kr|cn)|koi8-[ru]",
    re.IGNORECASE,
)
_NO_TEXT = "\ufffd"


class Decoded:
    """The text of `blocks`. `invalid`: characters that the encoding does not have."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.invalid = 0

    def __iter__(self) -> Iterator[str]:
        head = self._head()
        mark, encoding = encoding_of(head)
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        for block in chain((head[mark:],), self._blocks):
            yield self._counted(decoder.decode(block))
        yield self._counted(decoder.decode(b"", True))

    def _head(self) -> bytes:
        head = b""
        for block in self._blocks:
            head += block
            if len(head) >= _HEAD:
                break
        return head

    def _counted(self, text: str) -> str:
        if _NO_TEXT in text:
            self.invalid += text.count(_NO_TEXT)
        return text


def encoding_of(head: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark, and the encoding. UTF-8 without any hint."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return len(mark), encoding
    for pattern, encoding in _UNMARKED:
        if re.match(pattern, head):
            return 0, encoding
    declared = _DECLARED.match(head)
    return 0, _known(declared[1].decode()) if declared else "utf-8"


def _known(name: str) -> str:
    if not _ENCODINGS.fullmatch(name):
        return "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"
