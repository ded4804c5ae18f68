"""A comparison of two sides as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_stat.escape import visible
from ci_stat.store.results.read import StoredCase, StoredRun

if TYPE_CHECKING:
    from pandas import DataFrame


class Change(StrEnum):
    """What became of a test, in the order of importance."""

    BROKEN = "broken"
    STILL_BROKEN = "still broken"
    FIXED = "fixed"
    FLAKY = "flaky"
    NEW = "new"
    GONE = "gone"
    NOW_SKIPPED = "now skipped"


@dataclass(frozen=True, slots=True)
class Side:
    """Runs of one side, oldest first. `words`: how people call it."""

    words: str
    runs: tuple[StoredRun, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The runs of a test on one side: those that passed or failed, and those that failed.

    `outcome`: of the newest of them, else `skipped`; "" if the side does not have the test.
    """

    outcome: str = ""
    failed: int = 0
    runs: int = 0


@dataclass(frozen=True, slots=True)
class TestChange:
    """A test that changed, or that fails on both sides.

    - `places`: jobs with labels in which it changed so; () if both sides have only one.
    - `message`, `fingerprint`: of its newest failure, on the side `now` if it fails there.
    - `is_other_message`: it fails on both sides, with different fingerprints.
    - `flaky_commits`: commits on which it passed and failed.
    """

    __test__ = False  # pytest collects classes of this name

    change: Change
    case: StoredCase
    before: Numbers
    now: Numbers
    places: tuple[str, ...] = ()
    message: str = ""
    fingerprint: str = ""
    is_other_message: bool = False
    flaky_commits: int = 0

    @property
    def fails(self) -> bool:
        """Whether it fails on the side `now`."""
        return self.now.outcome in ("failed", "error")


@dataclass(frozen=True, slots=True)
class DurationChange:
    """A test that became slower or faster. Seconds are medians of its passed runs.

    `q_value`: of the changes up to this one, this share is expected to be chance.
    """

    case: StoredCase
    before: float
    now: float
    runs_before: int
    runs_now: int
    q_value: float
    places: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        return self.now / self.before

    @property
    def is_slower(self) -> bool:
        return self.now > self.before


@dataclass(frozen=True, slots=True)
class Timing:
    """How durations were judged.

    - `compared`: tests with enough runs. `baseline`: earlier runs that were read beside the side
      `before`, as it alone has too few.
    - `shift`: by which factor all tests together are slower; a few new runs are judged without it.
    """

    compared: int = 0
    baseline: int = 0
    shift: float = 1.0


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two sides and their tests.

    - `changes`: by kind of change, then by name. `durations`: the largest change first.
    - `passed`: tests that pass on both sides. `tests_before`, `tests_now`: all tests of a side.
    - `only_before`, `only_now`: jobs with labels that one side lacks; their tests are not compared.
    """

    before: Side
    now: Side
    changes: tuple[TestChange, ...]
    durations: tuple[DurationChange, ...]
    timing: Timing
    passed: int
    tests_before: int
    tests_now: int
    only_before: tuple[str, ...] = ()
    only_now: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, change: Change) -> tuple[TestChange, ...]:
        """The tests with this change."""
        return tuple(test for test in self.changes if test.change is change)

    @property
    def slower(self) -> tuple[DurationChange, ...]:
        return tuple(one for one in self.durations if one.is_slower)

    @property
    def faster(self) -> tuple[DurationChange, ...]:
        return tuple(one for one in self.durations if not one.is_slower)

    def __repr__(self) -> str:
        sides = f"{visible(self.now.words, 100)} with {visible(self.before.words, 100)}"
        return f"<Comparison of {sides}: {len(self.of(Change.BROKEN))} broken>"

    def _repr_html_(self) -> str:
        from ci_stat.test_results.views.notebook import comparison_html

        return comparison_html(self)

    def to_frame(self) -> "DataFrame":
        """One row for each change, of outcomes and of durations; docs/api.md lists the columns."""
        from ci_stat.test_results.views.frames import changes_frame

        return changes_frame(self)
