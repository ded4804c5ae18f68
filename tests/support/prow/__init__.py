"""A double of Prow: it reads comments as Prow's trigger plugin does, and runs made-up jobs.

It imports nothing of ci_stat. Its rules are those of Prow's `trigger`, `skip` and `override`
plugins and of `pjutil`'s filters.
"""

from tests.support.prow.bot import BOT, TIDE, Prow
from tests.support.prow.comments import Decision, decided
from tests.support.prow.jobs import TICDC, Job, Outcome, alias_job, plain_job

__all__ = [
    "BOT",
    "TICDC",
    "TIDE",
    "Decision",
    "Job",
    "Outcome",
    "Prow",
    "alias_job",
    "decided",
    "plain_job",
]
