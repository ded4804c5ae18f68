"""Values of alerts: what is bad now, what a recipient knows, and the changes between the two."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from ci_stat.store.results.read import StoredRun


class Kind(StrEnum):
    """What a condition is about. The values are stored in what recipients know."""

    RUN = "run"  # the newest run of a job is not green
    TEST = "test"  # a test fails
    REGRESSION = "regression"  # a test fails more often than in the weeks before


REGRESSION = "regression "  # begins the keys of regressions


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is bad now. `key`: the same as long as it lasts. `words`: since when, why."""

    kind: Kind
    key: str
    name: str
    words: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """The newest run of one job with one set of labels on one branch.

    - `series`: names job, labels and branch in what recipients know.
    - `conditions`: what is bad. `fine`: keys of known conditions that are certainly over.
    - `names`: of the tests that are fine, by their keys.
    - `flaky`: how many failures of flaky tests are left out.
    """

    series: str
    run: StoredRun
    conditions: tuple[Condition, ...] = ()
    fine: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)
    flaky: int = 0


@dataclass(frozen=True, slots=True)
class SeriesChange:
    """What a recipient does not know yet of a series. `lasting`: conditions that it knows."""

    present: Present
    begun: tuple[Condition, ...]
    regressed: tuple[Condition, ...]
    ended: tuple[str, ...]
    turned_red: bool
    turned_green: bool
    lasting: int = 0


class Known(msgspec.Struct, frozen=True):
    """What a recipient knows: keys of bad conditions by series. `left_out`: beyond the limit."""

    bad: dict[str, list[str]] = {}
    left_out: int = 0
