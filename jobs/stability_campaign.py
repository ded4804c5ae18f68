"""Cron job for a daily stability campaign: `python -m jobs.stability_campaign campaign.toml`.

It continues a campaign that a killed process left open on the branch; else it starts a new one, as
`ci-stat campaign start` does (docs/campaigns.md).
"""

import sys
from collections.abc import Sequence

from ci_stat.cli import main as command
from ci_stat.cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ci-stat campaign start --continue` with `argv` (default: sys.argv)."""
    return run(["campaign", "start", "--continue", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    command(["campaign", "start", "--continue", *sys.argv[1:]])
