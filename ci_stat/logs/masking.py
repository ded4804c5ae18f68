"""Mask secrets in the diagnosis of a log, before it is shown or written."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from ci_stat.failures import LogDiagnosis, LogLine
from ci_stat.records import CaseFailure
from ci_stat.redaction.redact import MASK, redacted


def masked(diagnosis: LogDiagnosis) -> LogDiagnosis:
    """The same diagnosis with *** in place of each secret. Lines keep their numbers."""
    extraction = diagnosis.extraction
    failures = tuple(map(_masked_failure, extraction.failures))
    return replace(
        diagnosis,
        extraction=structs.replace(extraction, failures=failures),
        lines=tuple(map(_masked_lines, diagnosis.lines)),
        context=tuple(map(_masked_lines, diagnosis.context)),
    )


def _masked_failure(failure: CaseFailure) -> CaseFailure:
    return structs.replace(
        failure,
        name=redacted(failure.name),
        message=redacted(failure.message),
        suite=redacted(failure.suite),
        excerpt=redacted(failure.excerpt),
    )


def _masked_lines(lines: Sequence[LogLine]) -> tuple[LogLine, ...]:
    """Lines with their secrets masked, also secrets of several lines."""
    shown = redacted("\n".join(line.text for line in lines)).split("\n")
    if len(shown) != len(lines):  # a key of many lines became one
        left = set(shown)
        alone = [redacted(line.text) for line in lines]
        shown = [text if text in left else MASK for text in alone]
    return tuple(replace(line, text=text) for line, text in zip(lines, shown, strict=True))
