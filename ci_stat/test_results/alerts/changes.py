"""Pure: what has changed between what a recipient knows and what is bad now."""

import hashlib
import json
from collections.abc import Collection, Sequence

from ci_stat.test_results.alerts.model import (
    REGRESSION,
    Condition,
    Kind,
    Known,
    Present,
    SeriesChange,
)

RED = "run"  # the key of the condition that a run is not green
MOST_KEYS = 20_000  # of one series, in what a recipient knows


def changes(known: Known, presents: Sequence[Present]) -> tuple[SeriesChange, ...]:
    """The changes of all series that have any, in their order."""
    of_series = [_change(set(known.bad.get(present.series, ())), present) for present in presents]
    return tuple(change for change in of_series if _is_any(change))


def _change(bad: set[str], present: Present) -> SeriesChange:
    now = {condition.key: condition for condition in present.conditions}
    tests = _of_kind(present, Kind.TEST)
    regressions = _of_kind(present, Kind.REGRESSION)
    is_red, was_red = RED in now, RED in bad

    return SeriesChange(
        present=present,
        begun=tuple(test for test in tests if test.key not in bad),
        regressed=tuple(regression for regression in regressions if _is_news(regression, bad, now)),
        ended=tuple(sorted(filter(_is_test, bad & present.fine))),
        turned_red=is_red and not was_red,
        turned_green=was_red and RED in present.fine,
        lasting=sum(test.key in bad for test in tests),
    )


def _of_kind(present: Present, kind: Kind) -> list[Condition]:
    return [condition for condition in present.conditions if condition.kind is kind]


def _is_test(key: str) -> bool:
    """Whether the condition with this key is about a single test that fails."""
    return key != RED and not _is_regression(key)


def _is_any(change: SeriesChange) -> bool:
    news = (change.begun, change.regressed, change.ended, change.turned_red, change.turned_green)
    return any(news)


def _is_news(regression: Condition, bad: set[str], now: Collection[str]) -> bool:
    """Whether a regression is new, and no alert about a failing test covers it."""
    test = regression.key.removeprefix(REGRESSION)
    return not bad & {regression.key, test} and test not in now


def _is_regression(key: str) -> bool:
    """The end of a regression is no news: its window has moved on."""
    return key.startswith(REGRESSION)


def after(known: Known, presents: Sequence[Present]) -> Known:
    """What a recipient knows after an alert about all changes.

    A test that did not run, and a series that is not looked at, stay as they were.
    """
    bad, left_out = dict(known.bad), 0
    for present in presents:
        now = [condition.key for condition in present.conditions]
        lasting = [key for key in bad.get(present.series, ()) if key not in present.fine]
        keys = sorted({*lasting, *now})
        left_out += max(0, len(keys) - MOST_KEYS)
        bad[present.series] = keys[:MOST_KEYS]
    return Known({series: keys for series, keys in bad.items() if keys}, left_out)


def digest_of(series_changes: Sequence[SeriesChange]) -> str:
    """A hash that is equal for the same changes."""
    parts = [
        [
            change.present.series,
            [condition.key for condition in (*change.begun, *change.regressed)],
            change.ended,
            change.turned_red,
            change.turned_green,
        ]
        for change in series_changes
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
