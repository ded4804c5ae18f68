"""The content of a file: unpacked as its first bytes say, in bounded memory."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.case_results import ReadState, Unreadable
from ci_stat.unpacking.decoders import HEAD
from ci_stat.unpacking.members import explained, is_packed, unpacked
from ci_stat.unpacking.sizes import size_text
from ci_stat.unpacking.source import Source
from ci_stat.unpacking.zip_files import zip_content, zip_files

_BLOCK = 128 * 1024
# A bomb: nothing that tests write is packed 200 times smaller. Below a gigabyte it does no harm.
_MAX_RATIO = 200
_HARMLESS = 2**30
_MAX_SIZE = 64 * 2**30

Blocks = Iterator[bytes]
Count = Callable[[int], None]
"""Takes the number of bytes that were read from the file, packed as they are."""


def content(file: IO[bytes]) -> Blocks:
    """Yield the unpacked content from the position on. Raises Unreadable after what was read."""

    def raw(count: Count) -> Blocks:
        while block := file.read(_BLOCK):
            count(len(block))
            yield block

    yield from _unpacked(raw)


def zip_inputs(descriptor: int) -> Iterator[tuple[str, Callable[[], Blocks]]]:
    """Yield names and contents of the files in an archive. Raises Unreadable."""
    try:
        infos = zip_files(descriptor)
    except Exception as error:
        raise _problem(error) from None
    for info in infos:
        name = visible(info.filename, 300)
        yield name, partial(_unpacked, partial(zip_content, descriptor, info))


def _unpacked(raw: Callable[[Count], Blocks]) -> Blocks:
    """Yield the content of what `raw` yields, which may be packed itself."""
    taken = given = 0

    def count(size: int) -> None:
        nonlocal taken
        taken += size

    try:
        source = Source(raw(count))
        blocks = unpacked(source) if is_packed(source.peek(HEAD)) else map(bytes, source)
        for block in blocks:
            given += len(block)
            if given > _MAX_SIZE or given > max(_HARMLESS, _MAX_RATIO * taken):
                sizes = f"{size_text(taken)} unpack to more than {size_text(given)}"
                raise Unreadable(ReadState.REFUSED, sizes)
            yield block
    except Unreadable:
        raise
    except Exception as error:  # decompressors raise many types for invalid data
        raise _problem(error) from None


def _problem(error: Exception) -> Unreadable:
    problem = explained(error)
    state = ReadState.CUT if problem.state is LogState.CUT else ReadState.UNREADABLE
    return Unreadable(state, problem.detail)
