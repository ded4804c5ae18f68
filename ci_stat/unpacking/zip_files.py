"""The files of a zip archive, read without extracting them.

Names are only shown, never opened, so a hostile name leads nowhere.
"""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import zip_longest
from zipfile import BadZipFile, ZipFile, ZipInfo

from ci_stat.records import LogState
from ci_stat.unpacking.decoders import ZIP, Decoder, bzip2, deflate, zstd
from ci_stat.unpacking.members import PIECE, explained, member
from ci_stat.unpacking.sizes import size_text
from ci_stat.unpacking.source import Incomplete, Source

_MAX_DIRECTORY = 4 * 2**20  # bytes of the list of files: enough for 40,000 of them
_BLOCK = 2**18
_ENCRYPTED = 0x1
_STORED = 0
_METHODS: dict[int, Callable[[], Decoder]] = {8: deflate, 12: bzip2, 93: zstd}
_OTHER_METHODS = {9: "deflate64", 14: "lzma", 95: "xz", 98: "ppmd"}
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_NUMBER = re.compile(r"(\d+)")


class _Directory(io.FileIO):
    """The archive while its list of files is read: a list may ask for all memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        most = _MAX_DIRECTORY + 1
        wanted = most if size is None or size < 0 else min(size, most)
        data = super().read(wanted) or b""
        if len(data) == most:
            limit = size_text(_MAX_DIRECTORY)
            detail = f"the list of files in the zip archive is longer than {limit}"
            raise Incomplete(LogState.TOO_BIG, detail)
        return data


def zip_files(descriptor: int) -> list[ZipInfo]:
    """Return the files that are not empty, in natural order."""
    try:
        with _Directory(os.dup(descriptor)) as file, ZipFile(file) as archive:
            infos = archive.infolist()
    except Incomplete:
        raise
    except BadZipFile as error:
        detail = f"the zip archive is damaged or ends early: {error}"
        raise Incomplete(LogState.UNREADABLE, detail) from None
    except Exception as error:  # zipfile raises many types for invalid data
        raise Incomplete(LogState.UNREADABLE, explained(error).detail) from None

    files = [info for info in infos if info.file_size and not _is_hidden(info)]
    return sorted(files, key=lambda info: natural_key(info.filename))


def _is_hidden(info: ZipInfo) -> bool:
    return info.is_dir() or info.filename.startswith("__MACOSX/")


def natural_key(name: str) -> list[list[tuple[int, str]]]:
    """Return a sort key by folder and by number: `2_b` before `10_a`."""
    return [_folder_key(folder) for folder in name.split("/")]


def _folder_key(name: str) -> list[tuple[int, str]]:
    parts = _NUMBER.split(name)
    # Numbers stand at odd places. They are compared as text: a name may consist of digits only.
    digits = [part.lstrip("0") for part in parts[1::2]]
    numbers = [(len(number), number) for number in digits]
    texts = [(0, part) for part in parts[::2]]
    return [key for pair in zip_longest(texts, numbers) for key in pair if key is not None]


def zip_content(
    descriptor: int, info: ZipInfo, count: Callable[[int], None], piece: int = PIECE
) -> Iterator[bytes]:
    """Yield the unpacked bytes of a file in the open archive. Raises Incomplete.

    `count`: called with each number of bytes read from the archive.
    """
    blocks = _stored(descriptor, info, count)
    if info.compress_type != _STORED:
        blocks = member(_decoder(info), Source(blocks), piece)

    checksum = 0
    for block in blocks:
        checksum = zlib.crc32(block, checksum)
        yield block
    if checksum != info.CRC:
        raise Incomplete(LogState.CUT, "the checksum is wrong")


def _stored(descriptor: int, info: ZipInfo, count: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the bytes of a file as they are in the archive."""
    if info.flag_bits & _ENCRYPTED:
        raise Incomplete(None, "encrypted")
    header = os.pread(descriptor, _LOCAL_HEADER.size, info.header_offset)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(ZIP[0]):
        raise Incomplete(None, "the archive is damaged: the file does not begin here")

    _, name, extra = _LOCAL_HEADER.unpack(header)
    at = info.header_offset + _LOCAL_HEADER.size + name + extra
    left = info.compress_size
    while left:
        block = os.pread(descriptor, min(left, _BLOCK), at)
        if not block:
            raise Incomplete(LogState.CUT, "the archive ends early")
        count(len(block))
        at, left = at + len(block), left - len(block)
        yield block


def _decoder(info: ZipInfo) -> Decoder:
    make = _METHODS.get(info.compress_type)
    if make is None:
        method = _OTHER_METHODS.get(info.compress_type, f"number {info.compress_type}")
        raise Incomplete(None, f"the compression method {method} is not supported")
    return make()
