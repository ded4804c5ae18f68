"""Build logs in a folder, and the choice of the first place that has a log.

Job names come from a database and are not trusted. Each part of a path is checked, and the file is
opened part by part from the folder down without following links, so that no name and no link leads
out of the folder.
"""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from ci_stat.logs.below import first_below, is_below
from ci_stat.logs.compressed import LIMIT, Unpacked
from ci_stat.logs.regular_file import RegularFile, no_log
from ci_stat.records import LogState, shown_id
from ci_stat.records.log_place import LogPlace, LogStream, NoLog

SUFFIXES = ("", ".gz", ".zst", ".xz", ".bz2", ".zip")
FRESH = 60.0  # seconds without a change after which a log without an end counts as finished
_MAX_NAME = 255  # bytes of a file name on common file systems
_MAX_BUILDS = 200_000  # entries of a folder that are listed to find its oldest build
_TAIL = 4096  # bytes at the end of a log that are searched for its result
_MAX_BUILD_XML = 16 * 2**20  # bytes of a build.xml that are read
_FIELD = re.compile(r"\{(job|number)\}")

# If no place has a log, the reason with the most information is reported: the first of these.
_REASONS = (
    LogState.RUNNING,
    LogState.UNREADABLE,
    LogState.UNREACHABLE,
    LogState.TOO_BIG,
    LogState.REFUSED,
    LogState.EXPIRED,
    LogState.TOO_OLD,
    LogState.MISSING,
)
_RANK = {state: rank for rank, state in enumerate(_REASONS)}


class FolderPlace:
    """A Jenkins home (`jobs/NAME/builds/N/log`, `jobs/a/jobs/b/...`) or a folder with a template.

    - `template`: a path below the folder with `{job}` and `{number}`, such as `{job}/{number}.log`.
      A compressed log is found with one of `SUFFIXES` added to it.
    - `limit`: bytes of text of one log.
    - `now`: returns seconds since 1970.
    """

    def __init__(
        self,
        root: str | Path,
        template: str | None = None,
        limit: int = LIMIT,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = str(root)
        self._root = os.path.realpath(root)
        self._template, self._limit, self._now = template, limit, now

    def __repr__(self) -> str:
        return f"<FolderPlace {self.name}>"

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[Unpacked]:
        """Open the log of one build for the duration of the block. Raises NoLog."""
        file, folder = self._find(job, number)
        try:
            if not self._is_finished(file, folder):
                raise NoLog(LogState.RUNNING, "the build has not ended yet")
            finished = partial(self._is_finished, file, folder)
            with closing(Unpacked(file, self._limit, finished)) as stream:
                yield stream
        finally:
            file.close()

    def _find(self, job: str, number: int) -> tuple[RegularFile, str]:
        """Return the open log and the path of its folder below the root."""
        if not os.path.isdir(self._root):
            raise NoLog(LogState.MISSING, f"the folder {self.name} does not exist")

        for path in self._paths(job, number):
            file = self._opened(path, SUFFIXES)
            if file is not None:
                return file, os.path.dirname(path)

        raise self._missing(job, number)

    def _paths(self, job: str, number: int) -> Iterator[str]:
        """Yield the paths below the root at which the log may be."""
        for name in _spellings(job, number):
            if self._template is None:
                yield os.path.join(_builds(name), str(number), "log")
            else:
                yield _filled(self._template, name, number)

    def _opened(self, path: str, suffixes: Sequence[str] = ("",)) -> RegularFile | None:
        """Open the file at a path below the root with the first suffix that exists, if any."""
        names = [path + suffix for suffix in suffixes]
        try:
            if is_below(path):
                return first_below(self._root, names)
        except NotADirectoryError:
            pass  # perhaps a link: it may lead to another place below the root
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise no_log(error) from None
        except ValueError:  # a lone surrogate
            raise NoLog(LogState.REFUSED, "the name is not a valid file name") from None

        files = (self._linked(name) for name in names)
        return next((file for file in files if file is not None), None)

    def _linked(self, path: str) -> RegularFile | None:
        """Open the file at a path that contains links; None if there is no such file."""
        try:
            real = os.path.realpath(os.path.join(self._root, path))
        except ValueError:  # a lone surrogate
            raise NoLog(LogState.REFUSED, "the name is not a valid file name") from None

        if os.path.commonpath((self._root, real)) != self._root:
            raise NoLog(LogState.REFUSED, f"a link leads to a file outside of {self.name}")
        try:
            return first_below(self._root, [os.path.relpath(real, self._root)])
        except NotADirectoryError:
            return None
        except OSError as error:
            raise no_log(error) from None

    def _missing(self, job: str, number: int) -> NoLog:
        """Return why the log is not here: discarded, or not found."""
        if self._template is None:
            folders = [os.path.join(self._root, _builds(name)) for name in _spellings(job, number)]
            kept = [build for folder in folders if (build := _oldest(folder)) is not None]
            oldest = min(kept, default=0)
            if number < oldest:
                return NoLog(LogState.TOO_OLD, f"the oldest build kept in {self.name} is {oldest}")

        return NoLog(LogState.MISSING, f"{self.name} does not contain the log")

    def _is_finished(self, file: RegularFile, folder: str) -> bool:
        """Whether the build has ended.

        `build.xml` decides if it exists. Otherwise the log has ended if its last line is a result,
        or if it has not changed for `FRESH` seconds.
        """
        if self._template is None:
            build = self._head(os.path.join(folder, "build.xml"))
            if build:
                return b"<result>" in build and b"<completed>false</completed>" not in build

        if self._now() - file.changed() > FRESH:
            return True
        return b"\nFinished: " in b"\n" + file.tail(_TAIL)

    def _head(self, path: str) -> bytes:
        """Return the beginning of a file below the root; empty if it cannot be read."""
        try:
            file = self._opened(path)
        except NoLog:
            return b""
        if file is None:
            return b""

        try:
            return file.head(_MAX_BUILD_XML)
        finally:
            file.close()


def _spellings(job: str, number: int) -> Iterator[str]:
    """Yield the job's name as stored and decoded: some names are stored as in Jenkins' links.

    Raises NoLog for a name or number that is invalid.
    """
    problem = f"{number} is not a build number" if number < 0 else _problem(job)
    if problem:
        raise NoLog(LogState.REFUSED, problem)

    yield job
    plain = unquote(job)
    if plain != job and not _problem(plain):
        yield plain


def _problem(job: str) -> str:
    """Return why this is not a valid job name; "" if it is valid."""
    for part in job.split("/"):
        if part in ("", ".", "..") or "\0" in part or "\\" in part:
            return "not a valid job name: a part is empty, . or .., or contains \\ or NUL"
        if len(part.encode("utf-8", "surrogatepass")) > _MAX_NAME - len("log.zst"):
            return "the job name is longer than a file name can be"
    return ""


def _filled(template: str, job: str, number: int) -> str:
    """Replace the fields in one pass: a job may be named `{number}`."""
    values = {"job": job, "number": shown_id(number)}
    return _FIELD.sub(lambda field: values[field[1]], template)


def _builds(job: str) -> str:
    folders = (os.path.join("jobs", part) for part in job.split("/"))
    return os.path.join(*folders, "builds")


def _oldest(folder: str) -> int | None:
    """Return the lowest number in a folder of builds; None if there is none or too many entries."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MAX_BUILDS + 1)]
    except (OSError, ValueError):
        return None

    if len(names) > _MAX_BUILDS:
        return None
    numbers = (int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19)
    return min(numbers, default=None)


@contextmanager
def first_log(places: Sequence[LogPlace], job: str, number: int) -> Iterator[LogStream]:
    """Open the log in the first place that has it.

    Raises NoLog with the most informative reason if no place has it.
    """
    reasons: list[NoLog] = []
    with ExitStack() as stack:
        for place in places:
            try:
                stream = stack.enter_context(place.open(job, number))
            except NoLog as reason:
                reasons.append(reason)
            else:
                yield stream
                return

    raise min(
        reasons,
        key=lambda reason: _RANK.get(reason.state, 0),
        default=NoLog(LogState.MISSING, "no log place is configured"),
    )
