"""The log of one job as a stream of bytes.

GitHub redirects to a signed address at a storage, valid for about a minute. The token is not sent
there: the storage refuses a request with two authorizations, and it is another server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.responses import CallState
from ci_stat.connectors.http.address import Address, is_loopback, root_of
from ci_stat.connectors.http.client import HttpClient, Interrupted, Stream
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, is_html
from ci_stat.errors import SourceError
from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

LIMIT = 16 * 2**30  # bytes of one log
TRIES = 4  # downloads in a row without progress
_CHUNK = 65_536
_TAIL = 1_024  # bytes before an interruption that must be received again, as a check
_RETENTION = timedelta(days=1)  # the shortest that GitHub allows


class _Failed(Exception):
    """A download that failed, and may succeed with a new address."""


class JobLog:
    """The log of one job; `state` and `detail` are final after the last byte (`LogStream`)."""

    def __init__(self, actions: Actions, repo: str, job: int, limit: int = LIMIT) -> None:
        self.state, self.detail = LogState.NOT_READ, ""
        self._actions, self._repo, self._job, self._limit = actions, repo, job, limit
        self._offset, self._tail, self._failures = 0, b"", 0
        self._stream: Stream | None = None

    def start(self) -> None:
        """Request the log. Raises NoLog if there is none."""
        reason = self._connected(0)
        if reason:
            raise NoLog(LogState.UNREACHABLE, reason)

    def close(self) -> None:
        """Close the connection, at any point of the log."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def readinto(self, buffer: memoryview, /) -> int:
        """Read the next bytes into `buffer`; 0 at the end, when `state` is final."""
        while self._stream is not None and len(buffer):
            try:
                data = self._stream.read(min(len(buffer), _CHUNK))
            except Interrupted as failure:
                self._resume(str(failure))
                continue
            data = self._kept(data)
            buffer[: len(data)] = data
            return len(data)
        return 0

    def _kept(self, data: bytes) -> bytes:
        """The bytes up to the limit. At the end, the state becomes final."""
        if not data:
            self._end(LogState.READ)
        if self._offset + len(data) > self._limit:
            data = data[: self._limit - self._offset]
            detail = f"The log has more than {self._limit:,} bytes (setting log_limit)."
            self._end(LogState.TOO_BIG, detail)
        if data:
            self._failures = 0
        self._offset += len(data)
        self._tail = (self._tail + data)[-_TAIL:]
        return data

    def _end(self, state: LogState, detail: str = "") -> None:
        self.close()
        self.state, self.detail = state, detail

    def _resume(self, reason: str) -> None:
        """Go on after an interruption, or end the log as CUT."""
        try:
            reason = self._connected(self._offset - len(self._tail)) or reason
        except NoLog as problem:
            reason = problem.detail
        if self._stream is None:
            detail = f"The log was interrupted after {self._offset:,} bytes: {reason}"
            self._end(LogState.CUT, detail)

    def _connected(self, start: int) -> str:
        """Open the log at `start`. Returns the reason if no attempt works. Raises NoLog."""
        reason = ""
        while self._failures < TRIES:
            self.close()
            self._failures += 1
            try:
                self._stream = _download(self._actions, self._address(), start)
                self._skip(start)
            except (_Failed, Interrupted) as failure:
                self.close()
                reason = str(failure)
            else:
                return ""
        return reason

    def _skip(self, start: int) -> None:
        """Skip what was read before. Raises _Failed if the text differs."""
        assert self._stream is not None
        if self._stream.status == 200 and start:
            self._exactly(start)
        if self._exactly(len(self._tail)) != self._tail:
            raise _Failed("the text before the interruption has changed")

    def _exactly(self, size: int) -> bytes:
        """The next bytes; of many, the last ones."""
        assert self._stream is not None
        content, left = b"", size
        while left and (data := self._stream.read(min(left, _CHUNK))):
            content, left = (content + data)[-_CHUNK:], left - len(data)
        return content

    def _address(self) -> str:
        """The signed address. Raises NoLog."""
        result = self._actions.log_address(self._repo, self._job)
        if result.state is CallState.DONE:
            return result.headers.get("location", "")
        detail = f"{result.reason.rstrip('.')}."
        if result.state is not CallState.REFUSED:
            raise NoLog(LogState.UNREACHABLE, detail)
        if result.code == 410:
            raise NoLog(LogState.EXPIRED, "GitHub has deleted the log after its retention period.")
        if result.code == 404:
            raise self._why_missing()
        raise NoLog(LogState.REFUSED, f"{detail} {result.hint}".rstrip())

    def _why_missing(self) -> NoLog:
        """GitHub answers 404 for an expired log, too."""
        try:
            job = self._actions.job(self._repo, self._job)
        except SourceError as error:
            return NoLog(LogState.UNREACHABLE, error.message)
        if job is None:
            where = f"{self._repo} has no job {self._job}, or it is not visible to us."
            return NoLog(LogState.MISSING, where)
        if not job.conclusion or job.completed_at is None:
            return NoLog(LogState.RUNNING, "The job has not ended yet.")
        if datetime.now(UTC) - job.completed_at < _RETENTION:
            return NoLog(LogState.MISSING, "GitHub has no log of this job.")
        ended = f"{job.completed_at:%Y-%m-%d}"
        return NoLog(LogState.EXPIRED, f"GitHub keeps no log of this job, which ended on {ended}.")


def _download(actions: Actions, address: str, start: int) -> Stream:
    """Open the log at a signed address, from `start` if the storage can. Raises _Failed, NoLog."""
    client, target = _storage(actions, address)
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    stream = client.open("GET", target, headers)
    if isinstance(stream, NoResponse):
        if stream.temporary:
            raise _Failed(stream.reason)
        raise NoLog(LogState.UNREACHABLE, f"{stream.reason.rstrip('.')}. {stream.hint}".rstrip())
    begins = stream.headers.get("content-range", "").startswith(f"bytes {start}-")
    if (stream.status == 206 and begins) or (stream.status == 200 and not is_html(stream.headers)):
        return stream
    stream.close()
    raise _Failed(f"{client.address.root} responded with status {stream.status}")


def _storage(actions: Actions, address: str) -> tuple[HttpClient, str]:
    """A client without the token, and path and query. Raises NoLog for an unsafe address."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise NoLog(LogState.REFUSED, "GitHub redirects to an invalid address.") from None

    loopback = is_loopback(host)
    may_be_plain = loopback and actions.loopback
    has_login = bool(parts.username or parts.password)
    is_valid = bool(host) and "\\" not in address
    if not is_valid or has_login or not _is_safe(parts.scheme, may_be_plain):
        shown = visible(f"{parts.scheme}://{host}", 100)
        raise NoLog(LogState.REFUSED, f"GitHub redirects to {shown}, which is not followed.")

    # The signature works like a password.
    mask = Mask(parts.query, parts.path)
    client = HttpClient(Address(root_of(parts), "", loopback), mask, actions.timeout)
    return client, f"{parts.path or '/'}?{parts.query}"


def _is_safe(scheme: str, may_be_plain: bool) -> bool:
    return scheme == "https" or (scheme == "http" and may_be_plain)


@contextmanager
def job_log(actions: Actions, repo: str, job: int, limit: int = LIMIT) -> Iterator[JobLog]:
    """The log of one job, open within the block.

    Raises NoLog: EXPIRED, MISSING, RUNNING, REFUSED or UNREACHABLE, before the first byte.
    """
    log = JobLog(actions, repo, job, limit)
    log.start()
    try:
        yield log
    finally:
        log.close()
