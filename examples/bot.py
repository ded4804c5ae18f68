"""Post a card about a window of CI to a Feishu chat. Each call sends one message.

    python3 examples/bot.py                                        the last 24 hours
    python3 examples/bot.py 2021-06-19 2021-06-20 tidb_ghpr_unit_test
    python3 examples/bot.py --chat "CI of the team"                another chat of the app

The settings name the chat: `webhook`, or `app_id`, `app_secret` and `chat_id` (docs/reports.md).
A cron job uses `ci-stat report hourly --post` instead, which sends each report once.
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta

import ci_stat.ci_stat as stat
from ci_stat.feishu_bot import post_card, res_to_card

now = datetime.now(UTC)

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument(
    "begin", nargs="?", type=datetime.fromisoformat, default=now - timedelta(days=1)
)
parser.add_argument("end", nargs="?", type=datetime.fromisoformat, default=now)
parser.add_argument("jobs", nargs="*", help="job names; all jobs if none")
parser.add_argument("--chat", help="chat id (oc_...) or name; needs the app, not a webhook")
arguments = parser.parse_args()

res = stat.get_result(arguments.begin, arguments.end, arguments.jobs)
outcome = post_card(res_to_card(res), arguments.chat)

print(outcome.state)
if outcome.state != "sent":
    sys.exit(f"{outcome.reason} {outcome.hint}")
