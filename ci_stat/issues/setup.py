"""Turns settings into the values that filing needs: rules, owners, jobs."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ci_stat.config import GitHub, Issues
from ci_stat.errors import SettingsError
from ci_stat.issues.address import tracker_url
from ci_stat.issues.decisions.rules import Rules
from ci_stat.issues.inputs import FilingSettings
from ci_stat.issues.model import DEFAULT_ISSUE_JOB
from ci_stat.issues.text.draft import Owners, owners

log = logging.getLogger(__name__)

MISSPELT = {"tide-unit-test-nightly": DEFAULT_ISSUE_JOB}


def filing_settings(github: GitHub, issues: Issues) -> FilingSettings:
    """Raises SettingsError for an invalid address and for an unusable file of owners."""
    return FilingSettings(
        repo=github.repo,
        tracker_url=tracker_url(github),
        rules=rules(issues),
        memory=timedelta(days=issues.history_days),
        labels=issues.labels,
        owners=read_owners(issues.owners),
        hosts=issues.private_hosts,
        reproduce=issues.reproduce,
    )


def rules(issues: Issues) -> Rules:
    """Return the thresholds of the settings."""
    return Rules(
        failures=issues.failures,
        windows=issues.windows,
        together=issues.together,
        new=issues.new,
        changes=issues.changes,
        implausible=issues.implausible,
        mute_label=issues.mute_label,
        refile_label=issues.refile_label,
    )


def read_owners(file: Path | None) -> Owners | None:
    """Read the file of owners; None without a file. Raises SettingsError."""
    if file is None:
        return None
    try:
        return owners(file.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise SettingsError(f"issue_owners: {str(file)[:300]} cannot be used: {problem}.") from None


def issue_jobs(names: Sequence[str]) -> tuple[str, ...]:
    """Return the jobs without duplicates; by default the nightly job.

    The old misspelling of the nightly job is corrected, with a warning.
    """
    jobs = []
    for name in names or (DEFAULT_ISSUE_JOB,):
        if name in MISSPELT:
            log.warning("%s is misspelled; using %s.", name, MISSPELT[name])
        jobs.append(MISSPELT.get(name, name))
    return tuple(dict.fromkeys(jobs))
