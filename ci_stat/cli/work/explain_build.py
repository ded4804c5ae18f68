"""`ci-stat explain JOB NUMBER`: the log is looked for in the places of the settings."""

from dataclasses import replace

from ci_stat.cli.work import opening
from ci_stat.errors import UsageError
from ci_stat.failures import Explained
from ci_stat.logs.folder import first_log
from ci_stat.logs.workers import Asked, explain_stream, how_of, nothing
from ci_stat.records.log_place import NoLog


def explain_build(job: str, number: int, asked: Asked) -> "tuple[str, Explained]":
    context = opening.opened()
    places = context.log_places
    if not places:
        raise UsageError(
            f"No file is called {job!r}, and no log place is set in which build {number} of a job "
            "could be looked for.",
            "Give a log file, or set log_dir or jenkins_url (see `ci-stat config`).",
        )
    name = f"{job} #{number}"
    if asked.how.rules is None:
        asked = replace(
            asked, how=replace(asked.how, rules=how_of(context.settings.logs.rules).rules)
        )
    try:
        with first_log(places, job, number) as stream:
            return name, explain_stream(stream, asked)
    except NoLog as problem:
        return name, nothing(problem)
