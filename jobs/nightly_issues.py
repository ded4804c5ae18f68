"""Issues for yesterday's failed cases of the nightly job: `python -m jobs.nightly_issues --post` (docs/issues.md).

The same as `ci-stat issues plan`; without --post it only says what it would do.
"""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """`argv`: options of `ci-stat issues plan`, by default those of the command line. Returns its exit code."""
    return run(["issues", "plan", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["issues", "plan", *sys.argv[1:]])
