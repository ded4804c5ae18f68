"""A child ends for certain, with its whole group."""

import os
import time
from pathlib import Path
from threading import Event, Timer

from ci_stat.test_results.running.process import Child, Ended, run_child


def child(folder: Path, script: str, timeout: float | None = None) -> Child:
    argv = ("/bin/sh", "-c", script)
    return Child(argv, {}, folder, folder / "log", timeout=timeout, grace=0.1)


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{number}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def has_ended(number: int) -> bool:
    deadline = time.monotonic() + 5
    while is_alive(number) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(number)


def run(folder: Path, script: str, timeout: float | None = None) -> Ended:
    return run_child(child(folder, script, timeout), Event())


def test_the_exit_code_and_the_output(tmp_path: Path) -> None:
    ended = run(tmp_path, "echo out; echo err >&2; exit 3")
    assert (ended.code, ended.signal, ended.problem) == (3, "", "")
    assert (tmp_path / "log").read_text() == "out\nerr\n"


def test_a_signal_is_no_exit_code(tmp_path: Path) -> None:
    ended = run(tmp_path, "kill -9 $$")
    assert (ended.code, ended.signal) == (None, "SIGKILL")


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    ended = run_child(Child(("no-such-program",), {}, tmp_path, tmp_path / "log"), Event())
    assert ended.problem == "no-such-program: No such file or directory"


def test_an_argument_with_nul(tmp_path: Path) -> None:
    ended = run_child(Child(("echo", "a\0b"), {}, tmp_path, tmp_path / "log"), Event())
    assert ended.problem == "echo: embedded null byte"


def test_a_child_that_ignores_signals_is_killed_with_its_children(tmp_path: Path) -> None:
    script = "trap '' INT TERM; sleep 60 & echo $! > pid; wait; wait; sleep 60"
    ended = run(tmp_path, script, timeout=0.3)
    assert ended.is_timeout
    assert ended.signal == "SIGKILL"
    assert ended.seconds < 5
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_what_a_child_leaves_running_is_killed(tmp_path: Path) -> None:
    ended = run(tmp_path, "sleep 60 & echo $! > pid")
    assert ended.code == 0
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_stop_ends_a_child_by_sigint_first(tmp_path: Path) -> None:
    stop = Event()
    Timer(0.3, stop.set).start()
    script = "trap 'echo saved > result; exit 2' INT; while :; do sleep 0.05; done"
    ended = run_child(child(tmp_path, script), stop)
    assert (ended.is_stopped, ended.is_timeout, ended.code) == (True, False, 2)
    assert (tmp_path / "result").read_text() == "saved\n"
