"""The shell around the scanner: log files and standard input, one after the other or several at once."""

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

from ci_stat.errors import SettingsError, WriteError
from ci_stat.failures import Explained, How, explain, rule_set
from ci_stat.failures.baseline import lines_of
from ci_stat.failures.rules import Rule, builtin, parse
from ci_stat.logs.compressed import LIMIT, Raw, Unpacked, opened
from ci_stat.records import Extraction, LogState
from ci_stat.records.log_place import LogStream, NoLog

K = TypeVar("K")
V = TypeVar("V")
STANDARD_INPUT = "-"
KILLED = "the process that read it was killed (out of memory?)"
_ALONE = 16 * 2**20  # bytes of logs for which a second process is not worth its start


PLAIN = How()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of each log: how to read it, for which job, with how many lines around, up to how many bytes."""

    how: How = PLAIN
    job: str = ""
    context: int = 0
    limit: int = LIMIT

    @property
    def rule_set(self) -> str:
        """What the answers depend on: the version of the scanner, and the rules."""
        return rule_set(self.how.rules)


def explain_files(
    names: Sequence[str], asked: Asked, workers: int | None = None
) -> Iterator[tuple[str, Explained]]:
    """Each log's answer, in the order given. A log that cannot be read is an answer with its reason.

    `workers`: processes; by default one a core where there is enough to read.
    """
    ask = partial(explain_file, asked=asked)
    count = min(workers or _workers(names), len(names))
    if count < 2 or STANDARD_INPUT in names:
        yield from zip(names, map(ask, names), strict=True)
        return
    executor = ProcessPoolExecutor(count, mp_context=forking(), initializer=begin)
    try:
        futures: list[Future[Explained]] = []
        with suppress(BrokenProcessPool):  # it is told for each log below
            futures.extend(executor.submit(ask, name) for name in names)
        for index, name in enumerate(names):
            yield name, _answer(ask, name, futures[index] if index < len(futures) else None)
    finally:
        executor.shutdown(cancel_futures=True)


def _answer(
    ask: Callable[[str], Explained], name: str, future: "Future[Explained] | None"
) -> Explained:
    """What a pool says, or a process of its own if one of the pool's was killed."""
    try:
        if future is not None:
            return future.result()
    except BrokenProcessPool:
        pass
    try:
        return alone(ask, name)
    except BrokenProcessPool:
        return Explained(Extraction(LogState.UNREADABLE, detail=KILLED), ())


def alone(work: Callable[[K], V], item: K) -> V:
    """`work(item)` in a process of its own. Raises BrokenProcessPool if that dies."""
    with ProcessPoolExecutor(1, mp_context=forking(), initializer=begin) as executor:
        return executor.submit(work, item).result()


def forking() -> multiprocessing.context.BaseContext:
    """Forked while this process has one thread: the rules are there already, which a fresh one would read again."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else None)


def begin() -> None:
    """In a process that reads logs: Ctrl-C ends it without a word, and it does not outlive who started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def explain_file(name: str, asked: Asked) -> Explained:
    """The answer for one file, or for standard input if the name is `-`."""
    try:
        with _open(name, asked.limit) as stream:
            return explain_stream(stream, asked)
    except NoLog as problem:
        return nothing(problem)


def explain_stream(stream: LogStream, asked: Asked) -> Explained:
    """The answer for an open log, with the state that its end tells."""
    found = explain(stream, asked.job, asked.how, asked.context)
    if stream.state in (LogState.NOT_READ, LogState.READ):
        return found
    told = Extraction(
        stream.state,
        found.extraction.failures,
        found.extraction.lines,
        found.extraction.bytes,
        stream.detail,
    )
    return replace(found, extraction=told)


def nothing(problem: NoLog) -> Explained:
    """The answer for a log that is not to be had."""
    return Explained(Extraction(problem.state, detail=problem.detail), ())


def passing_lines(name: str, limit: int = LIMIT) -> frozenset[int]:
    """The lines of a passing log. Raises WriteError when it cannot be read."""
    try:
        with _open(name, limit) as stream:
            return lines_of(stream)
    except NoLog as problem:
        raise WriteError(f"The passing log {name} is {problem.state}: {problem.detail}") from None


def how_of(rules: Path | None) -> How:
    """How logs are read by the setting `rules`. Raises SettingsError for rules that cannot be used."""
    return How(all_rules(rules.expanduser())) if rules else PLAIN


def all_rules(file: Path) -> tuple[Rule, ...]:
    """A user's own rules, then the package's. Raises SettingsError for rules that cannot be used."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The rules in {file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}."
        ) from None
    return (*parse(text, str(file)), *builtin())


def _open(name: str, limit: int) -> AbstractContextManager[LogStream]:
    if name == STANDARD_INPUT:
        if sys.stdin is None:  # closed by the shell: `<&-`
            raise NoLog(LogState.UNREADABLE, "standard input is closed")
        return closing(_StandardInput(limit))
    return opened(Path(name), limit)


class _StandardInput(Unpacked):
    """What is piped in, unpacked if need be."""

    def __init__(self, limit: int) -> None:
        super().__init__(cast(Raw, sys.stdin.buffer), limit)

    def close(self) -> None:
        """Standard input is not ours to close."""


def _workers(names: Iterable[str]) -> int:
    total = 0
    for name in names:
        try:
            total += os.path.getsize(name)
        except OSError:
            continue  # the reader will say what is wrong with it
    return 1 if total < _ALONE else cores()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
