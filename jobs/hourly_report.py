"""Cron job for the hourly report: `python -m jobs.hourly_report --post`.

The same as `ci-stat report hourly` (docs/reports.md). Without --post it sends nothing.
"""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ci-stat report hourly` with `argv` (default: sys.argv) and return its exit code."""
    return run(["report", "hourly", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["report", "hourly", *sys.argv[1:]])
