"""Start two cron jobs at once, kill one: `python -m benchmarks.two_crons ROUNDS webhook|app`.

It prints how often the chat got no message, one or more, before and after a third run.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from ci_stat.cli.work.demo import build
from tests.support.feishu import Feishu, Limits, running

PYTHON = sys.executable
LONGEST = 0.65  # seconds; maximum duration of a run on an idle machine


def main(rounds: int, way: str, seed: int = 1) -> None:
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(limits=Limits(hook=(50, 10_000))) as server,
    ):
        built = build(Path(folder) / "demo", 420, 10, 20210607, logs=False)
        environ = _environ(built.folder, server, way)
        subprocess.run(
            _command(built.begin + timedelta(days=9)), env=environ, check=True, capture_output=True
        )
        seen: Counter[tuple[str, int]] = Counter()
        for number in range(rounds):
            begin = built.begin + timedelta(days=3, hours=number)
            before = len(server.messages)
            crons = [
                subprocess.Popen(_command(begin, "--post"), env=environ, stdout=-1, stderr=-1)
                for _ in range(2)
            ]
            threading.Event().wait(chance.uniform(0.25, LONGEST))
            crons[chance.randrange(2)].send_signal(signal.SIGKILL)
            ends = sorted(cron.wait() for cron in crons)
            after = len(server.messages) - before
            third = subprocess.run(
                _command(begin, "--post"), env=environ, capture_output=True, text=True
            )
            last = len(server.messages) - before
            seen[f"ends {ends}", after] += 1
            seen["with a third run", last] += 1
            seen[f"the third run ends with {third.returncode}, messages", last] += 1
    for (what, messages), times in sorted(seen.items()):
        print(f"{times:4} x {what}: {messages}")


def _command(begin: datetime, *more: str) -> list[str]:
    now = (begin + timedelta(hours=1, minutes=7)).isoformat()
    return [PYTHON, "-m", "jobs.hourly_report", "--begin", begin.isoformat(), "--now", now, *more]


def _environ(folder: Path, server: Feishu, way: str) -> dict[str, str]:
    settings = json.loads((folder / "env.json").read_text())
    del settings["log_dir"]
    (folder / "env.json").write_text(json.dumps(settings))
    ways = {
        "webhook": {"CI_STAT_WEBHOOK": server.hook_url()},
        "app": {
            "CI_STAT_FEISHU_URL": server.url,
            "CI_STAT_APP_ID": server.app_id,
            "CI_STAT_CHAT_ID": "oc_1",
            "CI_STAT_APP_SECRET": server.app_secret,
        },
    }
    return {**os.environ, "STAT_ENV_PATH": str(folder), **ways[way]}


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
