"""The shell that reads build logs for runs: several at once, kept in our state, each log read once.

A log that cannot be had is an answer of its own (`LogState`), and one that kills the process that reads it
does not take the others with it.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import active_children

from msgspec.structs import replace as replace_fields

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.logs.folder import FolderPlace, first_log
from ci_stat.logs.workers import (
    KILLED,
    Asked,
    alone,
    begin,
    cores,
    explain_stream,
    forking,
    nothing,
)
from ci_stat.records import Extraction, LogState, Run, Status
from ci_stat.records.log_place import LogPlace, NoLog
from ci_stat.store.state.extractions import Key, State

FEW = 8  # logs that are read sooner than other processes are started
AT_ONCE = 8  # logs read at once over a network
PULSE = 2.0  # seconds after which is looked whether the processes that read still live
KEEP_AFTER = 3.0  # seconds after which what was found so far is stored

log = logging.getLogger(__name__)
Progress = Callable[[int], None]


@dataclass(frozen=True)
class LogReader:
    """Where logs are, how they are read, and the state that remembers what was found (None: nothing is remembered).

    `whereabouts`: a few letters that change with the places and their limits: what is too old for one folder may lie in
    another.
    """

    places: tuple[LogPlace, ...]
    asked: Asked
    open_state: Callable[[], State] | None = None
    whereabouts: str = ""
    state: State | None = None  # once it is open

    def read(
        self, runs: Iterable[Run], progress: Callable[[int], Progress] | None = None
    ) -> dict[Key, Extraction]:
        """What is known about the logs of these runs that failed, by (job, number).

        `progress` is told how many logs are to be read, and gives what is called with each number done.
        """
        wanted = list(dict.fromkeys((run.job_name, run.job_id) for run in runs if is_read(run)))
        reader, found = self._remembered(wanted)
        missing = [key for key in wanted if key not in found]
        if missing:
            started = time.monotonic()
            advance = progress(len(missing)) if progress else _nobody
            for batch in reader._batches(missing, advance):
                found.update(batch | reader._older(batch))
            log.info(
                "%d logs read in %.2f s, %d known",
                len(missing),
                time.monotonic() - started,
                len(found),
            )
        return found

    def _remembered(self, wanted: Sequence[Key]) -> tuple["LogReader", dict[Key, Extraction]]:
        """What the state knows, and the reader to go on with: one without a state that does not answer, said once."""
        if self.open_state is None or not wanted:
            return self, {}
        try:
            state = self.open_state()
            known = state.known(wanted, self.asked.rule_set, self.whereabouts)
        except CiStatError as error:
            log.warning("Our own state cannot be used, so all logs are read: %s", visible(error))
            return self, {}
        return replace(self, state=state), known

    def _remember(self, found: dict[Key, Extraction]) -> None:
        if self.state is None or not found:
            return
        try:
            self.state.keep(found, self.asked.rule_set, self.whereabouts)
        except CiStatError as error:
            log.warning("What was found in logs could not be kept: %s", visible(error))

    def _older(self, found: dict[Key, Extraction]) -> dict[Key, Extraction]:
        """What older rules found in logs that are not to be had any more: better than nothing, and said."""
        gone = [
            key for key, each in found.items() if each.state not in (LogState.READ, LogState.CUT)
        ]
        if self.state is None or not gone:
            return {}
        try:
            before = self.state.read_before(gone)
        except CiStatError as error:
            log.warning("What was found in logs before cannot be read: %s", visible(error))
            return {}
        return {
            key: replace_fields(
                each, detail=f"found by older rules; the log is {found[key].state} now"
            )
            for key, each in before.items()
        }

    def _batches(self, wanted: Sequence[Key], advance: Progress) -> Iterator[dict[Key, Extraction]]:
        """Answers as they come, kept in handfuls, so that a process that is killed loses seconds of work."""
        batch: dict[Key, Extraction] = {}
        since = time.monotonic()
        try:
            for key, extraction in self._answers(wanted):
                batch[key] = extraction
                advance(1)
                if time.monotonic() - since > KEEP_AFTER:
                    self._remember(batch)
                    yield batch
                    batch, since = {}, time.monotonic()
        finally:
            self._remember(batch)
        yield batch

    def _answers(self, wanted: Sequence[Key]) -> Iterator[tuple[Key, Extraction]]:
        """Each log's answer, as they come. A process that dies takes all with it, so those left are begun again."""
        read = partial(read_log, self.places, self.asked)
        executor = self._executor(len(wanted))
        if executor is None:
            yield from ((key, read(key)) for key in wanted)
            return
        while executor is not None:
            answered = set()
            with _cancelling(executor):
                for key, extraction in _together(executor, read, wanted):
                    answered.add(key)
                    yield key, extraction
            left = [key for key in wanted if key not in answered]
            suspects = under_way() if len(left) - under_way() >= FEW else len(left)
            yield from ((key, _alone(read, key)) for key in left[:suspects])
            wanted = left[suspects:]
            executor = self._executor(len(wanted))

    def _executor(self, count: int) -> Executor | None:
        if count < FEW:
            return None
        if not all(isinstance(place, FolderPlace) for place in self.places):
            return ThreadPoolExecutor(min(AT_ONCE, count))
        return _processes(cores())


def is_read(run: Run) -> bool:
    """Whether a run's log is read: it did not succeed, and nobody aborted it (then the log says little else)."""
    return run.status not in (Status.SUCCESS, Status.ABORTED)


def read_log(places: Sequence[LogPlace], asked: Asked, key: Key) -> Extraction:
    """What one build's log says. Never raises: whatever happens is the answer's state."""
    job, number = key
    try:
        with first_log(places, job, number) as stream:
            return explain_stream(stream, replace(asked, job=job)).extraction
    except NoLog as problem:
        return nothing(problem).extraction
    except (
        Exception
    ) as error:  # a fault of ours, or no memory: it must not take the other logs with it
        log.info("The log of %s #%d cannot be read", visible(job), number, exc_info=error)
        return Extraction(
            LogState.UNREADABLE, detail=f"{type(error).__name__}: {visible(error, 200)}"
        )


def _nobody(_done: int) -> None:
    """For callers that nobody watches."""


def _processes(count: int) -> Executor | None:
    """Forked while this process has one thread: what is imported is there already. Elsewhere threads must do."""
    if count < 2:
        return None
    if sys.platform != "linux" or threading.active_count() > 1:
        return ThreadPoolExecutor(count)
    return ProcessPoolExecutor(count, mp_context=forking(), initializer=begin)


def under_way() -> int:
    """How many logs a pool may have begun that it has not answered: one a process, and as many and one handed out."""
    return 2 * cores() + 1


def _together(
    executor: Executor, read: Callable[[Key], Extraction], wanted: Sequence[Key]
) -> Iterator[tuple[Key, Extraction]]:
    """The answers of a pool, in no order; without those that a process left behind when it died."""
    waiting: dict[Future[Extraction], Key] = {}
    with suppress(BrokenProcessPool):
        for key in wanted:
            waiting[executor.submit(read, key)] = key
    while waiting:
        with suppress(TimeoutError):
            for done in as_completed(list(waiting), PULSE):
                key = waiting.pop(done)
                if not isinstance(done.exception(), BrokenProcessPool):
                    yield key, done.result()
        # What was handed to a pool in the moment in which it broke is never answered (CPython 3.11): nobody is left.
        if isinstance(executor, ProcessPoolExecutor) and not active_children():
            return


@contextmanager
def _cancelling(executor: Executor) -> Iterator[None]:
    """Ends an executor without waiting for what has not begun, however the block ends."""
    try:
        yield
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _alone(read: Callable[[Key], Extraction], key: Key) -> Extraction:
    """A log that was being read when a process died, in a process of its own."""
    try:
        return alone(read, key)
    except BrokenProcessPool:
        return Extraction(LogState.UNREADABLE, detail=KILLED)
