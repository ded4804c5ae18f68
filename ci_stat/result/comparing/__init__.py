"""Two windows of runs side by side: what failed more, what failed less, and what is chance. Pure.

`Side` holds what a window adds up to; the database and a Result fill it alike. `compare` turns two
sides into a `Comparison`.
"""

from ci_stat.result.comparing.changes import Change, DurationChange, FailureChange, JobChange
from ci_stat.result.comparing.comparison import Comparison, compare
from ci_stat.result.comparing.side import FailureSide, JobSide, SeenRun, Side

__all__ = [
    "Change",
    "Comparison",
    "DurationChange",
    "FailureChange",
    "FailureSide",
    "JobChange",
    "JobSide",
    "SeenRun",
    "Side",
    "compare",
]
