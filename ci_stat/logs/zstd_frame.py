"""One Zstandard frame, a few blocks at a time: no input, however small, unpacks to more than was asked for.

The decompressors of gzip and xz in Python have a limit on what one call gives; that of the package `zstandard` has
none, and does not say when a frame ends too early. So the frame's blocks are counted here (RFC 8878, 3.1.1).
"""

from enum import Enum, auto
from typing import Final

MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte from 0x50 to 0x5f
_BLOCK = 128 * 1024  # bytes that one block unpacks to at most
_RAW, _RLE, _COMPRESSED = range(3)


def is_skippable(head: bytes | bytearray) -> bool:
    """Whether a frame begins with `head` that holds no data."""
    return head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F


class _Stage(Enum):
    HEADER = auto()
    BLOCK = auto()
    CHECKSUM = auto()
    SKIP = auto()
    END = auto()


class ZstdFrame:
    """Used as `lzma.LZMADecompressor` is: `decompress`, `eof`, `needs_input`, `unused_data`.

    Raises ValueError or `zstandard.ZstdError` for what is no frame, or one that needs more than `memory` bytes.
    """

    def __init__(self, memory: int) -> None:
        from zstandard import ZstdDecompressor

        self._unpack = ZstdDecompressor(max_window_size=memory).decompressobj()
        self._input = bytearray()
        self._stage = _Stage.HEADER
        self._checksum = False
        self._skip = 0
        self.needs_input = True
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return self._stage is _Stage.END

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """What follows, at most `max_length` bytes and one block (128 KB)."""
        self._input += data
        size = self._whole(max_length)
        piece = bytes(self._input[:size])
        del self._input[:size]
        if self._stage is _Stage.SKIP:
            piece = b""
            self._pass_over()
        if self.eof:
            self.unused_data = bytes(self._input)
        return self._unpack.decompress(piece) if piece else b""

    def _whole(self, room: int) -> int:
        """How many bytes of the input are whole blocks that fill `room`."""
        at = 0
        self.needs_input = False
        while room > 0 and self._stage not in (_Stage.END, _Stage.SKIP):
            size, gives = self._next(at)
            if not size or at + size > len(self._input):
                self.needs_input = True
                break
            self._advance(at)
            at += size
            room -= gives
        return at

    def _next(self, at: int) -> tuple[int, int]:
        """Length of the next part and the most that it gives; length 0 where too little of it is here to know."""
        if self._stage is _Stage.HEADER:
            return self._header_size(at), 0
        if self._stage is _Stage.CHECKSUM:
            return 4, 0
        if len(self._input) < at + 3:
            return 0, 0
        _, kind, size = self._block(at)
        return 3 + (1 if kind == _RLE else size), _BLOCK if kind == _COMPRESSED else size

    def _header_size(self, at: int) -> int:
        if len(self._input) < at + 5:
            return 0
        if is_skippable(self._input[at : at + 4]):
            return 8
        about = self._input[at + 4]
        single = about >> 5 & 1
        content = (single, 2, 4, 8)[about >> 6]
        return 5 + (not single) + (0, 1, 2, 4)[about & 3] + content

    def _block(self, at: int) -> tuple[bool, int, int]:
        head = int.from_bytes(self._input[at : at + 3], "little")
        last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
        if kind > _COMPRESSED or size > _BLOCK:
            raise ValueError("it holds a block that cannot be")
        return last, kind, size

    def _advance(self, at: int) -> None:
        """On to the stage behind the part at `at`, which is all here."""
        if self._stage is _Stage.CHECKSUM:
            self._stage = _Stage.END
        elif self._stage is _Stage.BLOCK:
            if self._block(at)[0]:
                self._stage = _Stage.CHECKSUM if self._checksum else _Stage.END
        elif is_skippable(self._input[at : at + 4]):
            self._skip = int.from_bytes(self._input[at + 4 : at + 8], "little")
            self._stage = _Stage.SKIP
        else:
            self._checksum = bool(self._input[at + 4] >> 2 & 1)
            self._stage = _Stage.BLOCK

    def _pass_over(self) -> None:
        gone = min(self._skip, len(self._input))
        del self._input[:gone]
        self._skip -= gone
        self.needs_input = self._skip > 0
        if not self._skip:
            self._stage = _Stage.END
