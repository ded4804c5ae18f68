"""Speed and memory of the log scanner, against ripgrep and the pipeline of the first ci_stat."""

import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.log_data import Log, write, write_dense, write_kinds
from benchmarks.measure import Figures, in_turn, ratios
from benchmarks.unpacking import FORMATS
from ci_stat.failures.rules import anchors_of, builtin

PYTHON = sys.executable
# The pipeline of the first ci_stat, for one log: remove the time stamp, remove server lines, keep
# blocks of 101 and then 20 lines.
OLD = "cut -d' ' -f2- {log} | grep -v '^\\[2021' | grep -A 101 '^FAIL:' | grep -A 20 '^FAIL:'"
BIG, LONG_LINE = 4 << 30, 1 << 30


def bench(
    figures: Figures, rounds: int, total: int, big: int = BIG, long_line: int = LONG_LINE
) -> None:
    """Run all benchmarks of logs, on `total` bytes."""
    with tempfile.TemporaryDirectory() as folder:
        logs = write(Path(folder), total)
        anchors = Path(folder) / "anchors"
        # The edge of a line, which an anchor can name, is no text for ripgrep.
        texts = {anchor.strip("\r\n") for anchor in anchors_of(builtin())}
        anchors.write_text("\n".join(sorted(texts)))
        _throughput(figures, logs, anchors, rounds)
        _kinds(figures, Path(folder), anchors, total // 16, rounds)
        _dense(figures, Path(folder))
        _packed(figures, logs[:8], rounds)
        _memory(figures, Path(folder), big, long_line)


def _throughput(figures: Figures, logs: list[Log], anchors: Path, rounds: int) -> None:
    names = [str(log.path) for log in logs]
    size = sum(log.path.stat().st_size for log in logs)
    search = _ripgrep(anchors, names)
    pipeline = "; ".join(OLD.format(log=shlex.quote(name)) for name in names)
    one, two, ripgrep, old = in_turn(
        rounds,
        partial(_inside, logs, 1),
        partial(_inside, logs, 2),
        partial(_bash, search),
        partial(_bash, pipeline),
    )
    rates = {
        name: size / 1e6 / statistics.median(times)
        for name, times in zip("12ro", (one, two, ripgrep, old), strict=True)
    }
    share = ratios(ripgrep, one)
    yardstick = f"ripgrep, the same anchors, file by file, {rates['r']:,.0f} MB/s"
    figures.add(
        "logs, one process",
        f"{rates['1']:,.0f} MB/s, {share:.2f} of it",
        yardstick,
        "at least 2.5",
        share >= 2.5,
    )
    times = ratios(old, one)
    figures.add(
        "the same",
        f"{times:.1f} times",
        f"cut | grep -v | grep -A | grep -A, {rates['o']:,.0f} MB/s",
        "at least 4 times",
        times >= 4,
    )
    gain = ratios(one, two)
    figures.add(
        "two processes",
        f"{gain:.2f} times ({rates['2']:,.0f} MB/s)",
        "one",
        "at least 1.8 times",
        gain >= 1.8,
    )


def _kinds(figures: Figures, folder: Path, anchors: Path, size: int, rounds: int) -> None:
    """Logs of one kind of line: common words such as "error" must not slow down the search."""
    for kind, log in write_kinds(folder, size).items():
        ours, ripgrep = in_turn(
            rounds,
            partial(_inside, [log], 1),
            partial(_bash, _ripgrep(anchors, [str(log.path)])),
        )
        rate = log.path.stat().st_size / 1e6 / statistics.median(ours)
        figures.add(
            f"one log of {size >> 20:,} MB, {kind}",
            f"{rate:,.0f} MB/s, {ratios(ripgrep, ours):.2f} of it",
            "ripgrep, the same anchors",
            "at least 250 MB/s",
            rate >= 250,
        )


def _dense(figures: Figures, folder: Path) -> None:
    """Logs of which nearly every line could begin a failure: the work is bounded."""
    for what, path in write_dense(folder):
        seconds = _inside([Log(path, frozenset())], 1)
        rate = path.stat().st_size / 1e6 / seconds
        figures.add(
            what,
            f"{seconds:.2f} s, {rate:,.0f} MB/s",
            "",
            "at least 25 MB/s or 2 s",
            rate >= 25 or seconds <= 2,
        )


def _packed(figures: Figures, logs: list[Log], rounds: int) -> None:
    some = [str(log.path) for log in logs]
    for suffix, pack, tool, target in FORMATS:
        _bash(f"{pack} {_quoted(some)}")
        packed = [Log(Path(f"{log.path}{suffix}"), log.cases) for log in logs]
        unpack = f"{tool} {_quoted([str(log.path) for log in packed])}"
        ours, theirs = in_turn(rounds, partial(_inside, packed, 1), partial(_bash, unpack))
        share = ratios(theirs, ours)
        figures.add(
            f"{suffix} logs",
            f"{share:.2f} of its MB/s",
            f"{tool} to nowhere",
            f"at least {target}",
            share >= target,
        )


def _memory(figures: Figures, folder: Path, big: int, long_line: int) -> None:
    whole, line = folder / "big.log", folder / "line.log"
    with whole.open("wb") as file:
        text = (folder / "000.log").read_bytes()
        while file.tell() < big:
            file.write(text)
    with line.open("wb") as file:
        while file.tell() < long_line:
            file.write(b"x" * (1 << 20))
        file.write(b"\nFAIL: a_test.go:1: S.T\n\nmore\n")
    for path, what in (
        (whole, f"a log of {big >> 20:,} MB"),
        (line, f"a line of {long_line >> 20:,} MB"),
    ):
        peak = _peak(path) / 2**20
        figures.add(
            f"memory of ci-stat explain, {what}", f"{peak:.0f} MB", "", "under 64 MB", peak < 64
        )


def _inside(logs: Sequence[Log], workers: int) -> float:
    """Seconds to read the logs in a new process, as `get_result` does, without its start-up time.

    Asserts that every case that fails is found.
    """
    code = (
        "import io, json, sys, time\nfrom ci_stat.logs.workers import LogOptions, diagnose_files\n"
        "from ci_stat.failures import extract\nextract(io.BytesIO(b'x'))  # loads the rules\n"
        "names = json.load(sys.stdin)\nstart = time.perf_counter()\n"
        f"read = diagnose_files(names, LogOptions(brief=True), {workers})\n"
        "diagnoses = [diagnosis for _, diagnosis in read]\n"
        "seconds = time.perf_counter() - start\n"
        "cases = [[case.name for case in log.extraction.failures] for log in diagnoses]\n"
        "print(json.dumps([seconds, cases]))"
    )
    names = json.dumps([str(log.path) for log in logs])
    done = subprocess.run(
        [PYTHON, "-c", code], input=names, capture_output=True, text=True, check=True
    )
    seconds, cases = json.loads(done.stdout)
    for log, names_found in zip(logs, cases, strict=True):
        missing = sorted(log.cases.difference(names_found))
        assert not missing, f"{len(missing)} of {len(log.cases)} failures of {log.path}: {missing}"
    return float(seconds)


def _ripgrep(anchors: Path, names: Sequence[str]) -> str:
    return f"for f in {_quoted(names)}; do rg -a -F -j1 -c -f {shlex.quote(str(anchors))} $f; done"


def _peak(path: Path) -> int:
    """Peak resident memory of the command, in bytes.

    From /proc: `ru_maxrss` is inherited from the parent process.
    """
    code = (
        "import re, sys\nfrom ci_stat.cli import run\n"
        "code = run(['explain', '--json', sys.argv[1]])\n"
        "status = open('/proc/self/status').read()\n"
        "print(code, re.search(r'VmHWM:\\s+(\\d+)', status)[1], file=sys.stderr)"
    )
    done = subprocess.run(
        [PYTHON, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    ended, kilobytes = done.stderr.split()[-2:]
    assert ended == "0", done.stderr
    return int(kilobytes) * 1024


def _bash(command: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        ["bash", "-c", command], check=False, stdout=subprocess.DEVNULL
    )  # grep finds nothing: exit code 1
    return time.perf_counter() - started


def _quoted(names: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, names))
