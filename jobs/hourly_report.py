"""The hourly report: `python -m jobs.hourly_report --post`; the same as `ci-stat report hourly` (docs/reports.md)."""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """`argv`: options of `ci-stat report hourly`, by default those of the command line. Returns its exit code."""
    return run(["report", "hourly", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["report", "hourly", *sys.argv[1:]])
