"""A Jenkins home with small build logs, and places that count, wait and kill."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ci_stat.logs.compressed import Unpacked
from ci_stat.logs.folder import FolderPlace
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state

ROOT = Path(__file__).resolve().parents[2]


def go_test(name: str, said: str = "apply_test.go:17: got 1, want 2") -> str:
    return f"=== RUN   {name}\n--- FAIL: {name} (0.03s)\n    {said}\n"


def gocheck(name: str, said: str = "... value *errors.Error = region 17 not found") -> str:
    """`name` as `lock_test.go:655: testLockSuite.TestResolve`."""
    line = "-" * 70
    return f"\n{line}\nFAIL: {name}\n\nlock_test.go:700:\n    c.Assert(err, IsNil)\n{said}\n\n"


def write_log(home: Path, job: str, number: int, *parts: str, finished: bool = True) -> Path:
    """Write the log of one build where Jenkins does."""
    path = home.joinpath(
        *(piece for part in job.split("/") for piece in ("jobs", part)),
        "builds",
        str(number),
        "log",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    end = "Finished: FAILURE\n" if finished else ""
    path.write_text(
        f"Started by user\n+ make test\n{''.join(parts)}make: *** [test] Error 1\n{end}", "utf-8"
    )
    return path


class Watched(FolderPlace):
    """Leaves a file `JOB NUMBER PID TIME` in `opened` for each log that is opened."""

    def __init__(self, home: Path, opened: Path) -> None:
        super().__init__(home)
        self._opened_in = opened
        self._main = os.getpid()

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[Unpacked]:
        (self._opened_in / f"{job} {number} {os.getpid()} {time.monotonic_ns()}").touch()
        self.before(number)
        with super().open(job, number) as stream:
            yield stream

    def before(self, number: int) -> None:
        """Called before a log is opened."""


class Deadly(Watched):
    """The process that reads build 3, 7 or 11 dies; this one never does."""

    def before(self, number: int) -> None:
        if number in (3, 7, 11) and os.getpid() != self._main:
            if number == 3:
                os._exit(3)
            os.kill(os.getpid(), signal.SIGKILL)


class Stuck(Watched):
    """Reading blocks from build 30 on."""

    def before(self, number: int) -> None:
        if number >= 30:
            time.sleep(120)


class Broken(Watched):
    """An unexpected error happens at build 3."""

    def before(self, number: int) -> None:
        if number == 3:
            raise ZeroDivisionError("oh")


class Interrupted(Watched):
    """The user presses Ctrl-C when build 5 is opened."""

    def before(self, number: int) -> None:
        if number == 5:
            raise KeyboardInterrupt


def opened(folder: Path) -> list[tuple[str, int, int]]:
    """Return job, number and process of each log that was opened, in order of time."""
    names = (each.name.rsplit(" ", 3) for each in folder.iterdir())
    found = [(job, int(number), int(pid), int(at)) for job, number, pid, at in names]
    return [each[:3] for each in sorted(found, key=lambda each: each[3])]


def opening(state: ExtractionStore | None) -> Callable[[], ExtractionStore] | None:
    """Return a function that prepares our own state, for a log reader."""

    def prepared() -> ExtractionStore:
        assert state is not None
        prepare_state(state.engine)
        return state

    return None if state is None else prepared


# A separate process: that of the tests may have threads, and must not die.
_BEGIN = """
import os, signal, sys, threading
from pathlib import Path
from ci_stat.logs import reader as log_reader
from ci_stat.logs.workers import LogOptions
from ci_stat.logs.reader import LogReader
from ci_stat.records import Origin, Run
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.support.logs import *

folder, count = Path(sys.argv[1]), int(sys.argv[2])
log_reader.cpu_count = lambda: 3
def run(number, status="FAILURE"):
    nothing = (None,) * 6
    return Run("unit", number, status, *nothing, 0, None, None, None, (), Origin(None))
runs = [run(number) for number in range(1, count + 1)]
def reader(kind=Watched, state=True):
    state_file = folder / "state.sqlite"
    kept = ExtractionStore(open_engine(f"sqlite:///{state_file}"), "ci") if state else None
    return LogReader((kind(folder / "home", folder / "opened"),), LogOptions(), opening(kept))
"""


def python(code: str, folder: Path, count: int, **options: Any) -> "subprocess.Popen[str]":
    """Run `code` in a separate process.

    `code` can use `runs` of the job `unit` from 1 to `count`, and `reader(kind)`.
    """
    script = _BEGIN + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **options,
    )


def answer(process: "subprocess.Popen[str]") -> str:
    """Return the output; raises AssertionError if the process failed or wrote errors."""
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), err
    return out.strip()
