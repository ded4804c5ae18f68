"""Cron job for the issues of the nightly job: `python -m jobs.nightly_issues --post`.

The same as `ci-stat issues plan` (docs/issues.md). Without --post it only prints the plan.
"""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ci-stat issues plan` with `argv` (default: sys.argv) and return its exit code."""
    return run(["issues", "plan", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["issues", "plan", *sys.argv[1:]])
