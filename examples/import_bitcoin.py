"""Convert the CI records of Bitcoin Core (bitcoin-core-ci-stats) to JSON Lines for ci-stat.

    python3 examples/import_bitcoin.py tasks.json.gz > runs.jsonl
    ci-stat import runs.jsonl
    ci-stat summary --since 30d --end latest

It needs only Python. For your own CI, change `to_run`: it converts one record to one object.
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
        # ci-stat knows COMPLETED, FAILED and ABORTED, and keeps other words as they are.
        "status": task["status"],
        # Seconds since 1970. ci-stat converts them to your time_zone.
        "time": task["creationTimestamp"],
        # ci-stat needs milliseconds. A task that ends before it begins has no known duration.
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
