"""Result files for tests: what a file with a content says."""

from collections import Counter
from collections.abc import Iterator

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Limits, ReadState


def in_blocks(content: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


def read(
    content: str | bytes, size: int = 1 << 16, limits: Limits | None = None
) -> tuple[list[CaseResult], ResultFile]:
    """The attempts in a file, which comes in blocks of `size` bytes, and what is said of it."""
    data = content.encode() if isinstance(content, str) else content
    file = ResultFile(in_blocks(data, size), limits or Limits())
    return list(file), file


def cases(content: str | bytes, size: int = 1 << 16) -> list[CaseResult]:
    """The attempts in a file that is complete."""
    found, file = read(content, size)
    assert (file.state, file.detail) == (ReadState.COMPLETE, "")
    return found


def outcomes(found: list[CaseResult]) -> Counter[str]:
    return Counter(str(case.outcome) for case in found)


def suite(inside: str, name: str = "s") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="{name}">{inside}</testsuite>\n'
    )
