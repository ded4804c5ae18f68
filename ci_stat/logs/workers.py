"""The log workers: diagnose log files and standard input, one by one or in several processes.

Effects: opens files and starts processes. Knows no settings, no database and no state.
"""

import logging
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from msgspec import structs

from ci_stat.errors import SettingsError, WriteError
from ci_stat.escape import visible
from ci_stat.failures import LogDiagnosis, ScanOptions, diagnose, rule_set
from ci_stat.failures.baseline import line_keys
from ci_stat.failures.rules import Rule, builtin, parse
from ci_stat.logs.compressed import LIMIT, Raw, Unpacked, opened
from ci_stat.logs.folder import first_log
from ci_stat.records import Extraction, LogState
from ci_stat.records.log_place import LogPlace, LogStream, NoLog

log = logging.getLogger(__name__)
K = TypeVar("K")
V = TypeVar("V")

STANDARD_INPUT = "-"
KILLED = "the process that read the log was killed (out of memory?)"
DEFAULT_SCAN = ScanOptions()
_MIN_PARALLEL = 16 * 2**20  # bytes of logs from which on a second process is worth its start


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How each log is read.

    - `scan`: rules and baseline. `job`: the job's name, for rules that are limited to jobs.
    - `around`: lines to add above and below each failure. `brief`: causes without their context.
    - `limit`: bytes of text; reading a longer log stops there.
    """

    scan: ScanOptions = DEFAULT_SCAN
    job: str = ""
    around: int = 0
    brief: bool = False
    limit: int = LIMIT

    @property
    def rule_set(self) -> str:
        """The key of the scanner's version and the rules, on which all results depend."""
        return rule_set(self.scan.rules)


def diagnose_files(
    names: Sequence[str], options: LogOptions, workers: int | None = None
) -> Iterator[tuple[str, LogDiagnosis]]:
    """Yield the diagnosis of each log in the given order. An unreadable log yields its reason.

    `workers`: number of processes; by default one per core if there is enough to read.
    """
    work = partial(diagnose_file, options=options)
    count = min(workers or _worker_count(names), len(names))
    if count < 2 or STANDARD_INPUT in names:
        yield from zip(names, map(work, names), strict=True)
        return

    executor = ProcessPoolExecutor(count, mp_context=process_context(), initializer=init_worker)
    try:
        futures: list[Future[LogDiagnosis] | None] = [None] * len(names)
        with suppress(BrokenProcessPool):  # logs without a future are read one by one below
            for index, name in enumerate(names):
                futures[index] = executor.submit(work, name)

        for name, future in zip(names, futures, strict=True):
            yield name, _result(work, name, future)
    finally:
        executor.shutdown(cancel_futures=True)


def _result(
    work: Callable[[str], LogDiagnosis], name: str, future: "Future[LogDiagnosis] | None"
) -> LogDiagnosis:
    """Return the result of the pool. If its process was killed, try once in a separate process."""
    if future is not None:
        with suppress(BrokenProcessPool):
            return future.result()

    try:
        return run_isolated(work, name)
    except BrokenProcessPool:
        return LogDiagnosis(Extraction(LogState.UNREADABLE, detail=KILLED), ())


def run_isolated(work: Callable[[K], V], item: K) -> V:
    """Run `work(item)` in a process of its own. Raises BrokenProcessPool if that process dies."""
    with ProcessPoolExecutor(1, mp_context=process_context(), initializer=init_worker) as executor:
        return executor.submit(work, item).result()


def process_context() -> multiprocessing.context.BaseContext:
    """Return how to start workers. Linux forks: a forked process has the rules loaded already."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else None)


def init_worker() -> None:
    """Set up a worker: Ctrl-C ends it silently, and it ends when its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def diagnose_file(name: str, options: LogOptions) -> LogDiagnosis:
    """Diagnose one file, or standard input if the name is `-`."""
    try:
        with _open(name, options.limit) as stream:
            return diagnose_stream(stream, options)
    except NoLog as problem:
        return unavailable(problem)


def diagnose_stream(stream: LogStream, options: LogOptions) -> LogDiagnosis:
    """Diagnose an open log. The result has the state that the stream reports at its end."""
    diagnosis = diagnose(stream, options.job, options.scan, options.around, options.brief)
    extraction = diagnosis.extraction
    is_whole = stream.state in (LogState.NOT_READ, LogState.READ)
    state = extraction.state if is_whole else str(stream.state)
    detail = "; ".join(filter(None, (stream.detail, extraction.detail)))
    extraction = structs.replace(extraction, state=state, detail=detail)
    return replace(diagnosis, extraction=extraction)


def unavailable(problem: NoLog) -> LogDiagnosis:
    """Return the diagnosis of a log that cannot be read: its state and the reason."""
    return LogDiagnosis(Extraction(problem.state, detail=problem.detail), ())


def read_log(places: Sequence[LogPlace], options: LogOptions, key: tuple[str, int]) -> Extraction:
    """Read the log of one build, given as (job, number).

    Never raises: an error becomes the state of the result.
    """
    job, number = key
    try:
        with first_log(places, job, number) as stream:
            return diagnose_stream(stream, replace(options, job=job, brief=True)).extraction
    except NoLog as problem:
        return unavailable(problem).extraction
    except Exception as error:  # a bug or a lack of memory must not stop the other logs
        log.info("The log of %s #%d cannot be read", visible(job), number, exc_info=error)
        detail = f"{type(error).__name__}: {visible(error, 200)}"
        return Extraction(LogState.UNREADABLE, detail=detail)


def read_baseline(name: str, limit: int = LIMIT) -> frozenset[int]:
    """Return the keys of the lines of a passing log. Raises WriteError if it cannot be read."""
    try:
        with _open(name, limit) as stream:
            keys = line_keys(stream)
            if stream.state not in (LogState.NOT_READ, LogState.READ):
                # Lines that are missing here would be taken for causes.
                raise NoLog(LogState(stream.state), stream.detail)
            return keys
    except NoLog as problem:
        raise WriteError(f"The passing log {name} is {problem.state}: {problem.detail}") from None


def scan_options(rules: Path | None) -> ScanOptions:
    """Return the scan options for the setting `rules`. Raises SettingsError for invalid rules."""
    return ScanOptions(load_rules(rules.expanduser())) if rules else DEFAULT_SCAN


def load_rules(file: Path) -> tuple[Rule, ...]:
    """Return a user's own rules, then those of the package. Raises SettingsError if invalid."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"Cannot read the rules in {file}: not UTF-8 text.") from None
    except OSError as error:
        raise SettingsError(f"Cannot read the rules in {file}: {error.strerror}.") from None
    return (*parse(text, str(file)), *builtin())


def _open(name: str, limit: int) -> AbstractContextManager[LogStream]:
    if name != STANDARD_INPUT:
        return opened(Path(name), limit)
    if sys.stdin is None:  # closed by the shell: `<&-`
        raise NoLog(LogState.UNREADABLE, "standard input is closed")
    return closing(Unpacked(cast(Raw, sys.stdin.buffer), limit))


def _worker_count(names: Iterable[str]) -> int:
    total = 0
    for name in names:
        with suppress(OSError):  # the reader reports the problem
            total += os.path.getsize(name)
    return 1 if total < _MIN_PARALLEL else cpu_count()


def cpu_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
