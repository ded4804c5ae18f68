"""Speed and memory of reading JUnit XML, against junitparser, alone and with lxml below it.

`python -m benchmarks.junit CONTENDER FILE CHECK` runs one contender in its own process. All take
the same values of each case: suite, class, name, seconds, outcome, message, text and output.
Measured is CPU time.
"""

import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.measure import Figures, in_turn, ratios

SEED = 11
CASES = 200  # of each suite
SMALL, LARGE = 600, 3600  # suites: 50 MB and 300 MB
MEMORY = 80  # MB
_WORDS = (
    "expected",
    "actual",
    "got",
    "value",
    "error",
    "timeout",
    "connection",
    "region",
    "leader",
)

Case = tuple[str, str, str, float | None, str, str, str, str]

Read = Callable[[str], Iterator[Case]]


def write(path: Path, suites: int) -> Counter[str]:
    """Write a file; return its outcomes: 5 % skipped, 3 % failed, 0.5 % errors, 20 % output."""
    draw = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        for number in range(suites):
            file.write(f'<testsuite name="suite{number}" tests="{CASES}" hostname="h">\n')
            file.write('<properties><property name="a" value="b"/></properties>\n')
            for case in range(CASES):
                outcome, inside = _inside(draw)
                outcomes[outcome] += 1
                place = f"com.example.pkg{number % 40}.Suite{number}Test"
                seconds = f"{draw.random() * 10:.3f}"
                file.write(f'  <testcase classname="{place}" name="test_that_it_does_{case}"')
                file.write(f' time="{seconds}"')
                file.write(f">{inside}</testcase>\n" if inside else " />\n")
            file.write("</testsuite>\n")
        file.write("</testsuites>\n")
    return outcomes


def _inside(draw: random.Random) -> tuple[str, str]:
    place = draw.random()
    outcome, inside = "passed", ""
    if place < 0.05:
        outcome, inside = "skipped", '<skipped message="not here"/>'
    elif place < 0.08:
        outcome = "failed"
        inside = f'<failure message="{draw.random()}" type="E">{_text(draw, 1000, 4000)}</failure>'
    elif place < 0.085:
        outcome = "error"
        inside = f'<error message="boom" type="E">{_text(draw, 1000, 4000)}</error>'
    if draw.random() < 0.2:
        inside += f"<system-out>{_text(draw, 200, 2200)}</system-out>"
    return outcome, inside


def _text(draw: random.Random, least: int, most: int) -> str:
    lines, size = [], draw.randrange(least, most)
    while size > 0:
        line = " ".join(draw.choice(_WORDS) for _ in range(10)) + f" {draw.randrange(10**6)}"
        if draw.random() < 0.2:
            line += ' at <init> & "more"'
        lines.append(escape(line))
        size -= len(lines[-1]) + 1
    return "\n".join(lines)


def ours() -> Read:
    """Our reader."""
    from ci_stat.formats.result_file import ResultFile

    def blocks(path: str) -> Iterator[bytes]:
        with open(path, "rb", buffering=0) as file:
            while block := file.read(1 << 17):
                yield block

    def read(path: str) -> Iterator[Case]:
        for case in ResultFile(blocks(path)):
            yield (
                case.suite, case.class_name, case.name, case.seconds,
                case.outcome, case.message, case.text, case.stdout,
            )  # fmt: skip

    return read


def junitparser() -> Read:
    """The yardstick."""
    import junitparser as library

    words = {library.Failure: "failed", library.Error: "error", library.Skipped: "skipped"}

    def read(path: str) -> Iterator[Case]:
        for suite in library.JUnitXml.fromfile(path):
            name = suite.name
            for case in suite:
                result = case.result[0] if case.result else None
                yield (
                    name, case.classname, case.name, case.time,
                    words[type(result)] if result is not None else "passed",
                    (result.message or "") if result is not None else "",
                    (result.text or "") if result is not None else "",
                    case.system_out or "",
                )  # fmt: skip

    return read


def junitparser_alone() -> Read:
    """The same as `pip install junitparser` gives it: on the standard library."""
    sys.modules["lxml"] = None  # type: ignore[assignment]
    return junitparser()


CONTENDERS: dict[str, Callable[[], Read]] = {
    "ours": ours,
    "junitparser": junitparser,
    "junitparser_alone": junitparser_alone,
}


def run(name: str, path: Path, outcomes: Counter[str], check: str) -> dict[str, Any]:
    """Run a contender; what it read must be all that was written."""
    command = [sys.executable, "-m", "benchmarks.junit", name, str(path), check]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["outcomes"] == dict(outcomes), f"{name}: {result['outcomes']}, not {outcomes}"
    return result


def bench(figures: Figures, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _small(figures, rounds, Path(folder) / "small.xml")
        _large(figures, max(1, rounds // 3), Path(folder) / "large.xml")


def _small(figures: Figures, rounds: int, path: Path) -> None:
    outcomes = write(path, SMALL)
    digests = {run(name, path, outcomes, "digest")["digest"] for name in CONTENDERS}
    assert len(digests) == 1, "the contenders read different values"
    _compare(figures, rounds, path, outcomes, "junitparser_alone", 3)
    _compare(figures, rounds, path, outcomes, "junitparser", None)


def _large(figures: Figures, rounds: int, path: Path) -> None:
    outcomes = write(path, LARGE)
    memory = _compare(figures, rounds, path, outcomes, "junitparser", 2)
    figures.add(
        f"the same, peak memory, {path.stat().st_size / 1e6:,.0f} MB",
        f"{memory:.0f} MB",
        "itself",
        f"under {MEMORY} MB",
        memory < MEMORY,
    )


def _compare(
    figures: Figures,
    rounds: int,
    path: Path,
    outcomes: Counter[str],
    yardstick: str,
    target: float | None,
) -> float:
    """Add the row; return our peak memory in MB."""
    peaks: list[float] = []

    def mine() -> float:
        result = run("ours", path, outcomes, "time")
        peaks.append(result["rss"] / 1e6)
        return float(result["seconds"])

    seconds, theirs = in_turn(
        rounds, mine, lambda: float(run(yardstick, path, outcomes, "time")["seconds"])
    )
    size = path.stat().st_size / 1e6
    factor = float(ratios(theirs, seconds))
    with_lxml = " on lxml" if yardstick == "junitparser" else " on the standard library"
    figures.add(
        f"reading JUnit, {size:,.0f} MB, {outcomes.total():,} cases",
        f"{factor:.2f} times its MB/s ({size / statistics.median(seconds):,.0f} MB/s)",
        f"junitparser{with_lxml} ({size / statistics.median(theirs):,.0f} MB/s)",
        f"at least {target}" if target else "none: lxml is not a part of junitparser",
        factor >= target if target else None,
    )
    return float(max(peaks))


def _peak() -> int:
    """Peak resident memory of this process alone; ru_maxrss begins at that of the parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    name, path, check = sys.argv[1:4]
    outcomes: Counter[str] = Counter()
    digest = hashlib.sha256()
    read = CONTENDERS[name]()  # imports are not measured
    start = time.process_time()
    for case in read(path):
        outcomes[case[4]] += 1
        if check == "digest":
            digest.update(json.dumps(case).encode())
    seconds = time.process_time() - start
    result = {
        "seconds": seconds,
        "rss": _peak(),
        "outcomes": outcomes,
        "digest": digest.hexdigest(),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
