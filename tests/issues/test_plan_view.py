"""What `issues plan` prints: names are whole, and each reason is said once."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from ci_stat.issues.model import PlanEntry
from ci_stat.issues.views.plan import plan_screen
from ci_stat.records import IssueAction
from ci_stat.rendering.terminal.screen import show

NAMES = ("testJoinSpillSuite.TestSpillPartitionBoundary", "testPlanMemoSuite.TestReplayAcross")
BELOW = "failed once; an issue needs 2 failed runs"
CAP = "would file, but today's limit is reached"
DAY = (datetime(2021, 6, 9, tzinfo=UTC), datetime(2021, 6, 10, tzinfo=UTC))


@dataclass
class Plan:
    """The parts of a plan that are shown."""

    entries: tuple[PlanEntry, ...]
    window: tuple[datetime, datetime] = DAY
    zone: str = "UTC"
    jobs: tuple[str, ...] = ("nightly",)
    repo: str = "o/r"
    stopped: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()


def _entry(name: str, action: str, why: str, reason: str = "", runs: int = 1) -> PlanEntry:
    return PlanEntry(name, "case", name, action, why, reason, runs)


def _shown(*entries: PlanEntry, width: int = 80, limit: int | None = None) -> str:
    out = io.StringIO()
    plan = Plan(entries)
    show(plan_screen(plan, limit=limit), out, color=False, width=width)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_reason_is_said_once_for_all_its_cases() -> None:
    entries = [
        _entry(f"S.Test{number}", IssueAction.SKIP, BELOW, "below the gate") for number in range(5)
    ]
    text = _shown(*entries, width=100)
    assert text.count("below the gate") == text.count(BELOW) == 1
    assert f"below the gate (5): {BELOW}\n  S.Test0  1 run\n  S.Test1  1 run\n" in text


def test_what_reasons_share_is_said_once() -> None:
    entries = [
        _entry("S.TestA", IssueAction.SKIP, f"{CAP}: failed in 3 runs", "cap reached", 3),
        _entry("S.TestB", IssueAction.SKIP, f"{CAP}: failed in 2 runs", "cap reached", 2),
        _entry("S.TestC", IssueAction.SKIP, f"{CAP}: failed in 2 runs", "cap reached", 2),
    ]
    assert (
        f"cap reached (3): {CAP}\n"
        "  failed in 3 runs\n    S.TestA  3 runs\n"
        "  failed in 2 runs\n    S.TestB  2 runs\n    S.TestC  2 runs\n"
    ) in _shown(*entries)


def test_cases_that_are_not_shown_are_counted() -> None:
    entries = [
        _entry(f"S.Test{number}", IssueAction.SKIP, BELOW, "below the gate") for number in range(5)
    ]
    assert "  S.Test1  1 run\n  … and 3 more\n" in _shown(*entries, width=100, limit=2)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_names_are_whole(width: int) -> None:
    why = "failed in 33 runs of the window (the threshold is 2)"
    lines = _shown(*(_entry(name, IssueAction.FILE, why, runs=33) for name in NAMES), width=width)
    assert max(map(cell_len, lines.splitlines())) <= width
    assert all(name in lines for name in NAMES)
    assert " ".join(lines.split()).count(why) == 2
