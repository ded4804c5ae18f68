"""The demo: an invented CI database and its build logs, two weeks of TiDB's CI in June 2021.

`generate_rows` streams rows of `ci_data`, `generate_encoded` the same rows for bulk writers.
`log_text` returns the build log of a failed row, `log_failures` the failures in that log, and
`junit_text` the result file of a run of the unit tests. Equal arguments give equal rows and files.
`ci_stat.demo.stories` lists what a report must find, and when.

Job names, columns, parameters and log formats are real (ci-data A1-A7); people, pull requests,
cases and messages are invented. Pure: knows no database, no files and no clock.
"""

from ci_stat.demo.logs import log_failures, log_text
from ci_stat.demo.results import RESULT_JOBS, junit_text
from ci_stat.demo.rows import EncodedRow, generate_encoded, generate_rows
from ci_stat.demo.stories import Stories, stories_from
from ci_stat.demo.world import DEMO_BEGIN, DEMO_END, DEMO_SEED

__all__ = [
    "DEMO_BEGIN",
    "DEMO_END",
    "DEMO_SEED",
    "RESULT_JOBS",
    "EncodedRow",
    "Stories",
    "generate_encoded",
    "generate_rows",
    "junit_text",
    "log_failures",
    "log_text",
    "stories_from",
]
