"""The log of one build as a stream of bytes, resumed after an interruption."""

from collections.abc import Callable

from ci_stat.connectors.http.client import Interrupted, Stream
from ci_stat.connectors.http.response import is_html
from ci_stat.connectors.jenkins.address import RequestFailed
from ci_stat.connectors.jenkins.client import JenkinsClient, page_refused
from ci_stat.records import LogState

LIMIT = 16 * 2**30  # bytes of one log
RESUMES = 5  # in a row with less than _STRIDE of progress; each has its own attempts
SKIPPED = 2**30  # bytes read again in all, if the server offers no other way to resume
_CHUNK = 65_536
_STRIDE = 2**20
_TAIL = 1_024  # bytes before an interruption that must be received again, as a check


class JenkinsLog:
    """The log of the build at `path`.

    `state` and `detail` are final after the last byte (`no_log.LogStream`).

    `finished`: whether the build had ended before; the log of a running build is incomplete.

    It reads /consoleText. /logText keeps hidden notes, so offsets into the two can differ. Every
    way to resume is checked against the last bytes before the interruption.
    """

    def __init__(self, http: JenkinsClient, path: str, finished: bool, limit: int = LIMIT) -> None:
        self.state, self.detail = LogState.NOT_READ, ""
        self._http, self._path, self._limit = http, path, limit
        self._running = not finished
        self._offset, self._tail = 0, b""
        self._size: int | None = None  # of the whole log, where the server says it
        self._attempts = http.attempts(RESUMES + 1)
        self._skips, self._resumed_at = SKIPPED, 0
        self._answer: Stream | None = None

    def start(self) -> None:
        """Request the log. Raises NoLog if there is none."""
        answer = self._http.open(f"{self._path}/consoleText", byte_range="0-")
        if answer.status == 416:  # an empty log has no first byte
            answer.close()
            self._end()
        elif is_html(answer.headers):
            answer.close()
            raise page_refused(f"{self._http.root}{self._path}/consoleText")
        elif compressed(answer):
            answer.close()
            raise RequestFailed(
                LogState.UNREADABLE,
                f"{self._http.root} compresses logs, although we asked it not to.",
            )
        else:
            self._use(answer)

    def close(self) -> None:
        """Close the connection, at any point of the log."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def readinto(self, buffer: memoryview, /) -> int:
        """Read the next bytes into `buffer`; 0 at the end, when `state` is final."""
        while self._answer is not None and len(buffer):
            try:
                data = self._read(min(len(buffer), _CHUNK, self._limit + 1 - self._offset))
            except Interrupted as failure:
                self._go_on(str(failure))
                continue
            if not data:
                self._end()
            elif self._offset + len(data) > self._limit:
                data = data[: self._limit - self._offset]
                self._end(
                    LogState.TOO_BIG,
                    f"The log has more than {self._limit:,} bytes (setting log_limit);"
                    " the rest was not read.",
                )
            self._offset += len(data)
            self._tail = (self._tail + data)[-_TAIL:]
            buffer[: len(data)] = data
            return len(data)
        return 0

    def _use(self, answer: Stream) -> None:
        self._answer = answer
        size = answer.headers.get("content-range", "").rpartition("/")[2]
        self._size = _number(size) if answer.status == 206 else None

    def _read(self, most: int) -> bytes:
        """The next bytes; b"" at the end that the server intended. Raises Interrupted."""
        assert self._answer is not None
        data = self._answer.read(most)
        # A server may send less than the range that was requested.
        if not data and self._size is not None and self._offset < self._size:
            raise Interrupted("the server sent a part only")
        return data

    def _end(self, state: LogState = LogState.READ, detail: str = "") -> None:
        self.close()
        if state == LogState.READ and self._running:
            state, detail = LogState.RUNNING, "The build is still running, so its log grows."
        self.state, self.detail = state, detail

    def _go_on(self, reason: str) -> None:
        """Resume after an interruption, or end the log as CUT."""
        if self._offset - self._resumed_at >= _STRIDE:
            self._attempts = self._http.attempts(RESUMES + 1)
        self._resumed_at = self._offset
        self.close()
        while self._attempts.again():
            try:
                if self._resumed():
                    return
            except Interrupted as failure:
                reason = str(failure)
            except RequestFailed as failure:
                reason = failure.detail
                if failure.state == LogState.UNREACHABLE:
                    break
        self._end(
            LogState.CUT,
            f"The log was interrupted after {self._offset:,} bytes"
            f" and could not be resumed: {reason}",
        )

    def _resumed(self) -> bool:
        """Whether one of the ways works.

        Raises Interrupted, and RequestFailed if the server is unreachable.
        """
        ways: tuple[Callable[[int], Stream | None], ...] = (
            self._by_range,
            self._by_offset,
            self._by_skipping,
        )
        for way in ways:
            self.close()
            try:
                answer = way(self._offset - len(self._tail))
            except RequestFailed as failure:
                if failure.state == LogState.UNREACHABLE:
                    raise
                continue  # this server does not support this way
            if answer is not None:
                self._use(answer)
                if self._same_text():
                    return True
        self.close()
        return False

    def _same_text(self) -> bool:
        """Whether the last bytes before the interruption were received again."""
        return self._exactly(len(self._tail)) == self._tail

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size and (data := self._read(size - len(content))):
            content += data
        return content

    def _by_range(self, start: int) -> Stream | None:
        answer = self._http.open(f"{self._path}/consoleText", byte_range=f"{start}-")
        there = answer.headers.get("content-range", "").startswith(f"bytes {start}-")
        return _usable(answer, answer.status == 206 and there)

    def _by_offset(self, start: int) -> Stream | None:
        answer = self._http.open(f"{self._path}/logText/progressiveText", {"start": str(start)})
        size = _number(answer.headers.get("x-text-size", ""))
        # Jenkins answers an offset beyond the end from 0.
        there = size is not None and size >= self._offset
        usable = _usable(answer, answer.status == 200 and there)
        if usable is not None and answer.headers.get("x-more-data", "").lower() == "true":
            self._running = True
        return usable

    def _by_skipping(self, start: int) -> Stream | None:
        if start > self._skips:
            return None
        self._skips -= start
        answer = _usable(self._http.open(f"{self._path}/consoleText"), True)
        if answer is None:
            return None
        self._use(answer)  # now, so that it is closed if skipping fails
        skipped = 0
        while skipped < start and (data := self._read(min(start - skipped, _CHUNK))):
            skipped += len(data)
        return answer


def _usable(answer: Stream, wanted: bool) -> Stream | None:
    """The answer if it is wanted and plain text; otherwise close it and return None."""
    if (
        wanted
        and answer.status in (200, 206)
        and not is_html(answer.headers)
        and not compressed(answer)
    ):
        return answer
    answer.close()
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def compressed(answer: Stream) -> bool:
    """Whether the body is compressed: offsets into it would mean nothing."""
    return answer.headers.get("content-encoding", "identity").lower() not in ("", "identity")
