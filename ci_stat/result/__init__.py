"""How runs add up to jobs, pull requests, commits and failures: a `Result`.

This room knows no files, no network and no printing.
"""

from ci_stat.records import Run
from ci_stat.result.fail_info import FailInfo, group_failures
from ci_stat.result.fail_key import failure_key, is_case
from ci_stat.result.logs import log_states, with_failures
from ci_stat.result.lookup import HashMap, NumberMap
from ci_stat.result.models import PR, Commit, Job
from ci_stat.result.result import Result

__all__ = [
    "PR",
    "Commit",
    "FailInfo",
    "HashMap",
    "Job",
    "NumberMap",
    "Result",
    "Run",
    "failure_key",
    "group_failures",
    "is_case",
    "log_states",
    "with_failures",
]
