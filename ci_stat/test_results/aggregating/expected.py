"""Which entries of a matrix were to come, and which of them have no results."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.test_results.aggregating.model import Entry, Missing

MAX_ENTRIES = 10_000
_NAMES = ("key", "name", "id")
"""Fields of an entry that may be the name of its artifact."""

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """An entry that was to come. `is_whole`: its results must have all of its labels.

    A matrix has fields besides, such as `runs-on`: then labels count that any results have.
    """

    labels: Mapping[str, str]
    is_whole: bool


def read_expected(texts: Sequence[str]) -> list[Expected]:
    """Return the entries of `KEY=VALUE,KEY=VALUE` and of JSON files. Raises UsageError."""
    expected: list[Expected] = []
    for text in texts:
        if Path(text).is_file():
            expected += [Expected(labels, False) for labels in _matrix_entries(text)]
        elif "=" in text:
            expected.append(Expected(_pairs(text), True))
        else:
            shown = visible(text, 200)
            raise UsageError(f"--expect {shown!r}: no such file.", "Or write KEY=VALUE.")
    return expected


def _pairs(text: str) -> Labels:
    labels = {}
    for pair in text.split(","):
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--expect {visible(pair, 60)!r} is no label.", "Write KEY=VALUE.")
        labels[key.strip()] = value.strip()
    return labels


def _matrix_entries(name: str) -> list[Labels]:
    """The entries of a matrix of GitHub: `include` alone, or dimensions with include, exclude."""
    try:
        matrix = json.loads(Path(name).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--expect {visible(name, 200)}: {visible(error, 100)}") from None
    if isinstance(matrix, dict) and isinstance(matrix.get("matrix"), dict):
        matrix = matrix["matrix"]
    entries = matrix if isinstance(matrix, list) else _expanded(matrix)
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        hint = 'Write {"include": [{"spark": "3.5.7"}]}, as `ci-stat matrix` prints it.'
        raise UsageError(f"--expect {visible(name, 200)} is no matrix with entries.", hint)
    return [_texts(entry) for entry in entries]


def _expanded(matrix: Any) -> list[dict[str, Any]]:
    """https://docs.github.com/actions/using-jobs/using-a-matrix-for-your-jobs"""
    if not isinstance(matrix, dict):
        return []
    rest = ("include", "exclude")
    dimensions = {key: value for key, value in matrix.items() if key not in rest}
    if not all(isinstance(values, list) for values in dimensions.values()):
        return []
    size = 1
    for values in dimensions.values():
        size *= len(values)
    if size > MAX_ENTRIES:
        raise UsageError(f"The matrix has more than {MAX_ENTRIES:,} entries.", "Check it.")
    names = list(dimensions)
    made = [dict(zip(names, values, strict=True)) for values in product(*dimensions.values())]
    entries = [
        entry
        for entry in (made if names else [])
        if not any(_is_part(some, entry) for some in matrix.get("exclude") or [])
    ]
    for extra in matrix.get("include") or []:
        _include(entries, extra, names)
    return entries


def _include(entries: list[dict[str, Any]], extra: Any, names: Sequence[str]) -> None:
    """Add fields to the entries that they do not contradict; else they are an entry."""
    if not isinstance(extra, dict):
        entries.append(extra)
        return
    own = {key: value for key, value in extra.items() if key in names}
    fitting = [entry for entry in entries if _is_part(own, entry) and names]
    for entry in fitting:
        entry.update(extra)
    if not fitting:
        entries.append(dict(extra))


def _is_part(some: Any, entry: dict[str, Any]) -> bool:
    return isinstance(some, dict) and some.items() <= entry.items()


def _texts(entry: dict[str, Any]) -> Labels:
    """Values as they are in names of artifacts: `true`, `3.5`. Lists and objects are left out."""
    texts = {}
    for key, value in entry.items():
        if isinstance(value, bool):
            texts[key] = str(value).lower()
        elif isinstance(value, (str, int, float)):
            texts[key] = str(value)
    return texts


def missing_entries(
    expected: Sequence[Expected], entries: Sequence[Entry]
) -> tuple[list[Missing], list[str]]:
    """Return the expected entries without results, and the names of entries nobody expected."""
    known = {key for entry in entries for key in entry.labels}
    missing: list[Missing] = []
    matched: set[str] = set()
    taken: dict[str, Expected] = {}
    for one in expected:
        fitting = [entry for entry in entries if _fits(one, entry, known)]
        if not fitting:
            missing.append(Missing(one.labels))
        elif not one.is_whole and all(entry.name in taken for entry in fitting):
            reason = f"the labels of {fitting[0].name} do not tell it from another entry"
            missing.append(Missing(one.labels, reason))
        for entry in fitting:
            taken.setdefault(entry.name, one)
            matched.add(entry.name)
    unexpected = [entry.name for entry in entries if entry.name not in matched]
    return missing, unexpected


def _fits(one: Expected, entry: Entry, known: set[str]) -> bool:
    if one.is_whole:
        return one.labels.items() <= entry.labels.items()
    if entry.name and entry.name in _own_names(one):
        return True
    wanted = {key: value for key, value in one.labels.items() if key in known}
    return bool(wanted) and wanted.items() <= entry.labels.items()


def _own_names(one: Expected) -> Iterator[str]:
    yield from (one.labels[key] for key in _NAMES if key in one.labels)
