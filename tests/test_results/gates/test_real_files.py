"""Result files of many producers: none with a failure in it is green, and none stops a gate."""

import tarfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import Decision
from ci_stat.test_results.gates.policy import STRICT
from ci_stat.test_results.inputs import Input
from tests.test_results.gates.support import NOW

FAILURES = (b"<failure", b"<error", b'"Action":"fail"')


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for archive in sorted(folder.glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield f"{archive.name}/{member.name}", content.read()


def test_no_file_with_a_failure_is_green(real: Path) -> None:
    decisions: Counter[Decision] = Counter()
    for name, content in files(real / "junit"):
        results = read_results([Input(name, partial(iter, [content]), True)])
        verdict = decide(STRICT, results, NOW)
        decisions[verdict.decision] += 1
        if verdict.decision is Decision.PASS:
            assert not any(failure in content for failure in FAILURES), name
    if not decisions:
        pytest.skip("the folder has no archives")
    assert min(decisions[decision] for decision in Decision) >= 10
