"""Build logs in a folder, and the first place of several that has one.

A job's name comes from a database and may be anything. Every part of a path made of it is checked, and the file is
opened part by part from the folder down without following links, so that no name and no link leads out of it.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from ci_stat.logs.compressed import FLAGS, LIMIT, RegularFile, Unpacked, no_log, regular
from ci_stat.records import LogState
from ci_stat.records.log_place import LogPlace, LogStream, NoLog

SUFFIXES = ("", ".gz", ".zst", ".xz")
FRESH = 60.0  # seconds: a log that changed later than that is taken to be written still, unless it says how it ended
_LONGEST = 255  # bytes of a file's name, on every common file system
_MOST_BUILDS = (
    200_000  # entries of a folder looked at to tell a discarded build from one that never was
)
_TAIL = 4096
_ABOUT = 16 * 2**20  # bytes of a build.xml that are looked at
_FIELD = re.compile(r"\{(job|number)\}")

# Of several places' answers, the one that tells most, first.
_TELLING = {state: rank for rank, state in enumerate((
    LogState.RUNNING, LogState.UNREADABLE, LogState.UNREACHABLE, LogState.TOO_BIG, LogState.REFUSED, LogState.TOO_OLD,
    LogState.MISSING,
))}  # fmt: skip


class FolderPlace:
    """A Jenkins home (`jobs/NAME/builds/N/log`, folders `jobs/a/jobs/b/...`), or a folder with a template of its own.

    - `template`: a path below the folder with `{job}` and `{number}`, e.g. `{job}/{number}.log`; with .gz, .zst or .xz
      behind it, packed logs are found without being named.
    - `limit`: bytes of text of one log; `now`: seconds since 1970.
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
        """The log of one build, open for as long as the block runs. Raises NoLog."""
        file, folder = self._find(job, number)
        try:
            if not self._is_finished(file, folder):
                raise NoLog(LogState.RUNNING, "its build has not ended yet")
            yield Unpacked(file, self._limit, partial(self._is_finished, file, folder))
        finally:
            file.close()

    def _find(self, job: str, number: int) -> tuple[RegularFile, str]:
        """The open log, and the folder it is in."""
        if not os.path.isdir(self._root):
            raise NoLog(LogState.MISSING, f"the folder {self.name} is not there")
        for path in self._paths(job, number):
            for suffix in SUFFIXES:
                file = self._opened(path + suffix)
                if file is not None:
                    return file, os.path.dirname(path)
        raise self._missing(job, number)

    def _paths(self, job: str, number: int) -> Iterator[str]:
        """Where the log may be, below the folder."""
        for name in _spellings(job, number):
            if self._template is None:
                yield os.path.join(_builds(name), str(number), "log")
            else:
                values = {"job": name, "number": str(number)}
                yield _FIELD.sub(lambda field, values=values: values[field[1]], self._template)  # type: ignore[misc]

    def _opened(self, path: str) -> RegularFile | None:
        """The file at a path below the folder; None if there is none."""
        try:
            real = os.path.realpath(os.path.join(self._root, path))
        except ValueError:  # half a surrogate pair
            raise NoLog(LogState.REFUSED, "its name cannot be that of a file") from None
        if os.path.commonpath((self._root, real)) != self._root:
            raise NoLog(LogState.REFUSED, f"it lies outside of {self.name}: a link leads there")
        try:
            return regular(_open_below(self._root, os.path.relpath(real, self._root)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise no_log(error) from None

    def _missing(self, job: str, number: int) -> NoLog:
        if self._template is None:
            kept = [
                _oldest(os.path.join(self._root, _builds(name))) for name in _spellings(job, number)
            ]
            oldest = min((number for number in kept if number is not None), default=0)
            if number < oldest:
                return NoLog(LogState.TOO_OLD, f"the oldest build kept in {self.name} is {oldest}")
        return NoLog(LogState.MISSING, f"{self.name} has no log of it")

    def _is_finished(self, file: RegularFile, folder: str) -> bool:
        """Whether the build has ended: its `build.xml` has a result, its log says so, or nobody wrote to it lately."""
        about = (
            b"" if self._template is not None else self._about(os.path.join(folder, "build.xml"))
        )
        if about:
            return b"<result>" in about and b"<completed>false</completed>" not in about
        return self._now() - file.changed() > FRESH or b"\nFinished: " in b"\n" + file.tail(_TAIL)

    def _about(self, path: str) -> bytes:
        """What a file below the folder holds; nothing if it is none of ours to read."""
        try:
            file = self._opened(path)
        except NoLog:
            return b""
        if file is None:
            return b""
        try:
            return file.head(_ABOUT)
        finally:
            file.close()


def _spellings(job: str, number: int) -> Iterator[str]:
    """Names are stored as Jenkins has them, or as its links do. Raises NoLog for a name that no job can have."""
    problem = f"{number} is no build number" if number < 0 else _problem(job)
    if problem:
        raise NoLog(LogState.REFUSED, problem)
    yield job
    plain = unquote(job)
    if plain != job and not _problem(plain):
        yield plain


def _problem(job: str) -> str:
    """Why no job can have this name; "" if one can."""
    for part in job.split("/"):
        if part in ("", ".", "..") or "\0" in part or "\\" in part:
            return "its name cannot be that of a job: part of it is empty, .. or no text"
        if len(part.encode("utf-8", "surrogatepass")) > _LONGEST - len("log.zst"):
            return "its name is longer than a file's name can be"
    return ""


def _builds(job: str) -> str:
    return os.path.join(*(piece for part in job.split("/") for piece in ("jobs", part)), "builds")


def _oldest(folder: str) -> int | None:
    """The lowest number in a folder of builds; None for one without, or with too many to look at."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_BUILDS + 1)]
    except (OSError, ValueError):
        return None
    numbers = (int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19)
    return min(numbers, default=None) if len(names) <= _MOST_BUILDS else None


def _open_below(root: str, path: str) -> int:
    """A descriptor of root/path, each part opened in the one before and none of them a link."""
    *folders, name = path.split(os.sep)
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(
                folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=at
            )
            os.close(at)
            at = below
        return os.open(name, FLAGS | os.O_NOFOLLOW, dir_fd=at)
    finally:
        os.close(at)


@contextmanager
def first_log(places: Sequence[LogPlace], job: str, number: int) -> Iterator[LogStream]:
    """The log from the first place that has it. Raises NoLog with the reason that tells most if none has it."""
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
        key=lambda each: _TELLING.get(each.state, 0),
        default=NoLog(LogState.MISSING, "no place is set"),
    )
