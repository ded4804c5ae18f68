"""Pure: separates tests with one name in several packages, and knows their earlier keys.

A key names the package only while tests of several packages with this name fail. So most keys stay
what they were, and a key that changes has the other one as an alias.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ci_stat.issues.evidence import FailureHistory, issue_key, key_in, package_of
from ci_stat.records import CaseFailure


def ambiguous_keys(failures_of_runs: Iterable[Sequence[CaseFailure]]) -> frozenset[str]:
    """The keys of names under which tests of at least two packages failed."""
    packages: dict[str, set[str]] = defaultdict(set)
    for failures in failures_of_runs:
        for failure in failures:
            if package := package_of(failure):
                key, _ = issue_key(failure)
                packages[key].add(package)
    return frozenset(key for key, known in packages.items() if len(known) > 1)


def with_aliases(histories: Mapping[str, FailureHistory]) -> dict[str, FailureHistory]:
    """The same histories with the keys that each may have had before.

    An issue without a package belongs to the test that failed first.
    """
    by_name: dict[str, list[FailureHistory]] = defaultdict(list)
    for history in histories.values():
        by_name[history.name_key].append(history)
    return {
        history.key: replace(history, aliases=_aliases(history, by_name[history.name_key]))
        for history in histories.values()
    }


def _aliases(history: FailureHistory, same_name: Sequence[FailureHistory]) -> tuple[str, ...]:
    name_key = history.name_key
    if not history.package:
        places = {package_of(occurrence.failure) for occurrence in history.occurrences} - {""}
        keys = (key_in(name_key, place) for place in sorted(places))
        taken = {other.key for other in same_name}
        return tuple(key for key in keys if key not in taken)

    is_taken = any(other.key == name_key for other in same_name)
    return (name_key,) if not is_taken and history == min(same_name, key=_age) else ()


def _age(history: FailureHistory) -> tuple[datetime, str]:
    return history.occurrences[0].run.started, history.package
