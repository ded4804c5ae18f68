"""A second Ctrl-C ends `tests run` at once."""

import os
import signal
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from ci_stat.cli.work.tests.stopping import stopping
from ci_stat.test_results.running.process import Child, Ended, kill_groups, run_child

STUBBORN = "trap '' INT TERM; echo $$ > pid; while :; do sleep 0.05; done"


def _wait_for(file: Path) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if file.exists() and file.read_text().strip():
            return int(file.read_text())
        Event().wait(0.02)
    raise AssertionError("the child did not start")


def _interrupt_twice(child: Child, second: signal.Signals, ends: list[Ended]) -> None:
    with stopping(kill_groups) as stop:
        Thread(target=lambda: ends.append(run_child(child, stop.event))).start()
        group = _wait_for(child.folder / "pid")
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.event.is_set()
        os.kill(group, 0)  # it ignores the first signal
        os.kill(os.getpid(), second)
        Event().wait(10)  # the handler of the second signal ends this
    raise AssertionError("the second signal did not end the block")


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_group_is_killed(tmp_path: Path, second: signal.Signals) -> None:
    ends: list[Ended] = []
    child = Child(["/bin/sh", "-c", STUBBORN], {}, tmp_path, tmp_path / "log", grace=60)
    with pytest.raises(SystemExit) as ended:
        _interrupt_twice(child, second, ends)
    assert ended.value.code == 130

    deadline = time.monotonic() + 10
    while not ends and time.monotonic() < deadline:
        Event().wait(0.02)
    assert ends[0].signal == "SIGKILL"
    assert ends[0].seconds < 10


def test_no_child_runs() -> None:
    kill_groups()
