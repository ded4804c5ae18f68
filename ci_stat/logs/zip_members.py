"""Read the files of a zip archive as one log, in natural order of their names.

Nothing is extracted: names are shown, never opened, so a hostile name leads nowhere. GitHub's log
archives contain each job twice, as `0_JOB.txt` and as steps `JOB/1_STEP.txt`: the steps of a job
that is there as a whole are left out.
"""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from zipfile import BadZipFile, ZipFile, ZipInfo

from ci_stat.escape import visible
from ci_stat.logs.decoders import HEAD, ZIP, Decoder, bzip2, deflate, zstd
from ci_stat.logs.encoding import text_of
from ci_stat.logs.members import PIECE, explained, is_packed, member, unpacked
from ci_stat.logs.sizes import size_text
from ci_stat.logs.source import Incomplete, Source
from ci_stat.records import LogState

_MAX_DIRECTORY = 4 * 2**20  # bytes of the list of files: enough for 40,000 of them
_SHOWN, _NAME = 40, 80  # files in a detail, and characters of their names
_BLOCK = 2**18
_ENCRYPTED = 0x1
_STORED = 0
_METHODS: dict[int, Callable[[], Decoder]] = {8: deflate, 12: bzip2, 93: zstd}
_OTHER_METHODS = {9: "deflate64", 14: "lzma", 95: "xz", 98: "ppmd"}
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_WHOLE_JOB = re.compile(r"-?\d+_(.+)\.txt")
_NUMBER = re.compile(r"(\d+)")


class ZipText:
    """The text of all files in the archive that is open as `descriptor`.

    `taken`: bytes of the archive that were read. `detail`: the files read, and those left out; it
    is final after the last block.
    """

    def __init__(self, descriptor: int, piece: int = PIECE) -> None:
        """`piece`: bytes unpacked at a time."""
        self.taken = 0
        self._piece = piece
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._lines = 0
        self._read: list[str] = []
        self._left_out: list[str] = []
        self._problems: list[str] = []
        self._steps = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield the text. Raises Incomplete at the end if a file could not be read."""
        files = _files(self._descriptor)
        logs = _without_copies(files)
        self._steps = len(files) - len(logs)
        for info in logs:
            yield from self._file(info)

        if self._problems:
            raise Incomplete(None, "; ".join(_few(self._problems)))
        if not self._read:
            kind = "contains no file" if not logs else "contains no text"
            raise Incomplete(LogState.UNREADABLE, f"the zip archive {kind}")

    @property
    def detail(self) -> str:
        parts = []
        if self._read:
            count = len(self._read)
            files = "1 file" if count == 1 else f"{count:,} files"
            parts.append(f"{files} of the archive: {', '.join(_few(self._read))}")
        if self._steps:
            parts.append(f"{self._steps:,} files with steps of the same jobs left out")
        if self._left_out:
            parts.append(f"left out: {', '.join(_few(self._left_out))}")
        return "; ".join(parts)

    def _file(self, info: ZipInfo) -> Iterator[bytes]:
        name = visible(info.filename, _NAME)
        first, end = self._lines + 1, b""
        try:
            for block in text_of(self._unpacked(info)):
                if block:
                    self._lines += block.count(b"\n")
                    end = block[-1:]
                    yield block
        except Incomplete as problem:
            if not end and problem.state is LogState.UNREADABLE:
                self._left_out.append(f"{name} ({problem.detail})")
            else:
                self._problems.append(f"{name}: {problem.detail}")

        if end not in (b"", b"\n"):  # lines of two files must not become one
            self._lines += 1
            yield b"\n"
        if end:
            self._read.append(f"{name} from line {first}")

    def _unpacked(self, info: ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of a file, unpacked once more if the file itself is compressed."""
        source = Source(self._content(info))
        if is_packed(source.peek(HEAD)):
            return unpacked(source, self._piece)
        return map(bytes, source)

    def _content(self, info: ZipInfo) -> Iterator[bytes]:
        blocks = self._stored(info)
        if info.compress_type != _STORED:
            blocks = member(_decoder(info), Source(blocks), self._piece)

        checksum = 0
        for block in blocks:
            checksum = zlib.crc32(block, checksum)
            yield block
        if checksum != info.CRC:
            raise Incomplete(LogState.CUT, "the checksum is wrong")

    def _stored(self, info: ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of a file as they are in the archive."""
        if info.flag_bits & _ENCRYPTED:
            raise Incomplete(None, "encrypted")
        header = os.pread(self._descriptor, _LOCAL_HEADER.size, info.header_offset)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(ZIP[0]):
            raise Incomplete(None, "the archive is damaged: the file does not begin here")

        _, name, extra = _LOCAL_HEADER.unpack(header)
        at = info.header_offset + _LOCAL_HEADER.size + name + extra
        left = info.compress_size
        while left:
            block = os.pread(self._descriptor, min(left, _BLOCK), at)
            if not block:
                raise Incomplete(LogState.CUT, "the archive ends early")
            self.taken = min(self._size, self.taken + len(block))
            at, left = at + len(block), left - len(block)
            yield block


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


def _files(descriptor: int) -> list[ZipInfo]:
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


def _without_copies(files: Sequence[ZipInfo]) -> list[ZipInfo]:
    """Leave out the files in a folder `JOB/` if there is a file `N_JOB.txt` beside the folder."""
    jobs = {match[1] for info in files if (match := _WHOLE_JOB.fullmatch(info.filename))}
    return [info for info in files if info.filename.split("/")[0] not in jobs]


def _decoder(info: ZipInfo) -> Decoder:
    make = _METHODS.get(info.compress_type)
    if make is None:
        method = _OTHER_METHODS.get(info.compress_type, f"number {info.compress_type}")
        raise Incomplete(None, f"the compression method {method} is not supported")
    return make()


def _few(names: Sequence[str]) -> list[str]:
    more = len(names) - _SHOWN
    return [*names[:_SHOWN], f"{more:,} more"] if more > 0 else list(names)
