"""Cron job for the daily report: `python -m jobs.daily_report --post`.

The same as `ci-stat report daily` (docs/reports.md). Without --post it sends nothing.
"""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ci-stat report daily` with `argv` (default: sys.argv) and return its exit code."""
    return run(["report", "daily", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["report", "daily", *sys.argv[1:]])
