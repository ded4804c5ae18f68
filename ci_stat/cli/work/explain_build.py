"""`ci-stat explain JOB NUMBER`: read the log of a build from the configured places."""

from dataclasses import replace

from ci_stat.cli.work import opening
from ci_stat.errors import UsageError
from ci_stat.failures import LogDiagnosis
from ci_stat.logs.folder import first_log
from ci_stat.logs.workers import LogOptions, diagnose_stream, scan_options, unavailable
from ci_stat.records import shown_id
from ci_stat.records.log_place import NoLog


def explain_build(job: str, number: int, options: LogOptions) -> "tuple[str, LogDiagnosis]":
    """Return the name of the build and the explanation of its log.

    Raises UsageError if no place is configured.
    """
    build = shown_id(number)
    context = opening.opened()
    places = context.logs.places
    if not places:
        raise UsageError(
            f"{job!r} is not a file, and no place for the log of build {build} is configured.",
            "Use a log file, or set log_dir or jenkins_url (see `ci-stat config`).",
        )

    name = f"{job} #{build}"
    if options.scan.rules is None:
        rules = scan_options(context.settings.logs.rules).rules
        options = replace(options, scan=replace(options.scan, rules=rules))
    try:
        with first_log(places, job, number) as stream:
            return name, diagnose_stream(stream, options)
    except NoLog as problem:
        return name, unavailable(problem)
