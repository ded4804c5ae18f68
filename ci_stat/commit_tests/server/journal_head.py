"""The first line of a journal: what its session is."""

import os
from datetime import datetime
from pathlib import Path

import msgspec

from ci_stat.commit_tests.protocol.events import SessionRequest
from ci_stat.errors import WriteError
from ci_stat.escape import visible

FORMAT = 1

_CHUNK = 64 * 1024


class JournalHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is. `request`: the id that its client chose."""

    format: int = FORMAT
    session: str
    user: str
    request: str
    submitted: datetime
    what: SessionRequest


class DamagedJournal(WriteError):
    """A line before the last one cannot be read."""

    def __init__(self, path: Path, number: int, problem: object) -> None:
        super().__init__(
            f"{path} is damaged in line {number}: {visible(problem, 200)}.",
            "Move the file away; its session is lost, the others are not.",
        )


_heads = msgspec.json.Decoder(JournalHead)


def read_head(path: Path) -> JournalHead | None:
    """Return the head of a file; None if it is torn. Raises DamagedJournal, WriteError."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        line = first_line(handle)
    finally:
        os.close(handle)
    return decoded_head(path, line) if line.endswith(b"\n") else None


def first_line(handle: int) -> bytes:
    line, place = b"", 0
    while chunk := os.pread(handle, _CHUNK, place):
        begin, newline, _ = chunk.partition(b"\n")
        line += begin + newline
        if newline:
            break
        place += len(chunk)
    return line


def decoded_head(path: Path, line: bytes) -> JournalHead:
    try:
        head = _heads.decode(line)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DamagedJournal(path, 1, error) from None
    if head.format != FORMAT:
        raise DamagedJournal(path, 1, f"format {head.format} is not {FORMAT}")
    return head


def unwritable(path: Path, error: OSError) -> WriteError:
    return WriteError(
        f"The journal {path} cannot be used: {error.strerror}.", "Free space, or check its folder."
    )
