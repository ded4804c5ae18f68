"""A child ends for certain, with its whole group."""

import os
import time
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import pytest

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


def capped(folder: Path, script: str, limit: int) -> tuple[Ended, str]:
    ended = run_child(replace(child(folder, script), max_log=limit), Event())
    return ended, (folder / "log").read_text()


def test_of_a_long_output_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    ended, log = capped(tmp_path, "seq 1 100000; echo last >&2", 1000)
    printed = "".join(f"{number}\n" for number in range(1, 100_001)) + "last\n"
    left_out = len(printed) - 1000
    assert (ended.code, ended.left_out) == (0, left_out)
    assert log == f"{printed[:500]}\n[{left_out:,} bytes left out]\n{printed[-500:]}"


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_an_output_within_the_limit_is_kept_as_it_is(tmp_path: Path, size: int) -> None:
    ended, log = capped(tmp_path, f"printf '%{size}s' '' | head -c {size}", 1000)
    assert (ended.left_out, log) == (0, " " * size)


def test_a_process_that_leaves_the_group_does_not_hold_the_log(tmp_path: Path) -> None:
    ended, log = capped(tmp_path, "echo out; setsid sleep 3 & sleep 0.1", 1000)
    assert (ended.code, log) == (0, "out\n")
    assert ended.seconds < 2


def test_a_log_that_cannot_be_written_does_not_stop_the_child(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    ended = run_child(replace(child(tmp_path, "seq 1 100000; exit 3"), max_log=1000), Event())
    assert (ended.code, ended.left_out) == (3, 588_895)


def test_results_on_standard_output_are_not_cut(tmp_path: Path) -> None:
    one = child(tmp_path, "seq 1 1000; seq 1 1000 >&2")
    one = replace(one, stdout=tmp_path / "results", stderr=tmp_path / "log", max_log=100)
    ended = run_child(one, Event())
    assert (tmp_path / "results").stat().st_size == 3893
    assert ended.left_out == 3793
