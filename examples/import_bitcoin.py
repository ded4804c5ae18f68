"""Another project's CI records as JSON Lines that ci-stat imports: Bitcoin Core's, from bitcoin-core-ci-stats.

    python3 examples/import_bitcoin.py tasks.json.gz > runs.jsonl
    ci-stat import runs.jsonl
    ci-stat summary --since 30d --end latest

Needs nothing but Python. For your own CI, change `to_run`: one record in, one object with these names out.
"""

import gzip
import json
import sys
from typing import Any


def to_run(task: dict[str, Any]) -> dict[str, Any]:
    build = task["build"]
    return {
        "job_name": task["name"],
        "job_id": task["id"],
        "status": task[
            "status"
        ],  # COMPLETED, FAILED and ABORTED are known; other words are kept as they are
        "time": task[
            "creationTimestamp"
        ],  # seconds since 1970 become the wall clock of your time_zone
        # Theirs are seconds. Some tasks end before they begin: how long those took is not known.
        "duration": task["duration"] * 1000 if task["duration"] >= 0 else None,
        "repo": "bitcoin/bitcoin",
        "branch": build["branch"],
        "commit": build["changeIdInRepo"],
        "description": {
            "title": build["changeMessageTitle"],
            "build_id": build["id"],
            "build_status": build["status"],
        },
    }


def main(path: str) -> None:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for task in json.load(file):
            print(json.dumps(to_run(task)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 examples/import_bitcoin.py tasks.json.gz > runs.jsonl")
    main(sys.argv[1])
