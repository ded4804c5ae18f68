"""Decompressors of gzip, Zstandard, xz and bzip2 in bounded memory, chosen by a file's head."""

import re
from bz2 import BZ2Decompressor
from collections.abc import Callable
from lzma import FORMAT_XZ, LZMADecompressor
from typing import TYPE_CHECKING, Protocol

from isal import igzip_lib

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_MEMORY_BITS = 27
MEMORY = 2**_MEMORY_BITS  # bytes of memory of a decompressor: enough for xz -9 and zstd --long


class Decoder(Protocol):
    """A decompressor of one member with bounded output."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: "Buffer", max_length: int, /) -> bytes: ...


def _gzip() -> Decoder:
    decoder: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decoder


def deflate() -> Decoder:
    """Return a decompressor of raw deflate, the usual method in zip archives."""
    decoder: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
    return decoder


def bzip2() -> Decoder:
    return BZ2Decompressor()


def _xz() -> Decoder:
    return LZMADecompressor(FORMAT_XZ, memlimit=MEMORY)


def zstd() -> Decoder:
    from ci_stat.unpacking.zstandard import DecompressionParameter, ZstdDecompressor

    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _MEMORY_BITS})


_MAGIC: tuple[tuple[bytes, Callable[[], Decoder]], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"\x28\xb5\x2f\xfd", zstd),
    (b"\xfd7zXZ\0", _xz),
)
_BZIP2 = re.compile(rb"BZh[1-9](?:1A|\x17r)")  # then a block, or the end of an empty stream
_BZIP2_BEGUN = re.compile(rb"BZh[1-9][1\x17]?")
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f: a frame without data
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # an archive: a first file, or the end of an empty one
HEAD = 6  # bytes that identify a format


def decoder_of(head: bytes) -> Callable[[], Decoder] | None:
    """Return the decoder of a file that begins with `head` (6 bytes); None for plain text."""
    if head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return zstd
    if _BZIP2.match(head):
        return bzip2
    return next((make for magic, make in _MAGIC if head.startswith(magic)), None)


def is_begun(head: bytes) -> bool:
    """Whether the file ends inside the first bytes of a format. A few letters may be a text."""
    if _BZIP2_BEGUN.fullmatch(head):
        return True
    return len(head) > 1 and any(
        len(head) < len(magic) and magic.startswith(head) for magic, _ in _MAGIC
    )
