"""One build's log from Jenkins as a stream of bytes, resumed where it breaks off."""

from collections.abc import Callable
from http.client import HTTPException
from typing import TYPE_CHECKING

from ci_stat.connectors.jenkins.address import NoAnswer
from ci_stat.connectors.jenkins.client import Http, is_page, page_refused
from ci_stat.records import LogState

if TYPE_CHECKING:
    from requests import Response

LIMIT = 16 * 2**30  # bytes of one log
RESUMES = 5  # in a row that bring less than _STRIDE; each has its own tries
SKIPPED = 2**30  # bytes read again in all, where the server knows no other way to go on
_CHUNK = 65_536
_STRIDE = 2**20
_TAIL = 1_024  # bytes before a cut that must come again: else what follows is another text


class _Broken(Exception):
    """The stream broke off."""


class JenkinsLog:
    """The log of the build at `path`. `state` and `detail` are final after the last byte (`no_log.LogStream`).

    `finished`: whether the build had ended before; a build that still runs has no whole log.

    The text of /consoleText is read. An offset into it is not always one into the file that /logText serves, which
    keeps hidden notes, so every way to go on is checked against the last bytes before the cut.
    """

    def __init__(self, http: Http, path: str, finished: bool, limit: int = LIMIT) -> None:
        self.state, self.detail = LogState.NOT_READ, ""
        self._http, self._path, self._limit = http, path, limit
        self._running = not finished
        self._offset, self._tail = 0, b""
        self._size: int | None = None  # of the whole log, where the server says it
        self._resumes, self._skips, self._resumed_at = RESUMES, SKIPPED, 0
        self._answer: Response | None = None

    def start(self) -> None:
        """Ask for the log. Raises NoLog when there is none to read."""
        answer = self._http.open(f"{self._path}/consoleText", byte_range="0-")
        if answer.status_code == 416:  # no first byte: an empty log
            answer.close()
            self._end()
        elif is_page(answer):
            answer.close()
            raise page_refused(f"{self._http.root}{self._path}/consoleText")
        elif packed(answer):
            answer.close()
            raise NoAnswer(
                LogState.UNREADABLE, f"{self._http.root} sends logs packed, although asked not to."
            )
        else:
            self._use(answer)

    def close(self) -> None:
        """Hang up, wherever the reading has come to."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def readinto(self, buffer: memoryview, /) -> int:
        """The next bytes into `buffer`; 0 at the end, and then `state` says which end it is."""
        while self._answer is not None and len(buffer):
            try:
                data = self._read(min(len(buffer), _CHUNK, self._limit + 1 - self._offset))
            except _Broken as trouble:
                self._go_on(str(trouble))
                continue
            if not data:
                self._end()
            elif self._offset + len(data) > self._limit:
                data = data[: self._limit - self._offset]
                self._end(
                    LogState.TOO_BIG,
                    f"The log has more than {self._limit:,} bytes (setting log_limit); the rest was not read.",
                )
            self._offset += len(data)
            self._tail = (self._tail + data)[-_TAIL:]
            buffer[: len(data)] = data
            return len(data)
        return 0

    def _use(self, answer: "Response") -> None:
        self._answer = answer
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        self._size = _number(size) if answer.status_code == 206 else None

    def _read(self, most: int) -> bytes:
        """Raises _Broken. b"" is an end that the server meant."""
        from urllib3.exceptions import HTTPError

        assert self._answer is not None
        try:
            data = bytes(self._answer.raw.read(most, decode_content=False))
        except (HTTPError, HTTPException, OSError) as error:
            raise _Broken(type(error).__name__) from None
        # A server may give less than the range that was asked for.
        if not data and self._size is not None and self._offset < self._size:
            raise _Broken("the server sent a part only")
        return data

    def _end(self, state: LogState = LogState.READ, detail: str = "") -> None:
        self.close()
        if state == LogState.READ and self._running:
            state, detail = LogState.RUNNING, "The build still runs, and its log grows."
        self.state, self.detail = state, detail

    def _go_on(self, reason: str) -> None:
        """Find the rest of a broken stream, or end it as CUT."""
        if self._offset - self._resumed_at >= _STRIDE:
            self._resumes = RESUMES
        self._resumed_at = self._offset
        while self._resumes:
            self._resumes -= 1
            self.close()
            self._http.pause(RESUMES - self._resumes)
            try:
                if self._resumed():
                    return
            except _Broken as trouble:
                reason = str(trouble)
            except NoAnswer as trouble:
                reason = trouble.detail
                if trouble.state == LogState.UNREACHABLE:
                    break
        self._end(
            LogState.CUT,
            f"The log broke off after {self._offset:,} bytes and could not be resumed: {reason}",
        )

    def _resumed(self) -> bool:
        """Whether one of the ways leads on. Raises _Broken, and NoAnswer when nobody answers."""
        ways: tuple[Callable[[int], Response | None], ...] = (
            self._by_range,
            self._by_offset,
            self._by_skipping,
        )
        for way in ways:
            self.close()
            try:
                answer = way(self._offset - len(self._tail))
            except NoAnswer as trouble:
                if trouble.state == LogState.UNREACHABLE:
                    raise
                continue  # this way is not open on this server; the next one may be
            if answer is not None:
                self._use(answer)
                if self._same_text():
                    return True
        self.close()
        return False

    def _same_text(self) -> bool:
        """Whether the last bytes before the cut come again, as they must."""
        return self._exactly(len(self._tail)) == self._tail

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size and (data := self._read(size - len(found))):
            found += data
        return found

    def _by_range(self, start: int) -> "Response | None":
        answer = self._http.open(f"{self._path}/consoleText", byte_range=f"{start}-")
        there = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        return _usable(answer, answer.status_code == 206 and there)

    def _by_offset(self, start: int) -> "Response | None":
        answer = self._http.open(f"{self._path}/logText/progressiveText", {"start": str(start)})
        size = _number(answer.headers.get("X-Text-Size", ""))
        # An offset behind the end is answered from 0.
        there = size is not None and size >= self._offset
        usable = _usable(answer, answer.status_code == 200 and there)
        if usable is not None and answer.headers.get("X-More-Data", "").lower() == "true":
            self._running = True
        return usable

    def _by_skipping(self, start: int) -> "Response | None":
        if start > self._skips:
            return None
        self._skips -= start
        answer = _usable(self._http.open(f"{self._path}/consoleText"), True)
        if answer is None:
            return None
        self._use(answer)  # now, so that it is closed if skipping breaks
        skipped = 0
        while skipped < start and (data := self._read(min(start - skipped, _CHUNK))):
            skipped += len(data)
        return answer


def _usable(answer: "Response", wanted: bool) -> "Response | None":
    """The answer if it is what we wanted, and text; else None, closed."""
    if wanted and answer.status_code in (200, 206) and not is_page(answer) and not packed(answer):
        return answer
    answer.close()
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def packed(answer: "Response") -> bool:
    """Whether the body is compressed: offsets into it would mean nothing."""
    return answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
