"""The log reader: read the build logs of runs, many at a time, and keep the results in our state.

An unreadable log is a result (`LogState`); a log that kills its process does not stop the others.
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
from ci_stat.logs.folder import FolderPlace
from ci_stat.logs.workers import (
    KILLED,
    LogOptions,
    cpu_count,
    init_worker,
    process_context,
    read_log,
    run_isolated,
)
from ci_stat.records import Extraction, LogState, Run, Status
from ci_stat.records.log_place import LogPlace
from ci_stat.store.state.extractions import ExtractionStore, Key

FEW = 8  # fewer logs than this are read in this process
NETWORK_THREADS = 8  # logs read at once over a network
PULSE = 2.0  # seconds between two checks that the worker processes are alive
KEEP_AFTER = 3.0  # seconds between two writes of results to the state

log = logging.getLogger(__name__)
Progress = Callable[[int], None]


@dataclass(frozen=True)
class LogReader:
    """Where logs are, how they are read, and the state that remembers results (None: no memory).

    `places_key`: a short key of the places and their limits. A log that one folder has discarded
    may exist in another, so that result counts for the same places only.
    """

    places: tuple[LogPlace, ...]
    options: LogOptions
    open_state: Callable[[], ExtractionStore] | None = None
    places_key: str = ""
    state: ExtractionStore | None = None  # once it is open

    def read(
        self, runs: Iterable[Run], progress: Callable[[int], Progress] | None = None
    ) -> dict[Key, Extraction]:
        """Return the results for the logs of all failed runs, by (job, number).

        `progress` gets the number of logs to read and returns a function that is called with the
        number of logs done since the last call.
        """
        keys = list(dict.fromkeys((run.job_name, run.job_id) for run in runs if needs_log(run)))
        reader, extractions = self._remembered(keys)
        missing = [key for key in keys if key not in extractions]
        if not missing:
            return extractions

        started = time.monotonic()
        advance = progress(len(missing)) if progress else lambda _done: None
        for batch in reader._batches(missing, advance):
            extractions.update(batch | reader._results_of_older_rules(batch))

        seconds = time.monotonic() - started
        log.info("%d logs read in %.2f s, %d known", len(missing), seconds, len(extractions))
        return extractions

    def read_one(self, job: str, number: int) -> Extraction:
        """Return the result for one log, from the state if it is there."""
        key = (job, number)
        reader, extractions = self._remembered([key])
        if key not in extractions:
            extractions[key] = read_log(self.places, self.options, key)
            reader._remember(extractions)
        return extractions[key]

    def _remembered(self, keys: Sequence[Key]) -> tuple["LogReader", dict[Key, Extraction]]:
        """Return the results in the state and the reader to continue with.

        If the state cannot be used, that is logged once and the reader continues without it.
        """
        if self.open_state is None or not keys:
            return self, {}
        try:
            state = self.open_state()
            known = state.stored(keys, self.options.rule_set, self.places_key)
        except CiStatError as error:
            log.warning("Our own state cannot be used, so all logs are read: %s", visible(error))
            return self, {}
        return replace(self, state=state), known

    def _remember(self, extractions: dict[Key, Extraction]) -> None:
        if self.state is None or not extractions:
            return
        try:
            self.state.keep(extractions, self.options.rule_set, self.places_key)
        except CiStatError as error:
            log.warning("Cannot store the results of logs: %s", visible(error))

    def _results_of_older_rules(self, batch: dict[Key, Extraction]) -> dict[Key, Extraction]:
        """Return earlier results for logs that cannot be read any more; their detail says so."""
        was_read = (LogState.READ, LogState.CUT)
        gone = [key for key in batch if batch[key].state not in was_read]
        if self.state is None or not gone:
            return {}

        try:
            older = self.state.read_before(gone)
        except CiStatError as error:
            log.warning("Cannot load earlier results of logs: %s", visible(error))
            return {}

        results = {}
        for key, extraction in older.items():
            detail = f"result of older rules; the log is {batch[key].state} now"
            results[key] = replace_fields(extraction, detail=detail)
        return results

    def _batches(self, keys: Sequence[Key], advance: Progress) -> Iterator[dict[Key, Extraction]]:
        """Yield results in small batches, each stored: a killed process loses seconds of work."""
        batch: dict[Key, Extraction] = {}
        since = time.monotonic()
        try:
            for key, extraction in self._results(keys):
                batch[key] = extraction
                advance(1)
                if time.monotonic() - since > KEEP_AFTER:
                    self._remember(batch)
                    yield batch
                    batch, since = {}, time.monotonic()
        finally:
            self._remember(batch)
        yield batch

    def _results(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Extraction]]:
        """Yield the result of each log, in no order.

        A process that dies breaks its whole pool. The logs that the pool may have begun are then
        read in processes of their own, the others in a new pool.
        """
        read = partial(read_log, self.places, self.options)
        executor = self._executor(len(keys))
        if executor is None:
            yield from ((key, read(key)) for key in keys)
            return

        while executor is not None:
            done = set()
            with _cancelling(executor):
                for key, extraction in _pool_results(executor, read, keys):
                    done.add(key)
                    yield key, extraction

            left = [key for key in keys if key not in done]
            suspects = max_begun() if len(left) - max_begun() >= FEW else len(left)
            yield from ((key, _isolated_result(read, key)) for key in left[:suspects])
            keys = left[suspects:]
            executor = self._executor(len(keys))

    def _executor(self, count: int) -> Executor | None:
        if count < FEW:
            return None
        if not all(isinstance(place, FolderPlace) for place in self.places):
            return ThreadPoolExecutor(min(NETWORK_THREADS, count))
        return _local_executor(cpu_count())


def needs_log(run: Run) -> bool:
    """Whether the log of a run is read. An aborted run is skipped: its log rarely says why."""
    return run.status not in (Status.SUCCESS, Status.ABORTED)


def _local_executor(count: int) -> Executor | None:
    """Return a pool for local files; None if one core is all there is.

    Processes are forked while this process has one thread, otherwise threads do the work.
    """
    if count < 2:
        return None
    if sys.platform != "linux" or threading.active_count() > 1:
        return ThreadPoolExecutor(count)
    return ProcessPoolExecutor(count, mp_context=process_context(), initializer=init_worker)


def max_begun() -> int:
    """Return how many logs a pool may begin without a result: running, queued and one more."""
    return 2 * cpu_count() + 1


def _pool_results(
    executor: Executor, read: Callable[[Key], Extraction], keys: Sequence[Key]
) -> Iterator[tuple[Key, Extraction]]:
    """Yield the results of a pool, in no order. A log whose process dies has no result."""
    waiting: dict[Future[Extraction], Key] = {}
    with suppress(BrokenProcessPool):
        for key in keys:
            waiting[executor.submit(read, key)] = key

    while waiting:
        with suppress(TimeoutError):
            for future in as_completed(list(waiting), PULSE):
                key = waiting.pop(future)
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield key, future.result()

        # CPython 3.11 never completes a future that is submitted while its pool breaks. No worker
        # is alive then.
        if isinstance(executor, ProcessPoolExecutor) and not active_children():
            return


@contextmanager
def _cancelling(executor: Executor) -> Iterator[None]:
    """Shut the executor down at the end of the block and cancel work that has not begun."""
    try:
        yield
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _isolated_result(read: Callable[[Key], Extraction], key: Key) -> Extraction:
    """Read a log that may have killed a process before in a process of its own."""
    try:
        return run_isolated(read, key)
    except BrokenProcessPool:
        return Extraction(LogState.UNREADABLE, detail=KILLED)
