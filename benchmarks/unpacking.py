"""Speed of unpacking alone: compressed logs read without a search, against the tools for it."""

import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.log_data import write
from benchmarks.measure import Figures, in_turn, ratios

FORMATS = ((".gz", "gzip -6 -k", "zcat", 1.0), (".zst", "zstd -3 -q -k", "zstdcat", 0.8))


def bench(figures: Figures, rounds: int, total: int) -> None:
    """Run the benchmark on about `total` bytes of text."""
    with tempfile.TemporaryDirectory() as folder:
        logs = [log.path for log in write(Path(folder), total)]
        names = " ".join(shlex.quote(str(log)) for log in logs)
        size = sum(log.stat().st_size for log in logs) / 1e6

        for suffix, pack, tool, target in FORMATS:
            subprocess.run(["bash", "-c", f"{pack} {names}"], check=True)
            packed = [f"{log}{suffix}" for log in logs]
            ours, theirs = in_turn(
                rounds, partial(_read, packed, size), partial(_tool, tool, packed)
            )
            share = ratios(theirs, ours)
            figures.add(
                f"unpacking {suffix} logs",
                f"{share:.2f} of its MB/s ({size / statistics.median(ours):,.0f} MB/s)",
                f"{tool} to nowhere",
                f"at least {target}",
                share >= target,
            )


def _read(names: list[str], megabytes: float) -> float:
    """Seconds to read the text of all logs in a process of its own, without its start."""
    code = (
        "import json, sys, time\nfrom pathlib import Path\n"
        "from ci_stat.logs.compressed import opened\n"
        "names, buffer, size = json.load(sys.stdin), memoryview(bytearray(1 << 17)), 0\n"
        "start = time.perf_counter()\n"
        "for name in names:\n"
        "    with opened(Path(name)) as stream:\n"
        "        while count := stream.readinto(buffer):\n"
        "            size += count\n"
        "print(json.dumps([time.perf_counter() - start, size]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, size = json.loads(done.stdout)
    assert round(size / 1e6, 3) == round(megabytes, 3), f"{size} bytes, not {megabytes} MB"
    return float(seconds)


def _tool(tool: str, names: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([tool, *names], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
