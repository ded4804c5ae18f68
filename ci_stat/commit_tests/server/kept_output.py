"""Parts of the output of a run, from the file in which its backend keeps it."""

import codecs
import os
import stat

from ci_stat.commit_tests.model import Output
from ci_stat.commit_tests.protocol.frames import LogPart, Logs
from ci_stat.errors import NotFound

_Decoder = codecs.getincrementaldecoder("utf-8")


def log_part(frame: Logs, output: Output) -> LogPart:
    """Return the part that a client asks for. Raises NotFound if the file is not there."""
    data, size = _read(output.path, frame.offset, frame.limit)
    is_last = frame.offset + len(data) >= size
    decoder = _Decoder("replace")
    text = decoder.decode(data, final=is_last)
    unread, _ = decoder.getstate()  # the begin of a character that the next part completes
    end = frame.offset + len(data) - len(unread)
    return LogPart(
        request=frame.request,
        text=text,
        next_offset=None if is_last else end,
        cut_bytes=output.cut_bytes,
    )


def _read(path: str, offset: int, limit: int) -> tuple[bytes, int]:
    """Return bytes of a file, and its size. Follows no link, and waits for no pipe."""
    if not path:
        raise NotFound("The output of this commit was not kept.")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound(f"The output is not there any more: {error.strerror}.") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise NotFound("The output is no regular file.")
        return os.pread(handle, limit, offset), found.st_size
    finally:
        os.close(handle)
