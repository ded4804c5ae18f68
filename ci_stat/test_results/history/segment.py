"""A segment: what one upload added to a run, as bytes that are named by their content.

Segments never change. A day pack holds the segments of one day, so that a year is some hundred
files.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date

import msgspec

from ci_stat.errors import SourceError
from ci_stat.records.run_info import RunInfo
from ci_stat.unpacking.decoders import zstd

VERSION = 1
_LEVEL = 9
_WINDOW = 27  # bits: runs of a day repeat the same names
_MAX_SIZE = 2**30  # bytes of a segment or pack, unpacked

_SEGMENT = re.compile(r"segments/(\d{4}/\d{2}/\d{2})/([0-9a-f]{32})\.zst")
_PACK = re.compile(r"days/(\d{4}/\d{2}/\d{2})-([0-9a-f]{32})\.zst")

Spelled = tuple[str, str, str, str, str]
"""Suite, class, name, parameters and file of a case."""


class SegmentText(msgspec.Struct, frozen=True, array_like=True):
    """The texts of one attempt. `left_out`: characters that the segment does not have."""

    position: int
    message: str
    text: str
    line: int | None
    left_out: int


class SegmentFile(msgspec.Struct, frozen=True, array_like=True):
    """A result file: its attempts in order, as lists of equal length.

    `case`: places in `Segment.cases`. `word`: places in `words`. `micros`: microseconds or None.
    """

    digest: str
    name: str
    format: str
    state: str
    detail: str
    case: list[int]
    outcome: list[int]
    word: list[int]
    micros: list[int | None]
    words: list[str]
    details: list[SegmentText]


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """What one upload added to a run. `key`: identity of the run."""

    version: int
    key: str
    run: RunInfo
    cases: list[Spelled]
    files: list[SegmentFile]

    @property
    def day(self) -> date:
        assert self.run.started is not None  # each stored run has a time
        return self.run.started.date()


def path_of(segment: Segment) -> str:
    """Return the path of the segment on the branch."""
    return _path(segment.day, _plain(segment))


def encode(segment: Segment) -> tuple[str, bytes]:
    """Return the path of the segment on the branch, and its content."""
    plain = _plain(segment)
    return _path(segment.day, plain), _compress(plain)


def pack_path(day: date, paths: Iterable[str]) -> str:
    """Return the path of the day pack of these segments."""
    names = "\n".join(sorted(set(paths)))
    return f"days/{day:%Y/%m/%d}-{_digest(names.encode())}.zst"


def pack(day: date, segments: Iterable[Segment]) -> tuple[str, bytes]:
    """Return the path of a day pack, and its content: each segment once."""
    by_path = {path_of(segment): segment for segment in segments}
    ordered = [by_path[path] for path in sorted(by_path)]
    plain = msgspec.msgpack.encode(ordered, order="sorted")
    return pack_path(day, by_path), _compress(plain)


def _plain(segment: Segment) -> bytes:
    return msgspec.msgpack.encode(segment, order="sorted")


def _path(day: date, plain: bytes) -> str:
    return f"segments/{day:%Y/%m/%d}/{_digest(plain)}.zst"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def decode(path: str, content: bytes) -> list[Segment]:
    """Return the segments of a file of the branch. Raises SourceError."""
    try:
        plain = _decompress(content)
        if _SEGMENT.fullmatch(path):
            segments = [msgspec.msgpack.decode(plain, type=Segment)]
        else:
            segments = msgspec.msgpack.decode(plain, type=list[Segment])
    except (ValueError, msgspec.DecodeError) as error:
        raise SourceError(
            f"The file {path} of the history is damaged: {error}.",
            "Remove it from the branch, or import the result files of its run again.",
        ) from None
    newest = max((one.version for one in segments), default=VERSION)
    if newest > VERSION:
        raise SourceError(
            f"The file {path} of the history has version {newest}, but this ci_stat supports"
            f" versions up to {VERSION}.",
            "Use the newer ci_stat.",
        )
    return segments


def day_of(path: str) -> date | None:
    """Return the day of a segment or pack; None for other files."""
    match = _SEGMENT.fullmatch(path) or _PACK.fullmatch(path)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1].replace("/", "-"))
    except ValueError:
        return None


def is_segment(path: str) -> bool:
    return _SEGMENT.fullmatch(path) is not None


def unpacked_days(paths: Iterable[str], today: date) -> dict[date, list[str]]:
    """Return the files of each finished day that has a segment beside other files.

    A day is finished when it and the next day are over: late uploads are done by then.
    """
    days: dict[date, list[str]] = {}
    for path in sorted(paths):
        day = day_of(path)
        if day is not None and (today - day).days > 1:
            days.setdefault(day, []).append(path)
    return {
        day: files
        for day, files in sorted(days.items())
        if len(files) > 1 and any(is_segment(path) for path in files)
    }


def _compress(plain: bytes) -> bytes:
    from ci_stat.unpacking.zstandard import CompressionParameter, compress

    options: dict[int, int] = {
        CompressionParameter.compression_level: _LEVEL,
        CompressionParameter.window_log: _WINDOW,
        CompressionParameter.enable_long_distance_matching: 1,
        CompressionParameter.checksum_flag: 1,
    }
    return compress(plain, options=options)


def _decompress(content: bytes) -> bytes:
    """Raises ValueError."""
    decoder = zstd()
    try:
        plain = decoder.decompress(content, _MAX_SIZE)
    except Exception as error:  # each library has errors of its own
        raise ValueError(str(error)) from None
    if not decoder.eof:
        raise ValueError("it is cut, or larger than 1 GiB")
    return plain
