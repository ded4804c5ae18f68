"""Which runs a person means, and what the errors say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName, UsageError
from ci_stat.test_results.comparing.service import Comparer
from ci_stat.test_results.comparing.sides import Limits, Sides
from ci_stat.test_results.comparing.windows import parse_window
from tests.support.drawn_results import DAY, draw

NEWEST = datetime(2026, 11, 8, 10, tzinfo=UTC)
END = NEWEST + timedelta(seconds=1)
C1, C2 = "1f3a9c2d" * 5, "1f3a0000" * 5


def numbers(engine: Engine, text: str, **limits: object) -> list[tuple[str, int | None, int]]:
    side = Sides(engine, Limits(**limits)).side(text)  # type: ignore[arg-type]
    return [(run.info.job, run.info.number, run.info.attempt) for run in side.runs]


def fill(results: Engine) -> None:
    draw(results, {"a": "P P P"}, commit=C1)
    draw(results, {"a": "P"}, first=3, attempt=2, commit=C1, started=NEWEST)
    draw(results, {"a": "P"}, first=4, job="a#b", branch="feature/x", commit=C2)


MEANINGS: dict[str, list[tuple[str, int, int]]] = {
    "unit#2": [("unit", 2, 1)],
    "unit#3": [("unit", 3, 2)],  # the last attempt
    "unit#3.1": [("unit", 3, 1)],
    "a#b#4": [("a#b", 4, 1)],
    "4": [("a#b", 4, 1)],
    "1f3a9": [("unit", 1, 1), ("unit", 2, 1), ("unit", 3, 1), ("unit", 3, 2)],
    C2: [("a#b", 4, 1)],
    "feature/x": [("a#b", 4, 1)],
    "branch:feature/x": [("a#b", 4, 1)],
    "1d": [("unit", 3, 2)],
    "2026-11-02": [("unit", 2, 1)],
    "2026-W44": [("unit", 1, 1)],
    "2026-11-03T09:00..2026-11-05": [("unit", 3, 1), ("a#b", 4, 1)],
    "7d..4d": [("unit", 2, 1), ("unit", 3, 1), ("a#b", 4, 1)],
}


def test_what_a_name_means(any_results: Engine) -> None:
    fill(any_results)
    assert {text: numbers(any_results, text) for text in MEANINGS} == MEANINGS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit#9", "No run, commit or branch 'unit#9'(?s:.)*Similar: unit#"),
        ("feature/y", "Similar: feature/x"),
        ("1f3a", "2 commits begin with 1f3a"),
        ("2020-01-01", "No run in 2020-01-01"),
        ("", "Write JOB#NUMBER"),
        ("unit#99999999999999999999", "Write JOB#NUMBER"),
        ("id:0", "No run, commit or branch"),
        ("window:main", "No run, commit or branch"),
    ],
)
def test_what_cannot_be_resolved(results: Engine, text: str, message: str) -> None:
    fill(results)
    with pytest.raises(UsageError, match=message):
        numbers(results, text)


def test_a_name_of_two_meanings_has_to_be_said(results: Engine) -> None:
    draw(results, {"a": "P"}, branch="2026-11-01")
    with pytest.raises(UsageError, match=r"Write branch:2026-11-01 or window:2026-11-01"):
        numbers(results, "2026-11-01")
    assert numbers(results, "branch:2026-11-01") == [("unit", 1, 1)]
    draw(results, {"a": "P"}, job="other")
    with pytest.raises(UsageError, match="2 jobs have a run 1"):
        numbers(results, "1")


def test_an_id_is_that_of_the_database(results: Engine) -> None:
    (run_id,) = draw(results, {"a": "P"}, first=70)
    assert numbers(results, f"id:{run_id}") == numbers(results, str(run_id)) == [("unit", 70, 1)]


def test_all_labels_of_a_number_are_one_side(results: Engine) -> None:
    draw(results, {"a": "P"}, labels={"db": "x"})
    draw(results, {"a": "P"}, labels={"db": "y"})
    assert len(numbers(results, "unit#1")) == 2
    assert len(numbers(results, "unit#1", labels={"db": "y"})) == 1


def test_a_branch_has_the_runs_of_its_last_days(results: Engine) -> None:
    draw(results, {"a": "P P P P P"}, step=4 * DAY)
    assert len(numbers(results, "main")) == 4
    assert len(numbers(results, "main", since=5 * DAY)) == 2
    with pytest.raises(UnknownName, match="of these jobs, branches and labels"):
        numbers(results, "main", jobs=("lint",))


def test_sides_must_not_share_runs(results: Engine) -> None:
    draw(results, {"a": "P P P"})
    with pytest.raises(UsageError, match="Both sides have 1 run in common"):
        Comparer(results).compare("unit#1", "7d")


def test_an_empty_database_cannot_tell(results: Engine) -> None:
    with pytest.raises(CannotTell, match="is empty"):
        Comparer(results).compare("1d", "2d")


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("24h", (END - DAY, END)),
        ("2w..1w", (END - 14 * DAY, END - 7 * DAY)),
        ("2w..", (END - 14 * DAY, END)),
        ("2026-11-01", (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))),
        ("2026-W1", (datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))),
        ("1w..2w", None),
        ("0d", None),
        ("2026-W60", None),
        ("2026-13-01", None),
        ("999999w", None),
        ("9999-12-31", None),
        ("main", None),
    ],
)
def test_windows(text: str, window: object) -> None:
    assert parse_window(text, NEWEST) == window


@given(st.text(st.sampled_from("0123456789.-:WThdw+ é"), max_size=20))
def test_any_text_is_a_window_or_none(text: str) -> None:
    window = parse_window(text, NEWEST)
    assert window is None or window[0] < window[1]
