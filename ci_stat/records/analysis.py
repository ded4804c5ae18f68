"""`analysis_res`: the failures of a run by kind, as its writers store them and as we read them.

The original writer stores an object with arrays of names by kind. ci_stat adds a key with the
details of each failure (`DETAILS_KEY`), which other readers ignore.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ci_stat.escape import web_link
from ci_stat.records.failure import CaseFailure, FailureKind

ANALYSIS_KINDS = (FailureKind.COMPILE, FailureKind.CHECK, FailureKind.CASE, FailureKind.ENV)
DETAILS_KEY = "ci_stat_failures"

# The array in which a failure of each kind is named. Unknown kinds have none.
ANALYSIS_KEYS = {
    FailureKind.COMPILE: "compile",
    FailureKind.BUILD: "compile",
    FailureKind.CHECK: "check",
    FailureKind.CASE: "case",
    FailureKind.PANIC: "case",
    FailureKind.RACE: "case",
    FailureKind.LEAK: "case",
    FailureKind.TIMEOUT: "case",
    FailureKind.CRASH: "case",
    FailureKind.ENV: "env",
    FailureKind.SETUP: "env",
}


def named_by_kind(failures: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The arrays of (kind, name): each name once in its array, in the order given."""
    names: dict[str, dict[str, None]] = {kind.value: {} for kind in ANALYSIS_KINDS}
    for kind, name in failures:
        key = ANALYSIS_KEYS.get(FailureKind(kind)) if kind in set(FailureKind) else None
        if key and name:
            names[key][name] = None
    return {key: list(cases) for key, cases in names.items() if cases}


def failures_of(analysis: object) -> Iterator[CaseFailure]:
    """The failures in a decoded `analysis_res`: an object with arrays of names by kind.

    The order is `compile`, `check`, `case`, `env`, as the writer ranks them. Values of another
    shape are skipped. A name with details has them; details of a name that is in no array are
    skipped, so that a count of the arrays is right.
    """
    if not isinstance(analysis, dict):
        return
    details = _details(analysis.get(DETAILS_KEY))
    for kind in ANALYSIS_KINDS:
        names = analysis.get(kind)
        if not isinstance(names, list):
            continue
        for name in names:
            if isinstance(name, str) and name:
                yield from details.pop((kind.value, name), None) or [CaseFailure(kind.value, name)]


def _details(value: object) -> dict[tuple[str, str], list[CaseFailure]]:
    """The failures with details, by array and name."""
    by_name: dict[tuple[str, str], list[CaseFailure]] = {}
    for entry in value if isinstance(value, list) else ():
        failure = _failure(entry) if isinstance(entry, dict) else None
        if failure is not None:
            key = ANALYSIS_KEYS[FailureKind(failure.kind)]
            by_name.setdefault((key, failure.name), []).append(failure)
    return by_name


def _failure(entry: Mapping[str, Any]) -> CaseFailure | None:
    kind, name, line = _text(entry, "kind") or "case", _text(entry, "name"), entry.get("line")
    if kind not in set(ANALYSIS_KEYS) or not name:
        return None
    return CaseFailure(
        kind,
        name,
        _text(entry, "message"),
        file=_text(entry, "file"),
        line=line if type(line) is int and 0 <= line < 2**63 else 0,
        link=web_link(_text(entry, "link")) or "",
    )


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
