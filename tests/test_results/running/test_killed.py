"""What is left when ci-stat itself is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def test_a_runner_does_not_outlive_ci_stat(tmp_path: Path) -> None:
    """`kill -9` leaves ci-stat no time to end its runners."""
    runner = "echo $$ > pid.new; mv pid.new pid; exec sleep 60"
    command = [sys.executable, "-c", "from ci_stat.cli import main; main()"]
    arguments = ["tests", "run", "--results", "o.xml", "--", "sh", "-c", runner]
    with subprocess.Popen([*command, *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL) as own:
        number = int(_when_written(tmp_path / "pid"))
        time.sleep(0.1)
        own.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _is_running(number):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _when_written(path: Path) -> str:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


def _is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
