"""Values to JSON on one line, whatever their texts hold, and results that fit into a frame."""

from typing import Any, TypeVar

import msgspec

from ci_stat.commit_tests.model import Output, OutputLine, RunResult
from ci_stat.commit_tests.protocol.events import RunFinished, RunProgress

MAX_RESULT = 2 * 1024 * 1024
"""Bytes of a result in a frame."""

_MAX_LINE = 16 * 1024  # characters of a line in a frame
_MAX_TEXT = 4_000  # characters of a text in a result that is too large
_MAX_ITEMS = 200  # names and failures in it

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def encoded(value: msgspec.Struct) -> bytes:
    """Return the JSON of a value. Halves of characters, which UTF-8 lacks, become `?`."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_without_surrogates(msgspec.to_builtins(value)))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _without_surrogates(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(inner) for inner in value]
    return value


def fitting_line(progress: RunProgress) -> RunProgress:
    """Cut a line of output that is too long for a frame, and mark it as cut."""
    event = progress.event
    if not isinstance(event, OutputLine) or len(event.text) <= _MAX_LINE:
        return progress
    cut = msgspec.structs.replace(event, text=event.text[:_MAX_LINE], is_cut=True)
    return msgspec.structs.replace(progress, event=cut)


def fitting_result(finished: RunFinished) -> RunFinished:
    """Cut texts and lists of a result that is too large for a frame, and count what was cut."""
    if len(encoded(finished)) <= MAX_RESULT:
        return finished
    result, cutter = finished.result, _Cutter()
    small = msgspec.structs.replace(
        result,
        detail=cutter.text(result.detail),
        signal=cutter.text(result.signal),
        steps=tuple(
            msgspec.structs.replace(step, detail=cutter.text(step.detail)) for step in result.steps
        ),
        output=_small_output(result.output, cutter),
        failures=tuple(
            msgspec.structs.replace(
                failure, case=cutter.text(failure.case), message=cutter.text(failure.message)
            )
            for failure in cutter.items(result.failures)
        ),
        tests=_small_tests(result, cutter),
    )
    return msgspec.structs.replace(finished, result=small, cut_texts=cutter.count)


def _small_output(output: Output, cutter: "_Cutter") -> Output:
    tail = output.tail[-_MAX_TEXT:]
    cutter.count += len(tail) < len(output.tail)
    return msgspec.structs.replace(output, tail=tail)


def _small_tests(result: RunResult, cutter: "_Cutter") -> Any:
    tests = result.tests
    if tests is None:
        return None
    names = tuple(cutter.text(name) for name in cutter.items(tests.failed_names))
    problems = tuple(cutter.text(problem) for problem in cutter.items(tests.problems))
    return msgspec.structs.replace(tests, failed_names=names, problems=problems)


class _Cutter:
    """Cuts texts and lists. `count`: how many texts were cut or left out."""

    def __init__(self) -> None:
        self.count = 0

    def text(self, text: str) -> str:
        self.count += len(text) > _MAX_TEXT
        return text[:_MAX_TEXT]

    def items(self, items: tuple[T, ...]) -> tuple[T, ...]:
        self.count += max(0, len(items) - _MAX_ITEMS)
        return items[:_MAX_ITEMS]
