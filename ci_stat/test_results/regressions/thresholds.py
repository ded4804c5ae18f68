"""The numbers by which regressions are judged. docs/regressions.md explains them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Openshift's sippy has the same levels, drops and numbers of runs, without `false_share`.

    - `open_level`, `close_level`: of the one-sided test, to open a regression and to keep it open.
    - `open_drop`, `close_drop`: the pass rate fell by more than this.
    - `failures`: at least so many in the window.
    - `false_share`: expected share of chance among the regressions of a day.
    - `extreme_drop`: the pass rate fell by more than this: the report says so.
    - `new_runs`: a test with fewer earlier runs is new; it is judged from so many runs on, as if
      it had always passed before.
    """

    open_level: float = 0.05
    close_level: float = 0.10
    open_drop: float = 0.05
    close_drop: float = 0.03
    failures: int = 3
    false_share: float = 0.10
    extreme_drop: float = 0.15
    new_runs: int = 6


THRESHOLDS = Thresholds()
