"""Turns settings into the values that filing needs: rules, owners, jobs."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ci_stat.config import GitHub, Issues
from ci_stat.errors import SettingsError
from ci_stat.issues.address import repository, tracker_url
from ci_stat.issues.decisions.rules import Rules
from ci_stat.issues.inputs import FilingSettings
from ci_stat.issues.text.draft import Owners, owners

log = logging.getLogger(__name__)

_NIGHTLY = "tidb-unit-test-nightly"
MISSPELT = {"tide-unit-test-nightly": _NIGHTLY}  # as TiDB's nightly job was published


def filing_settings(github: GitHub, issues: Issues) -> FilingSettings:
    """Raises SettingsError without a repository, and for an invalid address or file of owners."""
    return FilingSettings(
        repo=repository(github),
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
