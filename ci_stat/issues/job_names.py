"""Which jobs may file issues."""

import logging
from collections.abc import Sequence

from ci_stat.config import Issues
from ci_stat.errors import SettingsError

log = logging.getLogger(__name__)

_NIGHTLY = "tidb-unit-test-nightly"
MISSPELT = {"tide-unit-test-nightly": _NIGHTLY}  # as TiDB's nightly job was published


def issue_jobs(names: Sequence[str], issues: Issues) -> tuple[str, ...]:
    """Return the jobs without duplicates; by default those of the settings.

    If the settings name TiDB's nightly job, its old misspelling is corrected, with a warning.
    Raises SettingsError if neither `names` nor the settings have a job.
    """
    chosen = names or issues.jobs
    if not chosen:
        raise SettingsError(
            "issue_jobs is not set, so ci_stat does not know which jobs may file issues.",
            'Name your nightly job, e.g. "issue_jobs": "nightly-tests" in env.json, or --job NAME.'
            " `ci-stat jobs --since 7d` lists all jobs.",
        )
    corrected = MISSPELT if _NIGHTLY in issues.jobs else {}
    jobs = []
    for name in chosen:
        if name in corrected:
            log.warning("%s is misspelled; using %s.", name, corrected[name])
        jobs.append(corrected.get(name, name))
    return tuple(dict.fromkeys(jobs))
