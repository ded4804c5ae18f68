"""Decompressors of gzip, Zstandard and xz in bounded memory, chosen by the head of a file."""

import sys
from collections.abc import Callable
from typing import Protocol

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
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> Decoder:
    from isal import igzip_lib

    decoder: Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decoder


def _xz() -> Decoder:
    from lzma import FORMAT_XZ, LZMADecompressor

    return LZMADecompressor(FORMAT_XZ, memlimit=MEMORY)


def _zstd() -> Decoder:
    if sys.version_info >= (3, 14):
        from compression.zstd import DecompressionParameter, ZstdDecompressor
    else:
        from backports.zstd import DecompressionParameter, ZstdDecompressor

    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _MEMORY_BITS})


_MAGIC: tuple[tuple[bytes, Callable[[], Decoder]], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\xfd7zXZ\0", _xz),
)
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f: a frame without data
HEAD = 6  # bytes that identify a format


def decoder_of(head: bytes) -> Callable[[], Decoder] | None:
    """Return the decoder of a file that begins with `head` (6 bytes); None for plain text."""
    if head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return _zstd
    return next((make for magic, make in _MAGIC if head.startswith(magic)), None)


def is_begun(head: bytes) -> bool:
    """Whether the file ends inside the first bytes of a format. A single byte may be a text."""
    return len(head) > 1 and any(
        len(head) < len(magic) and magic.startswith(head) for magic, _ in _MAGIC
    )
