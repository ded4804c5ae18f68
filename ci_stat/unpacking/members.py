"""Unpack compressed members or frames in a row, in bounded memory."""

from collections.abc import Callable, Iterator
from itertools import count

from ci_stat.records import LogState
from ci_stat.unpacking.decoders import HEAD, MEMORY, Decoder, decoder_of, is_begun
from ci_stat.unpacking.sizes import size_text
from ci_stat.unpacking.source import Incomplete, Source

_MEMBERS = 1_000_000  # block-wise gzip has one member per 64 KB
_ENDS_EARLY = "the compressed data ends early"
# Bytes given to a decompressor at a time. Measured: with more, decompressors copy what they do not
# use yet and the text is always in fresh memory; in a second thread (`read_ahead`) fewer waits of
# the threads for each other are worth more.
PIECE, AHEAD_PIECE = 24 * 1024, 64 * 1024
_MOST_TEXT = 8  # times its size that a piece is unpacked to at once


def is_packed(head: bytes) -> bool:
    """Whether data that begins with `head` (HEAD bytes) is compressed."""
    return decoder_of(head) is not None or is_begun(head)


def unpacked(source: Source, piece: int = PIECE) -> Iterator[bytes]:
    """Yield the content of all members. Raises Incomplete, or an error of a decompressor.

    `piece`: bytes unpacked at a time.
    """
    for number in count(1):
        make = _next_decoder(source)
        if make is None:
            return
        if number > _MEMBERS:
            raise Incomplete(LogState.TOO_BIG, f"more than {_MEMBERS:,} compressed members")
        yield from member(make(), source, piece)


def member(decoder: Decoder, source: Source, piece: int = PIECE) -> Iterator[bytes]:
    """Yield the content of one member; the source continues behind it."""
    block = memoryview(b"")
    while not decoder.eof:
        data = memoryview(b"")
        if decoder.needs_input:
            block = block or source.take()
            if not block:
                raise Incomplete(LogState.CUT, _ENDS_EARLY)
            data, block = block[:piece], block[piece:]

        text = decoder.decompress(data, _MOST_TEXT * piece)
        if text:
            yield text

    source.put_back(block)
    source.put_back(memoryview(decoder.unused_data))


def _next_decoder(source: Source) -> Callable[[], Decoder] | None:
    """Return the decoder of the next member; None at the end."""
    head = source.peek(HEAD)
    while head.startswith(b"\0"):  # padding to a full block, as on tapes and in xz
        source.put_back(_without_nuls(source.take()))
        head = source.peek(HEAD)

    if not head:
        return None
    make = decoder_of(head)
    if make is None:
        raise Incomplete(
            LogState.CUT,
            _ENDS_EARLY if is_begun(head) else "other data follows the compressed data",
        )
    return make


def _without_nuls(block: memoryview) -> memoryview:
    rest = len(bytes(block).lstrip(b"\0"))
    return block[len(block) - rest :]


def explained(error: Exception) -> Incomplete:
    """Return why reading ended. Decompressors raise many types for invalid data."""
    if isinstance(error, Incomplete):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return Incomplete(None, f"reading failed: {error.strerror or error}")
    if "memory" in str(error).lower():
        detail = f"unpacking needs more than {size_text(MEMORY)} of memory"
        return Incomplete(LogState.TOO_BIG, detail)
    return Incomplete(None, f"the compressed data is invalid: {error}")
