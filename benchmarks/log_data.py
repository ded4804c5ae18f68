"""Generate build logs of 5 to 50 MB: mostly the log of a server under test, few failures."""

import math
import random
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


def write(
    folder: Path, total: int = GIB, smallest: int = 5 << 20, largest: int = 50 << 20
) -> list[Path]:
    """Write log files with a total of at least `total` bytes. The content is always the same.

    The logarithms of the sizes are uniformly distributed.
    """
    rng = random.Random(SEED)
    pool = [_service_line(rng) for _ in range(POOL)]
    paths: list[Path] = []
    written = 0
    while written < total:
        size = int(math.exp(rng.uniform(math.log(smallest), math.log(largest))))
        path = folder / f"{len(paths):03}.log"
        with path.open("wb") as file:
            file.write(_log(rng, pool, size))
        written += size
        paths.append(path)
    return paths


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


def _failure(rng: random.Random) -> str:
    case = f"testSuite{rng.randrange(50)}.Test{rng.choice(WORDS).title()}{rng.randrange(999)}"
    lines = [
        "",
        "-" * 70,
        f"FAIL: {rng.choice(WORDS)}_test.go:{rng.randint(9, 900)}: {case}",
        "",
        f"{rng.choice(WORDS)}_test.go:{rng.randint(9, 900)}:",
        "    c.Assert(got, Equals, 1)",
        f"... obtained int = {rng.randrange(9)}",
        "... expected int = 1",
        "",
    ]
    return "".join(f"{_stamp(rng)}{line}\n" for line in lines)


def _go_failure(rng: random.Random) -> str:
    name = f"Test{rng.choice(WORDS).title()}{rng.randrange(999)}"
    lines = [
        f"--- FAIL: {name} (0.0{rng.randrange(9)}s)",
        f"    {rng.choice(WORDS)}_test.go:7: got 1, want 2",
    ]
    return "".join(f"{_stamp(rng)}{line}\n" for line in lines)


def _log(rng: random.Random, pool: list[str], size: int) -> bytes:
    """Blocks of service lines, some lines of the build, and 2 to 10 failures."""
    parts: list[str] = []
    length = 0
    while length < size:
        part = "".join(rng.choices(pool, k=BATCH)) if rng.random() < 0.92 else _chatter(rng)
        parts.append(part)
        length += len(part)
    for make, most in ((_failure, 6), (_go_failure, 4)):
        for _ in range(rng.randint(1, most)):
            parts.insert(rng.randrange(len(parts)), make(rng))
    parts.append(f"{_stamp(rng)}script returned exit code 1\nFinished: FAILURE\n")
    return "".join(parts).encode()
