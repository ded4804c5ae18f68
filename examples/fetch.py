"""Print everything about a window of CI, for an editor with colours and folding by indentation.

    python3 examples/fetch.py > log.ans
    python3 examples/fetch.py 2021-06-19 2021-06-21 tidb_ghpr_unit_test > log.ans

The output has colours also in a file. To print none, use NO_COLOR=1 or --color never.
"""

import argparse
from datetime import datetime

import ci_stat.ci_stat as stat

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument(
    "begin",
    nargs="?",
    type=datetime.fromisoformat,
    default=datetime(2021, 6, 19),
    help="2021-06-19",
)
parser.add_argument(
    "end", nargs="?", type=datetime.fromisoformat, default=datetime(2021, 6, 21), help="2021-06-21"
)
parser.add_argument("jobs", nargs="*", help="job names; all jobs if none")
parser.add_argument("--color", choices=["always", "never"], help="overrides NO_COLOR")
arguments = parser.parse_args()
color = None if arguments.color is None else arguments.color == "always"

res = stat.get_result(arguments.begin, arguments.end, arguments.jobs)
stat.summary(res, color=color)
stat.job_list(res.job_map, color=color)
stat.pr_list(res.pr_map, color=color)
