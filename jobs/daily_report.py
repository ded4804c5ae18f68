"""The daily report: `python -m jobs.daily_report --post`; the same as `ci-stat report daily` (docs/reports.md)."""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """`argv`: options of `ci-stat report daily`, by default those of the command line. Returns its exit code."""
    return run(["report", "daily", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["report", "daily", *sys.argv[1:]])
