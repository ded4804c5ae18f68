"""A realistic CI database without a CI: TiDB's, two weeks of June 2021, invented and seeded.

`generate_rows` streams the rows of `ci_data`, `generate_encoded` the same rows for bulk writers, `log_text` gives the
build log of a failed row and `log_failures` what that log shows. Equal arguments give equal rows and logs.
What a report must be able to find in it is written down, with dates, in `ci_stat.demo.stories`.

The form follows facts (job names, columns, parameters, log formats: ci-data A1-A7); people, pull requests, cases and
messages are made up. This room knows nothing about databases, files or the clock and writes nowhere.
"""

from ci_stat.demo.logs import log_failures, log_text
from ci_stat.demo.rows import EncodedRow, generate_encoded, generate_rows
from ci_stat.demo.stories import Stories, stories_from
from ci_stat.demo.world import DEMO_BEGIN, DEMO_END, DEMO_SEED

__all__ = [
    "DEMO_BEGIN",
    "DEMO_END",
    "DEMO_SEED",
    "EncodedRow",
    "Stories",
    "generate_encoded",
    "generate_rows",
    "log_failures",
    "log_text",
    "stories_from",
]
