"""Anchors are rare in the logs of builds that pass: each hit costs time and room in memory."""

import json
import lzma
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import pytest

from ci_stat.failures.rules import anchors_of, builtin
from ci_stat.failures.scanning.anchors import Anchors

PASSING = Path(__file__).resolve().parents[3] / "shared" / "real" / "cidiff" / "cidiff.jsonl.xz"
ANCHORS = Anchors(anchors_of(builtin()))
RARE = 1e-4  # of all lines

# Passing builds print these too: their tests provoke the failure, or they show a diff. Nothing in
# the line itself tells it apart, so the rule matches there as well.
PROVOKED = {"Exception: ", ": java.lang.", "\njava.lang.", "\n+++ "}
PROVOKED |= {f"{digit}: error: " for digit in range(10)}
# Kotlin's stack frames; ktlint prints the same shape with nothing else that is fixed.
FRAMES = {".kt:"}


def common(texts: Iterable[str]) -> dict[str, float]:
    """Return the anchors that more lines contain than are rare, with their share of all lines."""
    hits: Counter[int] = Counter()
    count = 0
    for text in texts:
        data = f"\n{text}\n".encode()
        starts = list(accumulate((len(line) + 1 for line in data.split(b"\n")), initial=0))
        count += len(starts) - 2
        found = {(bisect_right(starts, offset), index) for offset, index in ANCHORS.find(data)}
        hits.update(index for _, index in found)
    return {
        ANCHORS.literals[index]: number / count
        for index, number in hits.items()
        if number / count > RARE
    }


def test_anchors_are_rare_in_logs_of_passing_builds() -> None:
    if not PASSING.exists():
        pytest.skip(f"{PASSING} is not there: real data are not part of the project")
    with lzma.open(PASSING, "rt", encoding="utf-8") as file:
        logs = [json.loads(row)["passing_log"] or "" for row in file]
    assert set(common(logs)) <= PROVOKED


KINDS = {
    "go": (
        "go: downloading example.com/m{n} v1.{n}.0",
        "ok  \texample.com/m{n}/pkg\t0.{n}s",
        "=== RUN   TestItem{n}",
        "--- PASS: TestItem{n} (0.0{n}s)",
        "?   \texample.com/m{n}/cmd\t[no test files]",
    ),
    "c": (
        "[ 12%] Building CXX object src/CMakeFiles/core.dir/part{n}.cc.o",
        "src/part{n}.cc:{n}:7: warning: unused variable 'x' [-Wunused-variable]",
        "src/part{n}.cc:{n}:7: note: declared here",
        "-- Looking for pthread_create - not found",
    ),
    "rust": (
        "   Compiling crate{n} v0.{n}.1",
        "warning: unused import: `std::fmt::Debug{n}`",
        "  --> src/part{n}.rs:{n}:5",
        "test part{n}::works ... ok",
    ),
    "jvm": (
        "[INFO] Tests run: {n}, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.{n} s",
        "[WARNING] /src/main/java/a/B{n}.java:[{n},8] unchecked call to add(E)",
        "\tat java.lang.reflect.Method.invoke(Method.java:{n})",
        "\tat a.b.Part{n}.run(Part{n}.kt:{n})",
        "> Task :part{n}:compileJava UP-TO-DATE",
    ),
    "python": (
        "tests/test_part{n}.py::test_one[{n}] PASSED [ {n}%]",
        "Collecting part{n}==1.{n}",
        "copying build/lib/part{n}.py -> build/bdist",
    ),
    "javascript": (
        "PASS src/part{n}.test.js ({n}.1 s)",
        "npm WARN deprecated part{n}@1.{n}.0: use another one",
        "  ✓ works for {n} items ({n} ms)",
    ),
    "service": (
        '{{"level":"error","time":"2021-06-21T17:00:{n}Z","error":"connection refused","id":{n}}}',
        '[2021/06/21 17:00:{n}.123 +08:00] [ERROR] [part.go:{n}] ["retry"] [error="EOF"]',
        '[2021/06/21 17:00:{n}.123 +08:00] [WARN] [pd.go:{n}] ["dial tcp 10.0.0.{n}:2379"]',
        "2021-06-21 17:00:{n},123 ERROR [worker-{n}] the peer closed the connection",
    ),
    "shell": (
        "+ docker pull registry.example.com/part:{n}",
        "Get:{n} http://archive.example.com/ubuntu focal/main amd64 part{n} [12.{n} kB]",
        "remote: Counting objects: {n}% (12/30)",
        "drwxr-xr-x {n} root root 4096 part{n}",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_anchors_are_rare_in_ordinary_output(kind: str) -> None:
    rng = random.Random(1)
    lines = [text.format(n=rng.randrange(1, 1000)) for text in KINDS[kind] for _ in range(500)]
    assert set(common(["\n".join(lines)])) <= FRAMES


def test_anchors_are_not_short() -> None:
    """One anchor of three bytes makes the search of all of them take half as long again."""
    assert [anchor for anchor in ANCHORS.bytes if len(anchor) < 4] == []


def test_a_line_end_in_an_anchor_is_the_edge_of_a_line() -> None:
    anchors = Anchors(["\nstart: ", "end:\n"])
    text = b"start: one\nrestart: two\nstart: three\nend:\nend: 4\n"
    lines = {text.count(b"\n", 0, offset) for offset, _ in anchors.find(text)}
    assert lines == {2, 3}
