"""What passed and failed on one commit. Pure.

`Repetitions` holds what a window adds up to; the database and a Result fill it alike. `flakiness`
turns it into `Flakiness`.
"""

from ci_stat.result.flakiness.judging import flakiness
from ci_stat.result.flakiness.model import Flakiness, FlakyCase, FlakyJob, LostRuns
from ci_stat.result.flakiness.repetitions import FlakyRun, JobCommits, Repetitions

__all__ = [
    "Flakiness",
    "FlakyCase",
    "FlakyJob",
    "FlakyRun",
    "JobCommits",
    "LostRuns",
    "Repetitions",
    "flakiness",
]
