"""Generate build logs of 5 to 50 MB: mostly the log of a server under test, few failures.

Also logs of one kind of line each, and logs full of lines that look like failures.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_WORD_LIST = """
region store peer raft server start stop client txn commit request response table index
query plan executor metrics handle update config connection session key value lock latch
worker latency schema load owner campaign watch lease apply snapshot leader heartbeat
scheduler balance split merge compaction level flush cache batch
"""
WORDS = _WORD_LIST.split()
LEVELS = ["INFO"] * 17 + ["WARN", "WARN", "ERROR"]
SEED, GIB, POOL, BATCH = 7, 1 << 30, 60_000, 20


@dataclass(frozen=True, slots=True)
class Log:
    """A log file and the names of the cases that fail in it."""

    path: Path
    cases: frozenset[str]


def write(
    folder: Path, total: int = GIB, smallest: int = 5 << 20, largest: int = 50 << 20
) -> list[Log]:
    """Write log files with a total of at least `total` bytes. The content is always the same.

    The logarithms of the sizes are uniformly distributed.
    """
    rng = random.Random(SEED)
    pool = [_service_line(rng) for _ in range(POOL)]
    logs: list[Log] = []
    written = 0
    while written < total:
        size = int(math.exp(rng.uniform(math.log(smallest), math.log(largest))))
        path = folder / f"{len(logs):03}.log"
        text, cases = _log(rng, pool, size)
        path.write_bytes(text)
        written += size
        logs.append(Log(path, frozenset(cases)))
    return logs


def write_kinds(folder: Path, size: int) -> dict[str, Log]:
    """Write a log of `size` bytes for each kind of content, with a failure in the middle."""
    logs: dict[str, Log] = {}
    for kind, line in KINDS.items():
        rng = random.Random(SEED)
        lines = [line(rng) for _ in range(POOL // 10)]
        failure, case = _failure(rng)
        path = folder / f"kind{len(logs)}.log"
        with path.open("w", encoding="utf-8") as file:
            for at in range(2):
                while file.tell() < (at + 1) * size // 2:
                    file.write("".join(rng.choices(lines, k=1000)))
                file.write(failure if at == 0 else "")
        logs[kind] = Log(path, frozenset({case}))
    return logs


def _stamp(rng: random.Random) -> str:
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    return f"[2021-06-21T{hour:02}:{minute:02}:{second:02}.{rng.randrange(1000):03}Z] "


def _service_line(rng: random.Random) -> str:
    message = " ".join(rng.choices(WORDS, k=rng.randint(3, 40)))
    clock = f"[2021/06/21 17:{rng.randrange(60):02}:{rng.randrange(60):02}.123 +08:00]"
    place = f"[{rng.choice(WORDS)}.go:{rng.randint(1, 999)}]"
    head = f"{_stamp(rng)}{clock} [{rng.choice(LEVELS)}] {place}"
    return f'{head} ["{message}"] [{rng.choice(WORDS)}={rng.getrandbits(40)}]\n'


def _chatter(rng: random.Random) -> str:
    stamp = _stamp(rng)
    module = f"github.com/x{rng.randrange(999)}/{rng.choice(WORDS)}"
    return f"{stamp}go: downloading {module} v1.{rng.randrange(30)}.0\n"


def _failure(rng: random.Random) -> tuple[str, str]:
    case = f"testSuite{rng.randrange(50)}.Test{rng.choice(WORDS).title()}{rng.randrange(999)}"
    name = f"{rng.choice(WORDS)}_test.go:{rng.randint(9, 900)}: {case}"
    lines = [
        "",
        "-" * 70,
        f"FAIL: {name}",
        "",
        f"{rng.choice(WORDS)}_test.go:{rng.randint(9, 900)}:",
        "    c.Assert(got, Equals, 1)",
        f"... obtained int = {rng.randrange(9)}",
        "... expected int = 1",
        "",
    ]
    return "".join(f"{_stamp(rng)}{line}\n" for line in lines), name


def _go_failure(rng: random.Random) -> tuple[str, str]:
    name = f"Test{rng.choice(WORDS).title()}{rng.randrange(999)}"
    lines = [
        f"--- FAIL: {name} (0.0{rng.randrange(9)}s)",
        f"    {rng.choice(WORDS)}_test.go:7: got 1, want 2",
    ]
    return "".join(f"{_stamp(rng)}{line}\n" for line in lines), name


def _log(rng: random.Random, pool: list[str], size: int) -> tuple[bytes, list[str]]:
    """Blocks of service lines, some lines of the build, and 2 to 10 failures."""
    parts: list[str] = []
    cases: list[str] = []
    length = 0
    while length < size:
        part = "".join(rng.choices(pool, k=BATCH)) if rng.random() < 0.92 else _chatter(rng)
        parts.append(part)
        length += len(part)
    for make, most in ((_failure, 6), (_go_failure, 4)):
        for _ in range(rng.randint(1, most)):
            text, case = make(rng)
            parts.insert(rng.randrange(len(parts)), text)
            cases.append(case)
    parts.append(f"{_stamp(rng)}script returned exit code 1\nFinished: FAILURE\n")
    return "".join(parts).encode(), cases


def _go_build(rng: random.Random) -> str:
    word, number = rng.choice(WORDS), rng.randrange(999)
    return rng.choice(
        [
            _chatter(rng),
            f"github.com/x/{word}/{number}\n",
            f"ok  \tgithub.com/x/{word}{number}\t0.{number}s\n",
            f"=== RUN   Test{word.title()}{number}\n",
            f"--- PASS: Test{word.title()}{number} (0.0{rng.randrange(9)}s)\n",
        ]
    )


def _json_line(rng: random.Random) -> str:
    place = f"{rng.choice(WORDS)}.go:{rng.randint(1, 999)}"
    return (
        f'{{"level":"error","ts":"2021-06-21T17:01:02.123Z","caller":"{place}","msg":"request'
        f' error: no answer","error":"dial tcp 10.0.0.{rng.randrange(255)}:4000: connect:'
        f' connection refused","region":{rng.getrandbits(40)}}}\n'
    )


def _error_line(rng: random.Random) -> str:
    return (
        f"{_stamp(rng)}[2021/06/21 17:01:02.123 +08:00] [ERROR] [conn.go:{rng.randint(1, 999)}]"
        f' ["command dispatched failed"] [conn={rng.getrandbits(40)}]'
        f" [err=\"[schema:1146]Table 'test.t{rng.randrange(99)}' doesn't exist\"]\n"
    )


KINDS: dict[str, Callable[[random.Random], str]] = {
    "quiet": _service_line,
    "Go build": _go_build,
    "JSON lines with errors": _json_line,
    "[ERROR] lines": _error_line,
}


def write_dense(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write logs of nothing but lines with anchors. Yield what each contains and its path."""
    contents = (
        ("32 MB of `Error: failed x`", b"Error: failed x\n", (32 << 20) // 16),
        ("one line of 200 MB of it", b"Error: failed x ", (200 << 20) // 16),
        ("600,000 lines full of anchors", b"a.go:7: FAIL: error: Error: panic: \n", 600_000),
    )
    for number, (what, line, count) in enumerate(contents):
        path = folder / f"dense{number}.log"
        path.write_bytes(line * count)
        yield what, path
