"""Which result files belong together: those of one entry of a matrix are one run.

Labels in the path of a file, or in the file, say it, as for `tests aggregate`. Without any, two
files that both ran nearly the same tests, also those that had passed, are no attempts: nobody
retries what passed. They are entries whose names are the folders or files in which their paths
differ.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice

from ci_stat.failures.case_identity import identity_key
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import Limits, Outcome, Unreadable
from ci_stat.test_results.aggregating.labels import (
    MAX_LABELS,
    labels_of_path,
    labels_of_text,
    parts_of_path,
)
from ci_stat.test_results.inputs import Input

_HEAD = 64 * 1024  # bytes in which labels are looked for
_SAMPLE = 500  # attempts of a file that are compared
_MAX_FILES = 300  # files that are compared
_SAME = 0.8  # share of the tests of both files that both have
_NO_TEXTS = Limits(text=0, output=0)
_RETRY = re.compile(r"[-_. ]?(?:re[-_]?run|re[-_]?try|attempt|try)[-_. ]?\d*", re.IGNORECASE)
_COUNTED = re.compile(r"(?:(?:run|junit|results?|reports?|tests?|out(?:put)?)[-_. ]?)*\d*", re.I)


@dataclass(slots=True)
class FileEntry:
    """Files of one entry. `is_guess`: their content says that they are an entry of their own."""

    labels: dict[str, str]
    inputs: list[Input] = field(default_factory=list)
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class _Sample:
    """How tests ended at the begin of a file, by identity. Skipped tests are left out."""

    parts: tuple[str, ...]
    ends: Mapping[str, tuple[Outcome, float | None]]


Guess = tuple[int, str]
"""Where a path differs from another one: the place of a part, and the part."""


def file_entries(inputs: Sequence[Input], labels: Mapping[str, str]) -> list[FileEntry]:
    """Return the entries in the order of their first files. `labels`: given ones; they win."""
    stated = [_stated(input) for input in inputs]
    guesses = _guesses(inputs, stated)
    entries: dict[str, FileEntry] = {}
    for input, own, guess in zip(inputs, stated, guesses, strict=True):
        known = dict(islice(own.items(), MAX_LABELS)) | guess | dict(labels)
        entry = entries.setdefault(repr(sorted(known.items())), FileEntry(known))
        entry.inputs.append(input)
        entry.is_guess |= bool(guess)
    return list(entries.values()) or [FileEntry(dict(labels))]


def _stated(input: Input) -> dict[str, str]:
    """Return the labels in the path, and those that `tests run --junit` writes into the file."""
    try:
        head = next(iter(input.open()), b"")
    except Unreadable:
        head = b""  # the import says what is wrong with it
    text = head[:_HEAD].decode("utf-8", "replace")
    return labels_of_path(input.name) | labels_of_text(text)


def _guesses(inputs: Sequence[Input], stated: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the label that tells each file from others with the same labels, or none."""
    places = [place for place, labels in enumerate(stated) if not labels]
    guesses: list[dict[str, str]] = [{} for _ in inputs]
    if not 2 <= len(places) <= _MAX_FILES:
        return guesses

    samples = [_sample(inputs[place]) for place in places]
    names: dict[tuple[str, ...], str] = {}
    for first, second in combinations(samples, 2):
        if _are_entries(first, second):
            depth = _first_difference(first.parts, second.parts)
            for parts in (first.parts, second.parts):
                is_file = depth + 1 >= len(parts)
                names.setdefault(parts[: depth + 1], "file" if is_file else "folder")
    for place, sample in zip(places, samples, strict=True):
        for depth in range(len(sample.parts), 0, -1):
            key = names.get(sample.parts[:depth])
            if key is not None:
                guesses[place] = {key: sample.parts[depth - 1]}
                break
    return guesses


def _sample(input: Input) -> _Sample:
    ends: dict[str, tuple[Outcome, float | None]] = {}
    try:
        for case in islice(ResultFile(input.open(), _NO_TEXTS), _SAMPLE):
            if case.outcome is not Outcome.SKIPPED:
                key = identity_key(
                    case.suite, case.class_name, case.name, case.parameters, case.file
                )
                ends[key] = case.outcome, case.seconds
    except Unreadable:
        ends.clear()  # the import says what is wrong with it
    return _Sample(tuple(parts_of_path(input.name)), ends)


def _are_entries(first: _Sample, second: _Sample) -> bool:
    """Whether both ran the same tests, and the second one does not repeat failures only."""
    common = first.ends.keys() & second.ends.keys()
    if not common or len(common) < _SAME * max(len(first.ends), len(second.ends)):
        return False
    has_passed = any(first.ends[key][0] is Outcome.PASSED for key in common)
    is_copy = all(first.ends[key] == second.ends[key] for key in common)
    return has_passed and not is_copy and not _are_attempts(first.parts, second.parts)


def _are_attempts(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the names say that one repeats the other, such as `retry-1` or `run2`."""
    depth = _first_difference(first, second)
    if depth >= min(len(first), len(second)):
        return True  # nothing tells them apart
    names = first[depth], second[depth]
    plain = {_RETRY.sub("", name) for name in names}
    return len(plain) == 1 or all(_COUNTED.fullmatch(name) for name in names)


def _first_difference(first: Sequence[str], second: Sequence[str]) -> int:
    """The place of the first part in which the paths differ."""
    pairs = zip(first, second, strict=False)
    return next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), len(first))
